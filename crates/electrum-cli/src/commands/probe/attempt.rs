//! One attempt to agree on a version with one server, and how it is shown.

use std::time::Duration;

use electrum_smol::proto::operations::Header;
use electrum_smol::proto::types::BlockHash;
use electrum_smol::proto::{DownCause, Phase, ProtocolVersion, VersionRange};
use electrum_smol::transport::{LinkReport, PinState, Security, ServerAddr};
use electrum_smol::{CallError, Config};
use serde::Serialize;

use crate::connection::{Connection, Unconnected};
use crate::failure::{Failure, Way};
use crate::query::Once;
use crate::server_features::{self, Said};

/// What came of an attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) server: ServerAddr,
    /// What was offered.
    pub(crate) range: VersionRange,
    /// The proxy on the way.
    pub(crate) proxy: Option<String>,
    pub(crate) outcome: Result<Agreed, DownCause>,
}

/// A server that agreed, and what it says of itself.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) software: String,
    pub(crate) version: ProtocolVersion,
    pub(crate) handshake: Duration,
    pub(crate) link: LinkReport,
    /// What it answers to `server.features`.
    pub(crate) features: Result<Said, CallError>,
    /// The hash of the first block of the chain that it serves, if it says so.
    pub(crate) genesis_hash: Option<BlockHash>,
}

/// Connects to the one server that `config` names, offers `range`, and asks what the server is.
pub(crate) async fn attempt(server: ServerAddr, mut config: Config, range: VersionRange) -> Attempt {
    config.protocol.offers = vec![range.into()];
    let proxy = config.route.proxy().map(ToString::to_string);
    let outcome = match Connection::open(config).await {
        Err(unconnected) => Err(last_cause(unconnected)),
        Ok(connection) => {
            let (genesis_hash, features) = ask(&connection).await;
            let agreed = Agreed {
                software: connection.software.clone(),
                version: connection.version,
                handshake: connection.handshake,
                link: connection.link.clone(),
                features,
                genesis_hash,
            };
            connection.close().await;
            Ok(agreed)
        }
    };
    Attempt { server, range, proxy, outcome }
}

/// Asks a server for its chain and its features.
async fn ask(connection: &Connection) -> (Option<BlockHash>, Result<Said, CallError>) {
    // All have the header, and some close the connection when they are asked for features.
    let header = connection.client.call(Once(Header { height: 0 })).await;
    let said = server_features::ask(connection).await;
    let of_features = || Some(said.as_ref().ok()?.features.as_ref().ok()?.genesis_hash);
    let genesis_hash = header.ok().map(|header| header.block_hash()).or_else(of_features);
    (genesis_hash, said)
}

/// An attempt as JSON.
#[derive(Serialize)]
struct Record {
    server: String,
    route: String,
    range: String,
    #[serde(flatten)]
    outcome: OutcomeRecord,
}

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
enum OutcomeRecord {
    Ready {
        software: String,
        version: String,
        handshake_ms: f64,
        genesis_hash: Option<String>,
        tls: Option<&'static str>,
        fingerprint: Option<String>,
        pin: Option<&'static str>,
    },
    Down {
        cause: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
        message: String,
        hint: &'static str,
    },
}

/// Why there is no connection to the one server that was tried.
fn last_cause(unconnected: Vec<Unconnected>) -> DownCause {
    let closed = || DownCause::Closed { during: Phase::Connecting };
    unconnected.into_iter().next_back().map_or_else(closed, |unconnected| unconnected.cause)
}

impl Attempt {
    /// What failed, in words.
    pub(crate) fn failure(&self, cause: &DownCause) -> Failure {
        let is_tls = self.server.security() == Security::Tls;
        Failure::of_connection(cause, Way { is_tls, has_proxy: self.proxy.is_some() })
    }

    /// The attempt as a JSON object.
    pub(crate) fn record(&self) -> impl Serialize + use<> {
        let outcome = match &self.outcome {
            Ok(agreed) => {
                let tls = agreed.link.tls.as_ref();
                OutcomeRecord::Ready {
                    software: agreed.software.clone(),
                    version: agreed.version.to_string(),
                    handshake_ms: agreed.handshake_ms(),
                    genesis_hash: agreed.genesis_hash.map(|hash| hash.to_string()),
                    tls: tls.map(|tls| tls.version),
                    fingerprint: tls.map(|tls| tls.fingerprint.to_string()),
                    pin: tls.map(|tls| pin_name(tls.pin)),
                }
            }
            Err(cause) => {
                let error = self.failure(cause);
                let hint = error.cause.hint();
                OutcomeRecord::Down { cause: cause.name(), code: error.code, message: error.message, hint }
            }
        };
        let (server, range) = (self.server.to_string(), self.range.to_string());
        Record { server, route: route(self.proxy.as_deref()), range, outcome }
    }
}

/// The way to a server.
pub(crate) fn route(proxy: Option<&str>) -> String {
    proxy.unwrap_or("direct").to_owned()
}

/// Why a certificate was accepted, in one word.
const fn pin_name(pin: PinState) -> &'static str {
    match pin {
        PinState::Ca => "ca",
        PinState::CaReplaced => "ca_replaced",
        PinState::New => "new",
        PinState::Known => "known",
        PinState::Replaced => "replaced",
        PinState::Given => "given",
        PinState::Insecure => "insecure",
        _ => "accepted",
    }
}

impl Agreed {
    /// The time of the handshake in milliseconds, to the microsecond.
    pub(crate) fn handshake_ms(&self) -> f64 {
        // Exact far beyond any time that a handshake may take.
        self.handshake.as_micros() as f64 / 1000.0
    }
}
