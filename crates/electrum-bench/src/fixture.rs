//! What the canned server answers, and the scripts that the clients ask for: the same for everyone, made from numbers.

use bitcoin::hashes::{Hash, sha256};
use bitcoin::hex::DisplayHex;
use bitcoin::{ScriptBuf, absolute, transaction};

/// Headers in one answer of `blockchain.block.headers`: one difficulty period, what most servers give at most.
pub const HEADERS: usize = 2_016;
/// Entries of the long history.
pub const HISTORY: usize = 100_000;
/// Bytes of the large transaction.
pub const TRANSACTION: usize = 1_000_000;
/// Scripts that take turns in the notifications.
pub const NOTIFIED: usize = 1_000;
/// Requests that are written before their answers are awaited.
pub const WINDOW: usize = 1_000;

/// The `index`th script: a witness program made from the number.
pub fn script(index: usize) -> ScriptBuf {
    let mut bytes = vec![0x00, 0x14];
    bytes.extend_from_slice(&(index as u64).to_be_bytes());
    bytes.resize(22, 0x5a);
    ScriptBuf::from_bytes(bytes)
}

/// What the protocol calls the `index`th script: SHA-256, reversed, as hex.
pub fn scripthash(index: usize) -> String {
    let mut hash = sha256::Hash::hash(script(index).as_bytes()).to_byte_array();
    hash.reverse();
    hash.to_lower_hex_string()
}

/// A status for a script; another `turn`, another status.
pub fn status(index: usize, turn: usize) -> String {
    let text = format!("{index}:{turn}");
    sha256::Hash::hash(text.as_bytes()).to_byte_array().to_lower_hex_string()
}

/// The result of `blockchain.scripthash.get_balance`.
pub fn balance() -> String {
    r#"{"confirmed":123456789,"unconfirmed":-5000}"#.to_owned()
}

/// The result of `blockchain.headers.subscribe`.
pub fn tip() -> String {
    format!(r#"{{"hex":"{}","height":900000}}"#, noise(80, 7).to_lower_hex_string())
}

/// The result of `blockchain.block.headers` as protocol 1.4 gives it: one string.
pub fn headers() -> String {
    let hex = noise(HEADERS * 80, 1).to_lower_hex_string();
    format!(r#"{{"count":{HEADERS},"hex":"{hex}","max":{HEADERS}}}"#)
}

/// The result of `blockchain.scripthash.get_history`.
pub fn history() -> String {
    let hashes = noise(HISTORY * 32, 2);
    let mut text = String::with_capacity(HISTORY * 100);
    text.push('[');
    for (index, hash) in hashes.chunks_exact(32).enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let height = 300_000 + index * 6;
        let hash = hash.to_lower_hex_string();
        text.push_str(&format!(r#"{comma}{{"height":{height},"tx_hash":"{hash}"}}"#));
    }
    text.push(']');
    text
}

/// The result of `blockchain.transaction.get`: a transaction of [`TRANSACTION`] bytes that parses, for clients which
/// give nothing but parsed ones.
pub fn transaction() -> String {
    let empty = transaction_of(0);
    // A script of more than 65,535 bytes has a length field of five bytes instead of one.
    let script = TRANSACTION - bitcoin::consensus::serialize(&empty).len() - 4;
    let bytes = bitcoin::consensus::serialize(&transaction_of(script));
    assert_eq!(bytes.len(), TRANSACTION);
    format!(r#""{}""#, bytes.to_lower_hex_string())
}

fn transaction_of(script: usize) -> bitcoin::Transaction {
    bitcoin::Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![bitcoin::TxIn {
            previous_output: bitcoin::OutPoint::new(bitcoin::Txid::all_zeros(), 0),
            ..Default::default()
        }],
        output: vec![bitcoin::TxOut {
            value: bitcoin::Amount::from_sat(1),
            script_pubkey: ScriptBuf::from_bytes(noise(script, 3)),
        }],
    }
}

/// One notification for each of `scripts` scripts and each of two statuses, so that no two neighbours of a script are equal.
pub fn notifications(scripts: usize) -> Vec<u8> {
    let mut lines = Vec::new();
    for turn in 0..2 {
        for index in 0..scripts {
            let (script, status) = (scripthash(index), status(index, turn));
            let line = format!(
                r#"{{"jsonrpc":"2.0","method":"blockchain.scripthash.subscribe","params":["{script}","{status}"]}}"#
            );
            lines.extend_from_slice(line.as_bytes());
            lines.push(b'\n');
        }
    }
    lines
}

/// Bytes without a pattern that a branch predictor could learn.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    std::iter::repeat_with(step).take(len).collect()
}
