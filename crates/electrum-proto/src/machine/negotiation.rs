//! What is said before a link is ready: the version, and the chain if the caller names one.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use serde_json::value::RawValue;

use super::phase::Phase;
use crate::config::Config;
use crate::error::DownCause;
use crate::json::{Params, RawJson, ServerError};
use crate::operations::Features;
use crate::request::Request;
use crate::types::BlockHash;
use crate::version::{ProtocolVersion, VersionError, VersionRange};

/// The method that goes first on every link.
pub(crate) const METHOD: &str = "server.version";

/// What was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) software: String,
    pub(crate) version: ProtocolVersion,
}

/// The two parameters of `server.version`. More, or named ones, are refused by some servers.
pub(crate) fn params(client_name: &str, offered: VersionRange, params: &mut Params<'_>) {
    params.str(client_name).json(&[offered.min().to_string(), offered.max().to_string()]);
}

/// Reads the answer to `server.version`.
pub(crate) fn agree(
    outcome: Result<RawJson<'_>, ServerError>,
    offered: VersionRange,
    config: &Config,
) -> Result<Agreed, DownCause> {
    let result = outcome.map_err(|error| DownCause::Refused { offered, error })?;
    let malformed = |what: String| DownCause::Malformed {
        during: Phase::Handshaking,
        what,
        excerpt: excerpt(result.as_str().as_bytes()),
    };
    let (software, answered) = result.decode::<(Cow<'_, str>, &RawValue)>().map_err(|error| {
        malformed(format!("the answer to server.version is not [software, version] ({})", error.what()))
    })?;
    let answered = match RawJson::new(answered.get()).decode::<Cow<'_, str>>() {
        Ok(text) => text.into_owned(),
        Err(_) if config.accept_numeric_version => answered.get().into(),
        Err(_) => return Err(malformed("the version is no string".into())),
    };
    let version: ProtocolVersion = answered.parse().map_err(|error: VersionError| malformed(error.to_string()))?;
    if !offered.contains(version) || !config.versions.contains(version) {
        return Err(DownCause::OutOfRange { answered, offered, wanted: config.versions });
    }
    Ok(Agreed { software: software.into_owned(), version })
}

/// Reads the answer to `server.features` for the chain that it names.
pub(crate) fn check_chain(
    outcome: Result<RawJson<'_>, ServerError>,
    version: ProtocolVersion,
    wanted: BlockHash,
) -> Result<(), DownCause> {
    let wrong = |found: String| DownCause::WrongChain { wanted, found };
    let result = outcome.map_err(|error| wrong(format!("it will not say which, but {error}")))?;
    let features = Features.decode(version, result).map_err(|error| wrong(error.to_string()))?;
    if features.genesis_hash == wanted {
        Ok(())
    } else {
        Err(wrong(format!("its first block is {}", features.genesis_hash)))
    }
}

/// The beginning of what a server sent, for people to read.
pub(crate) fn excerpt(text: &[u8]) -> String {
    const SHOWN: usize = 120;
    let mut shown: String = String::from_utf8_lossy(&text[..text.len().min(SHOWN)]).trim_end().into();
    if text.len() > SHOWN {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(result: &str, offered: &str, config: &Config) -> Result<String, &'static str> {
        agree(Ok(RawJson::new(result)), offered.parse().unwrap(), config)
            .map(|agreed| agreed.version.to_string())
            .map_err(|cause| cause.name())
    }

    #[test]
    fn versions_that_real_servers_answer() {
        let config = Config::default();
        for (result, outcome) in [
            (r#"["ElectrumX 2.0.0", "1.7"]"#, Ok("1.7")),
            (r#"["ElectrumX 2.0.0","1.7.0"]"#, Ok("1.7")),
            (r#"["Fulcrum 2.1.1","1.4.99"]"#, Ok("1.4.99")),
            (r#"["ElectrumX 1.10","1.2"]"#, Err("out_of_range")),
            (r#"["x","1.7.1"]"#, Err("out_of_range")),
            (r#"["x",1.4]"#, Err("malformed")),
            (r#"["x","1.4",3]"#, Err("malformed")),
            (r#"["x"]"#, Err("malformed")),
            (r#"["x","latest"]"#, Err("malformed")),
            (r#"["x",null]"#, Err("malformed")),
            ("null", Err("malformed")),
            (r#"["x","1.4"#, Err("malformed")),
        ] {
            assert_eq!(answer(result, "1.4..1.7", &config), outcome.map(Into::into), "{result}");
        }
    }

    #[test]
    fn both_the_offer_and_the_callers_range_must_hold_the_version() {
        let config = Config { versions: "1.3..1.4".parse().unwrap(), ..Config::default() };
        assert_eq!(answer(r#"["electrs-esplora 0.4.1","1.4"]"#, "2.0..3.0", &config), Err("out_of_range"));
        assert_eq!(answer(r#"["ElectrumX 1.10","1.2"]"#, "1.0..1.2", &config), Err("out_of_range"));
    }

    #[test]
    fn a_number_is_a_version_only_if_the_caller_says_so() {
        let config = Config { accept_numeric_version: true, ..Config::default() };
        assert_eq!(answer(r#"["x",1.4]"#, "1.4..1.7", &config), Ok("1.4".into()));
        assert_eq!(answer(r#"["x",14e-1]"#, "1.4..1.7", &config), Err("malformed"));
    }

    #[test]
    fn an_excerpt_shows_the_beginning_and_whether_there_is_more() {
        assert_eq!(excerpt(b"HTTP/1.1 400 Bad Request\r\n"), "HTTP/1.1 400 Bad Request");
        let long = "x".repeat(121);
        assert_eq!(excerpt(&long.as_bytes()[..120]), long[..120]);
        assert_eq!(excerpt(long.as_bytes()), format!("{}…", &long[..120]));
    }
}
