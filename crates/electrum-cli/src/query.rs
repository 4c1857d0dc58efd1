//! A negotiated server that a command asks, and the report of what it could not answer.

use std::borrow::Cow;

use electrum_smol::proto::json::{DecodeError, Params, RawJson};
use electrum_smol::proto::{Effect, Method, NotInVersion, ProtocolVersion, Request, VersionRange};
use electrum_smol::transport::ServerAddr;
use electrum_smol::{Call, CallError};
use serde::Serialize;

use crate::connection::Connection;
use crate::failure::{self, ErrorRecord};
use crate::output::Output;
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop};

/// A server that agreed on a version, to be asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    server: &'a ServerAddr,
    connection: &'a Connection,
    output: &'a Output,
}

/// A command that came to nothing, as JSON.
#[derive(Serialize)]
struct Failed {
    server: String,
    error: ErrorRecord,
}

/// Connects to a server, offering `range` unless the user named one, and does some work with it.
pub(crate) async fn with_server(
    server: &ServerAddr,
    options: &ServerOptions,
    range: VersionRange,
    output: &Output,
    work: impl AsyncFnOnce(Query<'_>) -> Outcome,
) -> Outcome {
    let config = options.config([server.clone()], range)?;
    let proxy = config.route.proxy().map(ToString::to_string);
    match Connection::open(config).await {
        Ok(connection) => {
            let outcome = work(Query { server, connection: &connection, output }).await;
            connection.close().await;
            outcome
        }
        Err(cause) => {
            failure::complain(server, proxy.as_deref(), &cause, output);
            if output.json {
                output.object(&Failed { server: server.to_string(), error: (&cause).into() })?;
            }
            Err(Stop::Failed)
        }
    }
}

impl Query<'_> {
    /// The version that was agreed on.
    pub(crate) const fn version(&self) -> ProtocolVersion {
        self.connection.version
    }

    /// Asks, without waiting.
    pub(crate) fn call<R>(&self, request: R) -> Call<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.connection.client.call(request)
    }

    /// Asks for `what`, and says on stderr if there is none.
    pub(crate) async fn ask<R>(&self, what: &str, request: R) -> Result<R::Response, Stop>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        match self.call(request).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.failed(what, &error)),
        }
    }

    /// Says that `what` could not be had.
    pub(crate) fn failed(&self, what: &str, error: &CallError) -> Stop {
        self.say(what, &error.to_string(), failure::operation_advice(error), error.into())
    }

    /// Reports that `what` the server answered cannot be true, or is not what was wanted.
    pub(crate) fn wrong(&self, what: &str, why: &str, advice: &str) -> Stop {
        self.say(what, why, advice, ErrorRecord { code: None, message: why.to_owned() })
    }

    fn say(&self, what: &str, why: &str, advice: &str, error: ErrorRecord) -> Stop {
        let Connection { software, version, .. } = self.connection;
        let about = format!("{} (ready, {software}, protocol {version}), asked for {what}", self.server);
        self.output.error(&about, why, advice);
        if self.output.json {
            if let Err(error) = self.output.object(&Failed { server: self.server.to_string(), error }) {
                return Stop::Output(error);
            }
        }
        Stop::Failed
    }
}

/// A request that is not made again when the connection is lost: some servers close it instead of refusing a method,
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
