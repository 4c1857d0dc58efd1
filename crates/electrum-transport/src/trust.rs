//! Decides which certificates are accepted, and what may replace a pin.

use crate::pins::{Fingerprint, Pin};
#[cfg(feature = "tls")]
use crate::{pins::PinChange, report::PinState};

/// Which certificates are accepted. The server's proof that it holds the certificate's key is always checked.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tls_server.rs")); }
/// # use example::exchange;
/// # let (server, mut peer, fingerprint) = example::tls_server();
/// use electrum_transport::{Known, PinState, Route, Trust};
///
/// // The operator of the server has published this.
/// # let published = fingerprint.to_string();
/// let trust = Trust::Pinned(published.parse()?);
/// let mut stack = Route::direct().with_trust(trust).open(&server, Known::at(1_750_000_000))?;
/// exchange(&mut stack, &mut peer)?; // moves bytes until both are quiet
/// assert_eq!(stack.report().tls.map(|tls| tls.pin), Some(PinState::Given));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Trust {
    /// Accepts a certificate that a web CA vouches for, or else the one that is pinned for this server; pins the
    /// certificate of a server that has no pin.
    ///
    /// | pinned | shown | accepted | pinned afterwards |
    /// |---|---|---|---|
    /// | nothing | web CA | yes | web CA |
    /// | nothing | certificate A | yes | certificate A |
    /// | web CA | web CA | yes | web CA |
    /// | web CA | certificate A | no | web CA |
    /// | certificate A | certificate A | yes | certificate A |
    /// | certificate A | certificate B | no | certificate A |
    /// | certificate A | web CA | yes | web CA |
    ///
    /// "Web CA" is any certificate that a web CA vouches for under the server's name and at the present time;
    /// "certificate A" and "certificate B" are ones that no web CA vouches for. So a server may move from a certificate
    /// of its own to one of a web CA, and never back: after the move the old certificate is refused like any other.
    ///
    /// When the user accepts new pins ([`Known::accepting_new_pin`]), each "no" above is a "yes", and what was shown is
    /// pinned afterwards.
    #[default]
    CaOrPin,
    /// Accepts only a certificate that a web CA vouches for under the server's name. Remembers nothing, and refuses
    /// `tcp://` servers, which show no certificate.
    CaOnly,
    /// Accepts only this certificate, whether a CA vouches for it or not. Remembers nothing, and refuses `tcp://`
    /// servers.
    Pinned(Fingerprint),
    /// Accepts any certificate: someone in between can read and change everything. Remembers nothing.
    Insecure,
}

/// What TLS needs to check a certificate: the present time, and the stored pin of the server.
///
/// ```
/// use electrum_transport::Known;
/// let known = Known::at(1_750_000_000).with_pin(Some("web-ca".parse()?));
/// # assert_ne!(known, Known::at(1_750_000_000));
/// # Ok::<(), electrum_transport::FingerprintError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    pub(crate) unix_time: u64,
    pub(crate) pin: Option<Pin>,
    pub(crate) accepts_new_pin: bool,
}

impl Known {
    /// Makes a value without a pin. `unix_time` is the present time in seconds since 1970 (UTC), for checking whether
    /// certificates of web CAs have expired.
    pub const fn at(unix_time: u64) -> Self {
        Self { unix_time, pin: None, accepts_new_pin: false }
    }

    /// Sets the stored pin of the server, if it has one. It is needed only if
    /// [`Route::uses_pin`](crate::Route::uses_pin).
    #[must_use]
    pub const fn with_pin(self, pin: Option<Pin>) -> Self {
        Self { pin, ..self }
    }

    /// Lets the certificate that the server shows replace the pin, on behalf of the user.
    #[must_use]
    pub const fn accepting_new_pin(self) -> Self {
        Self { accepts_new_pin: true, ..self }
    }
}

/// The decision on a certificate.
#[cfg(feature = "tls")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Accepted, with the pin that must be stored if it changes.
    Accept(PinState, Option<PinChange>),
    /// Refused: no web CA vouches for it, as the configuration demands.
    NotByCa,
    /// Refused: it is not the pinned one.
    NotPinned {
        pinned: Pin,
        /// Whether the user gave the pin, rather than the server's first certificate.
        given: bool,
    },
}

/// Decides on a certificate. `by_ca` says whether a web CA vouches for it.
#[cfg(feature = "tls")]
pub(crate) fn decide(trust: Trust, known: &Known, seen: Fingerprint, by_ca: impl FnOnce() -> bool) -> Decision {
    let old = known.pin;
    let replace = |state, new| Decision::Accept(state, Some(PinChange { old, new }));
    match trust {
        Trust::Insecure => Decision::Accept(PinState::Insecure, None),
        Trust::Pinned(pinned) if pinned == seen => Decision::Accept(PinState::Given, None),
        Trust::Pinned(pinned) => Decision::NotPinned { pinned: Pin::Certificate(pinned), given: true },
        Trust::CaOnly => {
            if by_ca() {
                Decision::Accept(PinState::Ca, None)
            } else {
                Decision::NotByCa
            }
        }
        Trust::CaOrPin => match (by_ca(), old) {
            (true, None) => replace(PinState::Ca, Pin::WebCa),
            (true, Some(Pin::WebCa)) => Decision::Accept(PinState::Ca, None),
            (true, Some(Pin::Certificate(_))) => replace(PinState::CaReplaced, Pin::WebCa),
            (false, None) => replace(PinState::New, Pin::Certificate(seen)),
            (false, Some(Pin::Certificate(pinned))) if pinned == seen => Decision::Accept(PinState::Known, None),
            (false, Some(_)) if known.accepts_new_pin => replace(PinState::Replaced, Pin::Certificate(seen)),
            (false, Some(pinned)) => Decision::NotPinned { pinned, given: false },
        },
    }
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    const A: Fingerprint = Fingerprint::from_bytes([0xa; 32]);
    const B: Fingerprint = Fingerprint::from_bytes([0xb; 32]);

    /// The rows of the table in the documentation.
    fn rows() -> Vec<[&'static str; 4]> {
        let rows = include_str!("trust.rs").lines().filter_map(|line| line.trim().strip_prefix("/// | "));
        let cells = rows.map(|row| row.trim_end_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
        cells.skip(1).map(|cells| cells.try_into().expect("four columns")).collect()
    }

    fn pin(words: &str) -> Option<Pin> {
        match words {
            "nothing" => None,
            "web CA" => Some(Pin::WebCa),
            "certificate A" => Some(Pin::Certificate(A)),
            "certificate B" => Some(Pin::Certificate(B)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_documented_table_is_what_is_decided() {
        let rows = rows();
        assert_eq!(rows.len(), 7, "three pins, and what may be shown for each");
        for row @ [pinned, shown, accepted, afterwards] in rows {
            let (seen, by_ca) = match pin(shown) {
                Some(Pin::Certificate(seen)) => (seen, false),
                _ => (B, true),
            };
            let known = Known::at(0).with_pin(pin(pinned));
            let decided = decide(Trust::CaOrPin, &known, seen, || by_ca);
            match (accepted, decided) {
                ("yes", Decision::Accept(_, None)) => assert_eq!(afterwards, pinned, "{row:?}"),
                ("yes", Decision::Accept(_, Some(change))) => {
                    assert_eq!((change.old, Some(change.new)), (pin(pinned), pin(afterwards)), "{row:?}");
                    assert_ne!(afterwards, pinned, "{row:?}");
                }
                ("no", Decision::NotPinned { pinned: named, given: false }) => {
                    assert_eq!((Some(named), afterwards), (pin(pinned), pinned), "{row:?}");
                    let accepting = decide(Trust::CaOrPin, &known.accepting_new_pin(), seen, || by_ca);
                    let change = PinChange { old: pin(pinned), new: Pin::Certificate(seen) };
                    assert_eq!(accepting, Decision::Accept(PinState::Replaced, Some(change)), "{row:?}");
                }
                (_, decided) => panic!("{row:?}: {decided:?}"),
            }
        }
    }

    #[test]
    fn the_other_kinds_of_trust_look_at_no_pin_and_keep_none() {
        for pin in [None, Some(Pin::WebCa), Some(Pin::Certificate(B))] {
            let known = Known::at(0).with_pin(pin);
            let decide = |trust, by_ca| decide(trust, &known, A, || by_ca);
            assert_eq!(decide(Trust::Insecure, false), Decision::Accept(PinState::Insecure, None));
            assert_eq!(decide(Trust::CaOnly, true), Decision::Accept(PinState::Ca, None));
            assert_eq!(decide(Trust::CaOnly, false), Decision::NotByCa);
            for by_ca in [true, false] {
                assert_eq!(decide(Trust::Pinned(A), by_ca), Decision::Accept(PinState::Given, None));
                let refused = Decision::NotPinned { pinned: Pin::Certificate(B), given: true };
                assert_eq!(decide(Trust::Pinned(B), by_ca), refused);
            }
        }
    }
}
