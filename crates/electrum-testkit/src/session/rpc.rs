//! JSON-RPC: from a line to calls, and from results to lines.

use crate::family::{Dialect, Failure, Problem, Profile};
use crate::json::Json;

/// The parameters of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Params {
    Absent,
    Positional(Vec<Json>),
    Named(Vec<(String, Json)>),
}

impl Params {
    /// Returns the parameter at this index or of this name.
    pub(super) fn get(&self, index: usize, name: &str) -> Option<&Json> {
        match self {
            Self::Absent => None,
            Self::Positional(values) => values.get(index),
            Self::Named(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
        }
    }

    /// Checks the parameters against the names that a method takes, the first `required` of which must be given.
    pub(super) fn bind(&self, names: &[&str], required: usize, takes_names: bool) -> Result<(), Problem> {
        let positional = |given: usize| match given {
            given if given > names.len() => Err(Problem::TooMany { given, most: names.len() }),
            given if given < required => Err(Problem::TooFew { given, least: required, name: names[given].to_owned() }),
            _ => Ok(()),
        };
        let members = match self {
            Self::Absent => return positional(0),
            Self::Positional(values) => return positional(values.len()),
            Self::Named(_) if !takes_names => return Err(Problem::NamesNotTaken),
            Self::Named(members) => members,
        };
        let unknown = members.iter().map(|(name, _)| name).filter(|name| !names.contains(&&name[..]));
        let unknown: Vec<_> = unknown.cloned().collect();
        let missing = names[..required].iter().find(|name| self.get(usize::MAX, name).is_none());
        match missing {
            Some(missing) => Err(Problem::MissingName((*missing).to_owned())),
            None if unknown.is_empty() => Ok(()),
            None => Err(Problem::UnknownNames(unknown)),
        }
    }
}

/// A call of a method, known or not.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// `None` for a notification.
    pub(super) id: Option<Json>,
    pub(super) method: String,
    pub(super) params: Params,
    /// Whether the call is of JSON-RPC 1.0. libbitcoin answers in the same version.
    pub(super) legacy: bool,
}

/// One element of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Unit {
    Call(Call),
    /// Not a call; answered with this error and id.
    Bad(Failure, Json),
    /// Not a call; the error is answered and the connection closed.
    Fatal(Failure),
    Ignored,
}

/// A line from the client.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message {
    Single(Unit),
    Batch(Vec<Unit>),
    /// The connection is closed.
    Close,
    /// Neither this nor anything later is answered.
    Dead,
}

/// What a connection learns from its client's first message.
#[derive(Debug, Default)]
pub(super) struct Habits {
    /// Set by the first message: whether `"jsonrpc": "2.0"` is required.
    pub(super) marked: Option<bool>,
}

/// Returns the reply to a call.
pub(super) fn reply(profile: &Profile, id: Json, legacy: bool, result: Result<Json, Failure>) -> Json {
    let error = |failure: Failure| match profile.dialect {
        Dialect::Esplora => Json::Text(failure.message),
        _ => Json::object([("code", failure.code.into()), ("message", failure.message.into())]),
    };
    if profile.dialect == Dialect::Libbitcoin {
        let (error, result) = match result {
            Ok(result) => (None, Some(result)),
            Err(failure) => (Some(error(failure)), None),
        };
        if legacy {
            let (error, result) = (error.unwrap_or(Json::Null), result.unwrap_or(Json::Null));
            let marker = ("jsonrpc", Json::from("1.0"));
            return Json::object([marker, ("id", id), ("error", error), ("result", result)]);
        }
        let outcome = error.map(|error| ("error", error)).or_else(|| result.map(|result| ("result", result)));
        let head = [("jsonrpc", Json::from("2.0")), ("id", id)];
        return Json::object(head.into_iter().chain(outcome));
    }
    let outcome = match result {
        Ok(result) => ("result", result),
        Err(failure) => ("error", error(failure)),
    };
    Json::object([("jsonrpc", Json::from("2.0")), outcome, ("id", id)])
}

/// Returns a notification.
pub(super) fn notification(method: &str, params: Option<Vec<Json>>) -> Json {
    let head = [("jsonrpc", Json::from("2.0")), ("method", method.into())];
    Json::object(head.into_iter().chain(params.map(|params| ("params", Json::Array(params)))))
}

/// Returns the reply to a batch.
pub(super) fn batch_text(profile: &Profile, replies: &[Json]) -> String {
    let separator = match profile.dialect {
        Dialect::Python => ", ",
        _ => ",",
    };
    let texts: Vec<_> = replies.iter().map(|reply| profile.style.write(reply)).collect();
    format!("[{}]", texts.join(separator))
}
