//! The tip of the chain as each version tells it.

use crate::json::{DecodeError, RawJson, read};
use crate::types::Tip;

pub(super) fn decode_tip(result: RawJson<'_>) -> Result<Tip, DecodeError> {
    read(result, Tip::read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BlockHash;
    use alloc::format;

    /// The first block of regtest, which is the same on every machine.
    const GENESIS: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000";

    #[test]
    fn both_forms_give_the_same_header() {
        let raw = format!(r#"{{"hex":"{GENESIS}","height":0}}"#);
        let apart = r#"{"version":1,"prev_block_hash":null,"timestamp":1296688602,"bits":545259519,"nonce":2,"block_height":0,
            "merkle_root":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"}"#;
        let raw = decode_tip(RawJson::new(&raw)).unwrap();
        assert_eq!(raw, decode_tip(RawJson::new(apart)).unwrap());
        assert_eq!(
            BlockHash::hash(raw.header.as_bytes()),
            "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206".parse().unwrap()
        );
    }

    #[test]
    fn a_header_of_another_length_is_refused() {
        for hex in ["", "00", &GENESIS[2..], &format!("{GENESIS}00")] {
            let raw = format!(r#"{{"hex":"{hex}","height":0}}"#);
            assert_eq!(decode_tip(RawJson::new(&raw)).unwrap_err().place(), "hex");
        }
    }
}
