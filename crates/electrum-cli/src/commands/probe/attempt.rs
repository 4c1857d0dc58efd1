//! One attempt to negotiate a version with one server, and its output.

use std::time::Duration;

use electrum_smol::proto::operations::Header;
use electrum_smol::proto::types::BlockHash;
use electrum_smol::proto::{DownCause, ProtocolVersion, VersionRange};
use electrum_smol::transport::{LayerReport, PinState, Security, ServerAddr};
use electrum_smol::{CallError, Config};
use serde::Serialize;

use crate::connection::Connection;
use crate::failure::{Failure, Way};
use crate::query::Once;
use crate::server_features::{self, Said};

/// The result of an attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) server: ServerAddr,
    /// The versions that were offered.
    pub(crate) range: VersionRange,
    /// The proxy, if one was used.
    pub(crate) proxy: Option<String>,
    pub(crate) outcome: Result<Agreed, DownCause>,
}

/// A server that agreed on a version, and what it says about itself.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) software: String,
    pub(crate) version: ProtocolVersion,
    pub(crate) handshake: Duration,
    pub(crate) link: LayerReport,
    /// Its answer to `server.features`.
    pub(crate) features: Result<Said, CallError>,
    /// The hash of the first block of its chain, if it says so.
    pub(crate) genesis_hash: Option<BlockHash>,
}

/// Connects to the only server of `config`, offers `range`, and requests the server's chain and features.
pub(crate) async fn attempt(server: ServerAddr, mut config: Config, range: VersionRange) -> Attempt {
    config.protocol.offers = vec![range.into()];
    let proxy = config.route.proxy().map(ToString::to_string);
    let outcome = match Connection::open_last(config).await {
        Err(cause) => Err(cause),
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
    // The header first: every server has it, and some close the connection on a request for features.
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

impl Attempt {
    /// Returns the failure of the attempt.
    pub(crate) fn failure(&self, cause: &DownCause) -> Failure {
        let is_tls = self.server.security() == Security::Tls;
        Failure::of_connection(cause, Way { is_tls, has_proxy: self.proxy.is_some() })
    }

    /// Returns the attempt as JSON.
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

/// Formats the route to a server.
pub(crate) fn route(proxy: Option<&str>) -> String {
    proxy.unwrap_or("direct").to_owned()
}

/// Returns why a certificate was accepted, in one word.
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
    /// Returns the time of the handshake in milliseconds, with microseconds as decimals.
    pub(crate) fn handshake_ms(&self) -> f64 {
        // Exact for any time that a handshake may take.
        self.handshake.as_micros() as f64 / 1000.0
    }
}
