//! Log records for the crate `log`, which has no spans.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use electrum_proto::{ConnId, DownCause, EncodedRequest, ProtocolVersion, Reply, RequestError, RequestId, Unknown};
use electrum_transport::{LayerStack, ServerAddr, Stage};

use super::WithoutReceived;
use crate::pending::Outcome;

/// The target of log records about connections.
const SESSION: &str = "electrum_session::session";
/// The target of log records about messages.
const DISPATCHER: &str = "electrum_session::dispatcher";

/// A span that does nothing: `log` has none.
#[derive(Clone, Debug)]
pub(crate) struct Span;

impl Span {
    pub(crate) const fn none() -> Self {
        Self
    }

    pub(crate) const fn connection(_: &ServerAddr, _: ConnId) -> Self {
        Self
    }

    pub(crate) const fn call(_: EncodedRequest<'_>, _: RequestId) -> Self {
        Self
    }

    pub(crate) fn in_scope<T>(&self, run: impl FnOnce() -> T) -> T {
        run()
    }
}

pub(crate) fn ready(server: &ServerAddr, software: &str, version: ProtocolVersion) {
    log::info!(target: SESSION, "{server}: {software} speaks protocol {version}");
}

pub(crate) fn down(server: &ServerAddr, cause: &DownCause, retry_in: Duration) {
    let cause = WithoutReceived(cause);
    log::warn!(target: SESSION, "{server}: {cause}; next attempt in {:.1} s", retry_in.as_secs_f32());
}

/// Logs a message that belongs to nothing, without its text: a server may repeat in it what it was sent.
pub(crate) fn ignored(unknown: &Unknown<'_>) {
    let (kind, json) = match unknown {
        Unknown::Reply(json) => ("reply to no request", json),
        Unknown::Notification(json) => ("notification without a subscription", json),
        Unknown::Request(json) => ("request by the server", json),
    };
    log::debug!(target: DISPATCHER, "ignored: {kind} of {} bytes", json.as_str().len());
}

pub(crate) const fn answered(_: &Result<Reply<'_>, RequestError>) {}

pub(crate) const fn retried(_: &str, _: Duration) {}

pub(crate) const fn ended(_: &Outcome<'_>) {}

pub(crate) const fn established(_: &mut Option<Stage>, _: &LayerStack) {}

pub(crate) const fn dial_failed(_: SocketAddr, _: &io::Error) {}
