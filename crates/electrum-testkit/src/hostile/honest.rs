//! The answers of an honest server, which hostile servers use wherever they do not lie.

use std::sync::OnceLock;
use std::time::Duration;

use crate::chain::{Chain, script};
use crate::family::Family;
use crate::hash::{Hash256, Txid};
use crate::host::{Host, Peer};
use crate::json::{Leniency, Style, parse};
use crate::session::Action;

/// A connection to an honest server after the handshake on 1.4, made at the first request.
#[derive(Debug, Default)]
pub(crate) struct Honest(Option<(Host, Peer)>);

impl Honest {
    /// Returns what the server sends in answer to a line.
    pub(crate) fn answer(&mut self, line: &str) -> Vec<u8> {
        let (host, peer) = self.0.get_or_insert_with(|| {
            let mut host = Host::new(Family::ElectrumX1_16, chain().clone());
            let peer = host.connect(Duration::ZERO);
            say(&mut host, peer, r#"{"id":0,"method":"server.version","params":["","1.4"]}"#);
            (host, peer)
        });
        say(host, *peer, line)
    }

    /// Returns the result in the answer to a line, as JSON; `null` if there is none.
    pub(crate) fn result(&mut self, line: &str) -> String {
        let answer = self.answer(line);
        let answer = parse(String::from_utf8_lossy(&answer).trim_end(), Leniency::Strict);
        let style = Style { spaced: false, sorted: false, ascii: false };
        let result = answer.ok().and_then(|answer| answer.get("result").map(|result| style.write(result)));
        result.unwrap_or_else(|| "null".into())
    }
}

fn say(host: &mut Host, peer: Peer, line: &str) -> Vec<u8> {
    host.receive(Duration::ZERO, peer, format!("{line}\n").as_bytes());
    let actions = std::iter::from_fn(|| host.action(peer));
    let bytes = actions.filter_map(|action| match action {
        Action::Write(bytes) => Some(bytes),
        Action::Close => None,
    });
    bytes.flatten().collect()
}

/// Returns the chain that all hostile servers serve: 70 000 satoshi of [`script`] 1 in block 111, and 5 000 more in the
/// mempool.
#[must_use]
pub fn chain() -> &'static Chain {
    static CHAIN: OnceLock<Chain> = OnceLock::new();
    CHAIN.get_or_init(|| {
        let mut chain = Chain::funded();
        chain.pay(&script(1), 70_000);
        chain.mine(1);
        chain.pay(&script(1), 5_000);
        chain
    })
}

/// Returns the script that clients ask about.
#[must_use]
pub fn watched() -> Vec<u8> {
    script(1)
}

/// Returns the scripthash of that script.
#[must_use]
pub fn scripthash() -> String {
    Hash256::of_script(&watched()).to_string()
}

/// Returns the status of that script.
#[must_use]
pub fn status() -> String {
    chain().status(&Hash256::of_script(&watched())).unwrap_or_default()
}

/// Returns the id of the transaction in block 111 that pays that script.
#[must_use]
pub fn txid() -> Txid {
    chain().history(&Hash256::of_script(&watched()))[0].txid
}

/// Returns the tip of the chain, as in notifications.
#[must_use]
pub fn tip() -> String {
    format!("{{\"hex\":\"{}\",\"height\":{}}}", chain().tip().to_hex(), chain().height())
}
