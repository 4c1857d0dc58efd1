//! Fuzz targets of your own: a fuzzer's bytes as what a server answers, and as the decisions of a simulated run.
//!
//! A target is a function of bytes that panics when something that is promised does not hold. Run it over its corpus in a
//! plain test too: it needs neither a fuzzer nor a nightly compiler.

use electrum_proto::json::{DecodeError, RawJson};
use electrum_proto::{ProtocolVersion, Request};

use super::suite::{Played, Run};
use super::trace::Trace;

/// The versions that the first byte of an input of [`decode_result`] chooses from, by its remainder: those that changed
/// something, and one on either side of them.
pub const VERSIONS: &[ProtocolVersion] = &[
    ProtocolVersion::V1_0,
    ProtocolVersion::V1_1,
    ProtocolVersion::V1_2,
    ProtocolVersion::V1_3,
    ProtocolVersion::V1_4,
    ProtocolVersion::V1_4_2,
    ProtocolVersion::V1_6,
    ProtocolVersion::V1_7,
    ProtocolVersion::new(2, 0, 0),
];

/// The outcome of [`decode_result`]: what was decoded, and what came of it.
///
/// # Example
/// ```
/// use electrum_proto::ProtocolVersion;
/// use electrum_proto::operations::Banner;
/// use electrum_sim::fuzz::{Decoded, decode_result};
///
/// let Decoded { version, text, result } = decode_result(&Banner, b"\x04\"Welcome\"").unwrap();
/// assert_eq!((version, text), (ProtocolVersion::V1_4, "\"Welcome\""));
/// assert_eq!(result.as_deref(), Ok("Welcome"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a, T> {
    /// The version for which it was decoded, also one that lacks the operation.
    pub version: ProtocolVersion,
    /// The text of the server's result.
    pub text: &'a str,
    /// The decoded result, or what is wrong with the text.
    pub result: Result<T, DecodeError>,
}

/// Decodes a fuzzer's bytes as a server's result of `request`, and returns the outcome, so that properties of your own
/// can be asserted. The first byte chooses one of [`VERSIONS`], the rest is the text of the result. Returns `None` if
/// that is no UTF-8, which no operation is given.
///
/// # Panics
/// If what holds for every operation does not hold: `decode` returns, for any text and version, and an error says what
/// is wrong.
///
/// # Example
/// A target for an operation that refuses heights which would be times as lock times:
/// ```
/// use electrum_proto::json::{DecodeError, RawJson};
/// use electrum_proto::{Method, ProtocolVersion, Request};
/// use electrum_sim::fuzz::decode_result;
///
/// struct PrunedBelow;
///
/// impl Request for PrunedBelow {
///     const NAME: &'static str = "height of the first block that is kept";
///     const METHODS: &'static [Method] = &[Method::since("blockchain.pruned_below", ProtocolVersion::V1_4).reading()];
///     type Response = u32;
///
///     fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<u32, DecodeError> {
///         match result.decode()? {
///             500_000_000.. => Err(DecodeError::new("", "a time is no height")),
///             height => Ok(height),
///         }
///     }
/// }
///
/// fn target(bytes: &[u8]) {
///     let Some(decoded) = decode_result(&PrunedBelow, bytes) else { return };
///     if let Ok(height) = decoded.result {
///         assert!(height < 500_000_000, "{} on {}", decoded.text, decoded.version);
///     }
/// }
///
/// [&b"\x04100"[..], b"\x04500000000", b"\x04{\"height\":1e3}", b"\xff", b""].into_iter().for_each(target);
/// ```
pub fn decode_result<'a, R: Request>(request: &R, bytes: &'a [u8]) -> Option<Decoded<'a, R::Response>> {
    let (version, text) = bytes.split_first()?;
    let version = VERSIONS[usize::from(*version) % VERSIONS.len()];
    let text = std::str::from_utf8(text).ok()?;
    let result = request.decode(version, RawJson::new(text));
    if let Err(error) = &result {
        assert!(!error.what().is_empty(), "the decoder of {} refuses {text:?} and must say what is wrong", R::NAME);
    }
    Some(Decoded { version, text, result })
}

/// Plays the run of which a fuzzer's bytes are the decisions: four bytes each, the highest first. A fuzzer searches them
/// for runs that sampling does not find.
///
/// # Panics
/// If an invariant is violated. The message has the trace to replay.
///
/// # Example
/// ```
/// use electrum_sim::fuzz::{check, trace_bytes};
/// use electrum_sim::{Trace, network_run};
///
/// fn target(bytes: &[u8]) {
///     check(bytes, network_run);
/// }
///
/// // Two inputs to begin with.
/// (0..2).for_each(|seed| target(&trace_bytes(&Trace::unrolled(seed, 300))));
/// ```
pub fn check<P: Played>(bytes: &[u8], run: Run<P>) {
    let decisions = bytes.chunks(4).map(|chunk| {
        let mut decision = [0; 4];
        decision[..chunk.len()].copy_from_slice(chunk);
        u32::from_be_bytes(decision)
    });
    let mut trace = Trace::replay(decisions.collect());
    if let Some(violation) = run(&mut trace, false).violation() {
        panic!("{violation}\nin the run of {trace:?}");
    }
}

/// Returns the input of [`check`] that plays these decisions, for a corpus to begin with.
///
/// # Example
/// ```
/// use electrum_sim::fuzz::trace_bytes;
///
/// assert_eq!(trace_bytes(&[1, 0x0203_0405]), [0, 0, 0, 1, 2, 3, 4, 5]);
/// ```
#[must_use]
pub fn trace_bytes(decisions: &[u32]) -> Vec<u8> {
    decisions.iter().flat_map(|decision| decision.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use electrum_proto::Method;

    use super::*;
    use crate::probe::Violation;

    /// Decodes the word `right`, and says of anything else what its text is.
    struct Echo;

    impl Request for Echo {
        const NAME: &'static str = "echo";
        const METHODS: &'static [Method] = &[];
        type Response = ProtocolVersion;

        fn decode(&self, version: ProtocolVersion, result: RawJson<'_>) -> Result<ProtocolVersion, DecodeError> {
            if result.as_str() == "right" { Ok(version) } else { Err(DecodeError::new("", result.as_str())) }
        }
    }

    #[test]
    fn the_first_byte_chooses_any_version() {
        for (byte, version) in (0..=u8::MAX).zip(VERSIONS.iter().cycle()) {
            let bytes = [&[byte], &b"right"[..]].concat();
            let decoded = decode_result(&Echo, &bytes).expect("it is text");
            assert_eq!(decoded, Decoded { version: *version, text: "right", result: Ok(*version) });
        }
    }

    #[test]
    fn no_operation_is_given_what_is_no_text() {
        assert_eq!(decode_result(&Echo, b""), None);
        assert_eq!(decode_result(&Echo, b"\x00right\xff"), None);
    }

    #[test]
    #[should_panic(expected = "the decoder of echo refuses \"\" and must say what is wrong")]
    fn an_error_that_says_nothing_is_found() {
        let _ = decode_result(&Echo, b"\x00");
    }

    /// A run that violates an invariant if the first byte of its decisions is 0xff.
    struct FirstByte(Option<Violation>);

    impl Played for FirstByte {
        fn violation(&self) -> Option<&Violation> {
            self.0.as_ref()
        }

        fn log(&self) -> &[String] {
            &[]
        }
    }

    fn first_byte(trace: &mut Trace, _: bool) -> FirstByte {
        let is_highest = trace.below(256) == 255;
        FirstByte(is_highest.then(|| Violation { invariant: 0, what: "it is the highest".into() }))
    }

    #[test]
    fn a_run_without_a_violation_passes() {
        check(&[], first_byte);
        check(&trace_bytes(&[0xfeff_ffff, 0xffff_ffff]), first_byte);
    }

    #[test]
    #[should_panic(
        expected = "invariant 0 is broken: it is the highest\nin the run of Trace::replay(vec![4278190080])"
    )]
    fn a_violation_is_reported_with_its_trace_also_by_less_than_four_bytes() {
        check(&[0xff], first_byte);
    }
}
