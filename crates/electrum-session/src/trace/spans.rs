//! Spans and events for the crate `tracing`.
//!
//! Parameters and results are left out, and so are texts of servers that may repeat them: they say whose wallet it is.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use electrum_proto::{ConnId, DownCause, EncodedRequest, ProtocolVersion, Reply, RequestError, RequestId, Unknown};
use electrum_transport::{LayerStack, ServerAddr, Stage};

use super::WithoutReceived;
use crate::pending::Outcome;

/// The target of spans and events.
const TARGET: &str = "electrum_session";

/// The `tracing` span of a connection or of a call.
#[derive(Clone, Debug)]
pub(crate) struct Span(tracing::Span);

impl Span {
    pub(crate) const fn none() -> Self {
        Self(tracing::Span::none())
    }

    /// Makes the span of a connection. It has no parent, since the span of the previous connection may still be
    /// entered.
    pub(crate) fn connection(server: &ServerAddr, conn: ConnId) -> Self {
        Self(tracing::info_span!(target: TARGET, parent: None, "connection", %server, conn = conn.number()))
    }

    /// Makes the span of a call, from its sending to its answer. Its parent is the span of its connection, which is
    /// entered.
    pub(crate) fn call(request: EncodedRequest<'_>, id: RequestId) -> Self {
        let method = request.method();
        let span = Self(tracing::debug_span!(target: TARGET, "call", %method, id = id.number()));
        span.in_scope(|| tracing::debug!(target: TARGET, "request"));
        span
    }

    pub(crate) fn in_scope<T>(&self, run: impl FnOnce() -> T) -> T {
        self.0.in_scope(run)
    }
}

pub(crate) fn ready(server: &ServerAddr, software: &str, version: ProtocolVersion) {
    tracing::info!(target: TARGET, %server, software, %version, "ready");
}

pub(crate) fn down(server: &ServerAddr, cause: &DownCause, retry_in: Duration) {
    tracing::warn!(target: TARGET, %server, cause = &*WithoutReceived(cause).to_string(), retry = ?retry_in, "down");
}

pub(crate) fn ignored(unknown: &Unknown<'_>) {
    let (kind, json) = match unknown {
        Unknown::Reply(json) => ("reply to no request", json),
        Unknown::Notification(json) => ("notification without a subscription", json),
        Unknown::Request(json) => ("request by the server", json),
    };
    tracing::debug!(target: TARGET, kind, bytes = json.as_str().len(), "ignored");
}

pub(crate) fn answered(outcome: &Result<Reply<'_>, RequestError>) {
    match outcome {
        Ok(reply) => tracing::debug!(target: TARGET, bytes = reply.result.as_str().len(), "answer"),
        Err(RequestError::Server(error)) => {
            tracing::debug!(target: TARGET, code = error.code, kind = ?error.kind(), "error");
        }
        Err(error) => tracing::debug!(target: TARGET, cause = %error, "no answer"),
    }
}

/// Logs that a call is sent again after this pause, inside of its span.
pub(crate) fn retried(cause: &str, pause: Duration) {
    tracing::debug!(target: TARGET, cause, ?pause, "retry");
}

/// Logs the end of a call without a result, inside of its span if it was sent.
pub(crate) fn ended(outcome: &Outcome<'_>) {
    match outcome {
        Outcome::Reply(_) => {}
        Outcome::Failed(error) => tracing::debug!(target: TARGET, kind = ?error.kind(), "failed"),
        Outcome::Panicked(_) => tracing::debug!(target: TARGET, "the code of the caller panicked"),
    }
}

/// Logs that a layer of a link was established: the one that was `awaited` until now. Notes the next one there.
pub(crate) fn established(awaited: &mut Option<Stage>, stack: &LayerStack) {
    let (before, after) = (*awaited, stack.stage());
    *awaited = after;
    if let Some(layer) = before.filter(|_| before != after && (after.is_some() || stack.established())) {
        tracing::debug!(target: TARGET, ?layer, stack = %stack.report(), "established");
    }
}

/// Logs that a server, or a proxy, could not be reached at one of its addresses.
pub(crate) fn dial_failed(address: SocketAddr, error: &io::Error) {
    tracing::debug!(target: TARGET, %address, %error, "dial failed");
}
