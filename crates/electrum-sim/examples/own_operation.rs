//! Fuzzes the response parsing of an operation of one's own. `target` is also the body of a fuzz target:
//! `fuzz_target!(|bytes: &[u8]| target(bytes));`

use electrum_proto::json::{DecodeError, RawJson};
use electrum_proto::{Method, ProtocolVersion, Request};
use electrum_sim::Trace;
use electrum_sim::fuzz::decode_result;

/// The height at which a server's pruned data begins.
struct PrunedBelow;

impl Request for PrunedBelow {
    const NAME: &'static str = "height of the first block that is kept";
    const METHODS: &'static [Method] = &[Method::since("blockchain.pruned_below", ProtocolVersion::V1_4).reading()];
    type Response = u32;

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<u32, DecodeError> {
        let heights: Vec<u32> = result.decode()?;
        heights.first().copied().ok_or_else(|| DecodeError::new("", "there is no height"))
    }
}

/// Decodes an answer. Returns the height, if it is right: then the digits of it stand in the answer.
fn target(bytes: &[u8]) -> Option<u32> {
    let decoded = decode_result(&PrunedBelow, bytes)?;
    let height = decoded.result.ok()?;
    assert!(decoded.text.contains(&height.to_string()), "{height} in {:?}", decoded.text);
    Some(height)
}

/// Decodes ten thousand answers that were right before some of their bytes were changed.
pub(crate) fn main() {
    let right = b"\x00[100, 200, {\"more\": [1.5, null, \"\\u00e9\"]}]";
    let decoded = (0..10_000).filter(|seed| {
        let mut trace = Trace::from_seed(*seed);
        let mut bytes = right.to_vec();
        for _ in 0..=trace.below(5) {
            let place = trace.index(bytes.len());
            bytes[place] = trace.pick(b"[]{}\",:0-1e.\\u\xffn ");
        }
        target(&bytes).is_some()
    });
    println!("{} of 10000 answers were decoded", decoded.count());
}
