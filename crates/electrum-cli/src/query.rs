//! Sends the requests of a command to a connected server, and reports those that fail.

use std::borrow::Cow;

use electrum_smol::proto::json::{DecodeError, Params, RawJson};
use electrum_smol::proto::{Effect, Method, NotInVersion, ProtocolVersion, Request, VersionRange};
use electrum_smol::transport::{Security, ServerAddr};
use electrum_smol::{Call, CallError};
use futures_lite::future;
use serde::Serialize;

use crate::connection::{Connection, Unconnected};
use crate::failure::{ErrorRecord, Failure, Way};
use crate::output::Output;
use crate::progress::Progress;
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop};

/// A connected server, to which a command sends requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    connection: &'a Connection,
    output: &'a Output,
}

/// A command that failed, as JSON.
#[derive(Serialize)]
struct Failed {
    server: String,
    error: ErrorRecord,
}

/// Connects to the first server that agrees, offering `range` unless the user chose one, and runs some work with it.
pub(crate) async fn with_server(
    options: &ServerOptions,
    range: VersionRange,
    output: &Output,
    work: impl AsyncFnOnce(Query<'_>) -> Outcome,
) -> Outcome {
    let config = options.config(options.servers()?, range)?;
    let proxy = config.route.proxy().map(ToString::to_string);
    let names = config.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let waiting = Progress::waiting(format!("connecting to {names}"));
    let opened = Connection::open(config).await;
    drop(waiting);
    match opened {
        Ok(connection) => {
            let renewal = async { match options.renew_authorization(&connection.client).await {} };
            let outcome = future::or(work(Query { connection: &connection, output }), renewal).await;
            connection.close().await;
            outcome
        }
        Err(unconnected) => {
            for Unconnected { server, cause } in unconnected {
                let way = Way { is_tls: server.security() == Security::Tls, has_proxy: proxy.is_some() };
                let failure = Failure::of_connection(&cause, way);
                report_connection(&server, proxy.as_deref(), &failure, output);
                if output.json {
                    output.object(&Failed { server: server.to_string(), error: failure.record() })?;
                }
            }
            Err(Stop::Failed)
        }
    }
}

/// Reports on stderr that a connection failed.
pub(crate) fn report_connection(server: &ServerAddr, proxy: Option<&str>, failure: &Failure, output: &Output) {
    let through = proxy.map_or_else(String::new, |proxy| format!(" through {proxy}"));
    output.error(&format!("{server}{through} ({})", failure.phase), &failure.words, failure.cause.hint());
}

impl Query<'_> {
    /// Returns the connection to the server.
    pub(crate) const fn connection(&self) -> &Connection {
        self.connection
    }

    /// Returns the server.
    pub(crate) const fn server(&self) -> &ServerAddr {
        &self.connection.server
    }

    /// Returns the negotiated version.
    pub(crate) const fn version(&self) -> ProtocolVersion {
        self.connection.version
    }

    /// Sends a request, without waiting for the answer.
    pub(crate) fn call<R>(&self, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.connection.client.call(request)
    }

    /// Sends a request for `what` and waits for the answer. Reports a failure on stderr.
    pub(crate) async fn ask<R>(&self, what: &str, request: R) -> Result<R::Response, Stop>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let waiting = Progress::waiting(format!("waiting for {what}"));
        let answer = self.call(request).await;
        drop(waiting);
        answer.map_err(|error| self.failed(what, &error))
    }

    /// Reports that the request for `what` failed.
    pub(crate) fn failed(&self, what: &str, error: &CallError) -> Stop {
        self.fail(what, &Failure::of_call(error))
    }

    /// Reports a failure, on stderr and as JSON.
    pub(crate) fn fail(&self, what: &str, failure: &Failure) -> Stop {
        self.explain(what, failure);
        if self.output.json {
            let object = Failed { server: self.server().to_string(), error: failure.record() };
            if let Err(error) = self.output.object(&object) {
                return Stop::Output(error);
            }
        }
        Stop::Failed
    }

    /// Reports a failure on stderr only.
    pub(crate) fn explain(&self, what: &str, failure: &Failure) {
        let Connection { server, software, version, .. } = self.connection;
        let about = format!("{server} (ready, {software}, protocol {version}), asked for {what}");
        self.output.error(&about, &failure.words, failure.cause.hint());
    }
}

/// A request that is not sent again when the connection is lost: some servers close it instead of refusing a method,
/// and would do so again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Once<R>(pub(crate) R);

impl<R: Request> Request for Once<R> {
    const NAME: &'static str = R::NAME;
    const METHODS: &'static [Method] = R::METHODS;
    type Response = R::Response;

    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        self.0.method(version)
    }

    fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        self.0.params(version, params);
    }

    fn decode(&self, version: ProtocolVersion, result: RawJson<'_>) -> Result<R::Response, DecodeError> {
        self.0.decode(version, result)
    }

    fn effect(&self) -> Effect {
        Effect::Changes
    }
}
