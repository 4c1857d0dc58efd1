//! Checks that a server agrees on a version; if not, finds out which other options would work.

use electrum_smol::Config;
use electrum_smol::proto::{DownCause, ProtocolVersion, VersionRange};
use electrum_smol::transport::{Security, ServerAddr, Trust};

use super::finding::Findings;
use crate::causes::Cause;
use crate::connection::Connection;
use crate::failure::{Failure, Way};
use crate::versions::range;

/// The versions that servers are known to speak, the newest first.
const VERSIONS: [ProtocolVersion; 7] = [
    ProtocolVersion::V1_7,
    ProtocolVersion::V1_6,
    ProtocolVersion::V1_4,
    ProtocolVersion::V1_3,
    ProtocolVersion::V1_2,
    ProtocolVersion::V1_1,
    ProtocolVersion::V1_0,
];

/// Connects and negotiates a version, or finds out why that fails.
pub(super) async fn connect(server: &ServerAddr, config: &Config, findings: &mut Findings) -> Option<Connection> {
    let cause = match Connection::open_last(config.clone()).await {
        Ok(connection) => return Some(connection),
        Err(cause) => cause,
    };
    let is_tls = server.security() == Security::Tls;
    let failure = Failure::of_connection(&cause, Way { is_tls, has_proxy: config.route.proxy().is_some() });
    diagnose(server, config, &failure, &cause, findings).await;
    None
}

async fn diagnose(server: &ServerAddr, config: &Config, failure: &Failure, cause: &DownCause, findings: &mut Findings) {
    let is_tls = server.security() == Security::Tls;
    if may_be_the_other_kind_of_port(failure.cause) && agrees(other_security(server, config)).await {
        let (host, port) = (server.host(), server.port());
        if is_tls {
            let hint = format!("write tcp://{host}:{port}: this port does not speak TLS");
            findings.fault("encryption", "no_tls_here", "the server speaks plain text at this port, not TLS", &hint);
        } else {
            let hint = format!("write ssl://{host}:{port}: this port wants TLS");
            findings.fault("encryption", "tls_wanted", "the server wants TLS at this port", &hint);
        }
        return;
    }
    if is_tls && matches!(failure.cause, Cause::Tls | Cause::Here) {
        let mut trusting = config.clone();
        trusting.route = trusting.route.with_trust(Trust::Insecure);
        if agrees(trusting).await {
            findings.fault("certificate", "certificate", failure.words.clone(), failure.cause.hint());
            return;
        }
    }
    if let DownCause::Malformed { excerpt, .. } = cause {
        if excerpt.contains("HTTP/") || excerpt.contains("<html") || excerpt.contains("<HTML") {
            let hint = "check the port: a web server answers at this one";
            findings.fault("protocol", "web_server", failure.words.clone(), hint);
            return;
        }
    }
    if matches!(failure.cause, Cause::Refused | Cause::OutOfRange | Cause::HungUp | Cause::HungUpTls) {
        if let Some(version) = spoken(config).await {
            let hint = format!("offer what it speaks: --range {version}");
            let words = format!("{}; it speaks {version}", failure.words);
            findings.fault("versions", "other_versions", words, &hint);
            return;
        }
    }
    findings.failure("protocol", failure);
}

const fn may_be_the_other_kind_of_port(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::HungUp
            | Cause::Malformed
            | Cause::HandshakeTimeout
            | Cause::Tls
            | Cause::TlsUnsupported
            | Cause::RefusedByHost
            | Cause::ConnectTimeoutTls
            | Cause::Unreachable
            | Cause::Dropped
    )
}

fn other_security(server: &ServerAddr, config: &Config) -> Config {
    let security = match server.security() {
        Security::Tls => Security::Tcp,
        Security::Tcp => Security::Tls,
    };
    let mut config = config.clone();
    config.servers = vec![ServerAddr::new(server.host().clone(), server.port(), security)];
    config.route = config.route.with_trust(Trust::Insecure);
    config
}

/// Returns a version that the server accepts when it is offered alone.
async fn spoken(config: &Config) -> Option<ProtocolVersion> {
    for version in VERSIONS {
        let mut config = config.clone();
        let only: VersionRange = range(version, version);
        config.protocol.versions = only;
        if agrees(config).await {
            return Some(version);
        }
    }
    None
}

async fn agrees(config: Config) -> bool {
    match Connection::open_last(config).await {
        Ok(connection) => {
            connection.close().await;
            true
        }
        Err(_) => false,
    }
}
