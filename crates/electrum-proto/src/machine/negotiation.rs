//! What is said before a link is ready: the version, and the chain if the caller names one.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use serde_json::value::RawValue;

use super::phase::Phase;
use super::stream::malformed;
use crate::config::Config;
use crate::error::DownCause;
use crate::json::{Params, RawJson, ReplyId, ServerError};
use crate::operations::Features;
use crate::request::Request;
use crate::time::Timestamp;
use crate::types::BlockHash;
use crate::version::{ProtocolVersion, VersionError, VersionRange};

/// The method that goes first on every connection.
pub(super) const METHOD: &str = "server.version";

/// What was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) software: String,
    pub(super) version: ProtocolVersion,
}

/// The server was asked to agree to a version.
#[derive(Clone, Debug)]
pub(super) struct VersionAsked {
    pub(super) id: u64,
    pub(super) offer: VersionRange,
    pub(super) deadline: Timestamp,
}

/// The server was asked which chain it serves.
#[derive(Clone, Debug)]
pub(super) struct ChainAsked {
    pub(super) id: u64,
    pub(super) agreed: Agreed,
    pub(super) wanted: BlockHash,
    pub(super) deadline: Timestamp,
}

impl VersionAsked {
    pub(super) fn is_answered_by(&self, id: ReplyId, outcome: &Result<RawJson<'_>, ServerError>) -> bool {
        is_reply_to(self.id, id, outcome)
    }

    /// Reads the answer.
    pub(super) fn answered(
        &self,
        outcome: Result<RawJson<'_>, ServerError>,
        config: &Config,
    ) -> Result<Agreed, DownCause> {
        agree(outcome, self.offer, config)
    }
}

impl ChainAsked {
    pub(super) fn is_answered_by(&self, id: ReplyId, outcome: &Result<RawJson<'_>, ServerError>) -> bool {
        is_reply_to(self.id, id, outcome)
    }

    /// Reads the answer. What was agreed holds if the chain is the right one.
    pub(super) fn answered(&self, outcome: Result<RawJson<'_>, ServerError>) -> Result<Agreed, DownCause> {
        check_chain(outcome, self.agreed.version, self.wanted)?;
        Ok(self.agreed.clone())
    }
}

/// Whether a reply is the one to the only request that waits. An error without an id can be no other's.
fn is_reply_to(asked: u64, id: ReplyId, outcome: &Result<RawJson<'_>, ServerError>) -> bool {
    match id {
        ReplyId::Number(id) => id == asked,
        ReplyId::Null => outcome.is_err(),
        ReplyId::Foreign => false,
    }
}

/// The two parameters of `server.version`. More, or named ones, are refused by some servers.
pub(super) fn write_offer(client_name: &str, offered: VersionRange, params: &mut Params<'_>) {
    params.str(client_name).json(&[offered.min().to_string(), offered.max().to_string()]);
}

/// Reads the answer to `server.version`.
fn agree(
    outcome: Result<RawJson<'_>, ServerError>,
    offered: VersionRange,
    config: &Config,
) -> Result<Agreed, DownCause> {
    let result = outcome.map_err(|error| DownCause::Refused { offered, error })?;
    let malformed = |what: String| malformed(Phase::Handshaking, &what, result.as_str().as_bytes());
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
pub(super) fn check_chain(
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
}
