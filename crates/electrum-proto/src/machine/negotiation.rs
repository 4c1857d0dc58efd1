//! The negotiation before a link is ready: of the version, and of the chain if the configuration names one.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use serde_json::value::RawValue;

use super::client_name::sendable;
use super::phase::Phase;
use super::stream::malformed;
use crate::config::Config;
use crate::error::DownCause;
use crate::json::{Params, RawJson, ReplyId, ServerError};
use crate::operations::{Features, Header};
use crate::request::Request;
use crate::time::Timestamp;
use crate::types::BlockHash;
use crate::version::{Offer, ProtocolVersion, VersionError};

/// The method that goes first on every connection.
pub(super) const METHOD: &str = "server.version";

/// The result of the negotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) software: String,
    pub(super) version: ProtocolVersion,
}

/// The state while the answer to `server.version` is awaited.
#[derive(Clone, Debug)]
pub(super) struct VersionAsked {
    pub(super) id: u64,
    pub(super) offer: Offer,
    pub(super) deadline: Timestamp,
}

/// The state while the answer about the server's chain is awaited.
#[derive(Clone, Debug)]
pub(super) struct ChainAsked {
    pub(super) id: u64,
    pub(super) agreed: Agreed,
    pub(super) wanted: BlockHash,
    pub(super) question: Question,
    pub(super) deadline: Timestamp,
}

/// The request that finds out which chain the server serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Question {
    /// `server.features`, which names the first block.
    #[default]
    Features,
    /// The first header, if the features are missing or cannot be read.
    FirstHeader,
}

/// What an answer says about the server's chain.
pub(super) enum Chain {
    /// The chain is the one in the configuration.
    Wanted(Agreed),
    /// The answer does not say which chain it is.
    NotSaid,
}

/// The request for the first header, whose hash is that of the first block.
pub(super) const FIRST_HEADER: Header = Header { height: 0 };

impl Question {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Features => Self::FirstHeader,
            Self::FirstHeader => Self::Features,
        }
    }
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

    /// Reads the answer.
    ///
    /// # Errors
    /// If the server serves another chain, does not say which by any means, or is too busy to say.
    pub(super) fn answered(&self, outcome: Result<RawJson<'_>, ServerError>) -> Result<Chain, DownCause> {
        let version = self.agreed.version;
        let first_block = match (self.question, outcome) {
            (Question::FirstHeader, Err(error)) if error.is_busy() => {
                return Err(DownCause::Busy { during: Phase::Handshaking, error });
            }
            (_, Err(error)) => Err(error.to_string()),
            (Question::Features, Ok(result)) => match Features.decode(version, result) {
                Ok(features) => Ok(features.genesis_hash),
                Err(error) => Err(error.to_string()),
            },
            (Question::FirstHeader, Ok(result)) => match FIRST_HEADER.decode(version, result) {
                Ok(header) => Ok(header.block_hash()),
                Err(error) => Err(error.to_string()),
            },
        };
        match (first_block, self.question) {
            (Ok(found), _) if found == self.wanted => Ok(Chain::Wanted(self.agreed.clone())),
            (Ok(found), _) => Err(DownCause::WrongChain { wanted: self.wanted, found }),
            (Err(_), Question::Features) => Ok(Chain::NotSaid),
            (Err(what), Question::FirstHeader) => Err(DownCause::UnknownChain { wanted: self.wanted, what }),
        }
    }
}

/// Whether a reply answers the request `asked`, the only one in flight. An error without an id can only be meant for
/// it.
fn is_reply_to(asked: u64, id: ReplyId, outcome: &Result<RawJson<'_>, ServerError>) -> bool {
    match id {
        ReplyId::Number(id) => id == asked,
        ReplyId::Null => outcome.is_err(),
        ReplyId::Foreign => false,
    }
}

/// Writes the two parameters of `server.version`. Some servers refuse more than two, or named ones.
pub(super) fn write_offer(client_name: &str, offer: Offer, params: &mut Params<'_>) {
    params.str(&sendable(client_name));
    match offer {
        Offer::Range(range) => params.json(&[range.min().to_string(), range.max().to_string()]),
        Offer::Single(version) => params.str(&version.to_string()),
    };
}

/// Reads the answer to `server.version`.
fn agree(outcome: Result<RawJson<'_>, ServerError>, offered: Offer, config: &Config) -> Result<Agreed, DownCause> {
    let result = outcome.map_err(|error| match error.is_busy() {
        true => DownCause::Busy { during: Phase::Handshaking, error },
        false => DownCause::Refused { offered, error },
    })?;
    let malformed = |what: String| malformed(Phase::Handshaking, &what, result.as_str().as_bytes());
    let (software, answered) = result.decode::<(Cow<'_, str>, &RawValue)>().map_err(|error| {
        malformed(format!("the answer to server.version is not [software, version] ({})", error.what()))
    })?;
    let answered = match RawJson::new(answered.get()).decode::<Cow<'_, str>>() {
        Ok(text) => text.into_owned(),
        Err(_) if config.accept_numeric_version => answered.get().into(),
        Err(_) if is_number(answered.get()) => {
            return Err(DownCause::NumericVersion { answered: answered.get().into() });
        }
        Err(_) => return Err(malformed("the version is no string".into())),
    };
    let version: ProtocolVersion = answered.parse().map_err(|error: VersionError| malformed(error.to_string()))?;
    if !offered.range().contains(version) || !config.versions.contains(version) {
        return Err(DownCause::OutOfRange { answered, offered, wanted: config.versions });
    }
    Ok(Agreed { software: software.into_owned(), version })
}

fn is_number(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
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
            (r#"["x",1.4]"#, Err("numeric_version")),
            (r#"["x",true]"#, Err("malformed")),
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
