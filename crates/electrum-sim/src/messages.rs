//! The messages of simulated servers, in the JSON layouts of real ones.

use electrum_proto::ProtocolVersion;
use electrum_proto::types::Network;

use super::generate::{GENESIS, TXID, script};
use super::trace::Trace;

/// The JSON layout of a server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    /// Whether there are spaces after commas and colons.
    pub(super) spaced: bool,
    /// Whether keys are in alphabetical order, otherwise in that of ElectrumX.
    pub(super) sorted: bool,
    /// Whether lines end with CR LF.
    pub(super) crlf: bool,
    /// The length to which lines are padded with spaces before the last bracket.
    pub(super) pads_to: usize,
}

impl Layout {
    pub(super) fn draw(trace: &mut Trace) -> Self {
        Self {
            spaced: trace.chance(300),
            sorted: trace.chance(300),
            crlf: trace.chance(200),
            pads_to: if trace.chance(300) { 1024 } else { 0 },
        }
    }

    /// Formats an object of these members, without a line end.
    fn object(self, members: &mut [(&str, &str)]) -> String {
        if self.sorted {
            members.sort_unstable();
        }
        let (comma, colon) = if self.spaced { (", ", ": ") } else { (",", ":") };
        let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\"{colon}{value}")).collect();
        format!("{{{}}}", members.join(comma))
    }

    pub(super) fn result(self, id: &str, result: &str) -> String {
        self.object(&mut [("jsonrpc", "\"2.0\""), ("result", result), ("id", id)])
    }

    pub(super) fn error(self, id: &str, error: &str) -> String {
        self.object(&mut [("jsonrpc", "\"2.0\""), ("error", error), ("id", id)])
    }

    pub(super) fn notification(self, method: &str, params: &str) -> String {
        self.object(&mut [("jsonrpc", "\"2.0\""), ("method", &format!("\"{method}\"")), ("params", params)])
    }

    /// Makes a line of this text: padded, and with its end.
    pub(super) fn line(self, mut text: String) -> Vec<u8> {
        if text.len() + 2 < self.pads_to && text.ends_with(['}', ']']) {
            let padding = " ".repeat(self.pads_to - text.len() - 2);
            text.insert_str(text.len() - 1, &padding);
        }
        text.push_str(if self.crlf { "\r\n" } else { "\n" });
        text.into_bytes()
    }
}

/// Draws an error of a busy server or another one. Returns it with its message.
pub(super) fn error(trace: &mut Trace, busy_permille: u32) -> (String, String) {
    if trace.chance(busy_permille) {
        let (code, message) = trace.pick(&[(-101, "excessive resource usage"), (-102, "server busy")]);
        return (format!("{{\"code\":{code},\"message\":\"{message}\"}}"), message.into());
    }
    match trace.below(4) {
        0 => (r#"{"code":1,"message":"bad \"request\""}"#.into(), "bad \"request\"".into()),
        1 => (r#"{"message": "no", "code": -32603, "data": [1]}"#.into(), "no".into()),
        2 => (r#""bare""#.into(), "bare".into()),
        _ => ("[3]".into(), "[3]".into()),
    }
}

/// Returns the status of a script after `count` changes: `null` before the first one.
pub(super) fn status(count: u32) -> String {
    if count == 0 { "null".into() } else { format!("\"{count:064x}\"") }
}

/// Returns the state of an output after `count` changes.
pub(super) fn output(count: u32) -> String {
    match count {
        0 => "{}".into(),
        1 => r#"{"funder_height":0}"#.into(),
        _ => format!(r#"{{"funder_height":{},"spender_txhash":"{TXID}","spender_height":0}}"#, count - 2),
    }
}

/// Returns the tip at a height after `fork` reorganisations.
pub(super) fn tip(height: u32, fork: u32) -> String {
    format!("{{\"hex\":\"{:0160x}\",\"height\":{height}}}", (u64::from(fork) << 32) | u64::from(height))
}

/// Returns the parameters of a notification about a script.
pub(super) fn script_notification(index: u8, by_script: bool, status: &str) -> String {
    let script = script(index);
    let name = if by_script { script.to_hex() } else { script.scripthash().to_string() };
    format!("[\"{name}\",{status}]")
}

/// Returns the answer to `server.features`.
pub(super) fn features(genesis: &str) -> String {
    format!(
        r#"{{"genesis_hash":"{genesis}","hosts":{{}},"protocol_max":"1.7","protocol_min":"1.1","pruning":null,"server_version":"Sim 1","hash_function":"sha256"}}"#
    )
}

/// Returns the answer to a request for the first header, of the chain of [`GENESIS`] or of another one.
pub(super) fn first_header(is_other: bool, version: ProtocolVersion) -> String {
    let network = if is_other { Network::Testnet3 } else { Network::Regtest };
    let hex = network.genesis().to_hex();
    if version >= ProtocolVersion::V1_3 { format!("\"{hex}\"") } else { format!("{{\"hex\":\"{hex}\",\"height\":0}}") }
}

/// Returns the hash of the first block of another chain.
pub(super) fn other_genesis() -> String {
    GENESIS.chars().rev().collect()
}
