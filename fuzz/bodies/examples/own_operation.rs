//! Fuzzes the response parsing of an operation of one's own. The same line is the body of a fuzz target:
//! `fuzz_target!(|data: &[u8]| electrum_fuzz_bodies::decode_result(&PrunedBelow, data));`

use electrum_fuzz_bodies::decode_result;
use electrum_proto::json::{DecodeError, RawJson};
use electrum_proto::{Method, ProtocolVersion, Request};
use electrum_sim::Trace;

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

/// Decodes ten thousand answers that were right before some of their bytes were changed.
pub(crate) fn main() {
    let right = b"\x00[100, 200, {\"more\": [1.5, null, \"\\u00e9\"]}]";
    for seed in 0..10_000 {
        let mut trace = Trace::from_seed(seed);
        let mut data = right.to_vec();
        for _ in 0..=trace.below(5) {
            let place = trace.index(data.len());
            data[place] = trace.pick(b"[]{}\",:0-1e.\\u\xffn ");
        }
        decode_result(&PrunedBelow, &data);
    }
}
