//! Connects to the first of several servers that agrees on a version, without retries.

use std::time::Duration;

use electrum_smol::proto::{DownCause, Phase, ProtocolVersion, Side};
use electrum_smol::transport::{LayerReport, ServerAddr};
use electrum_smol::{Client, Config, ConnectionEvent};
use smol::Task;

/// A connection whose version is negotiated.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) server: ServerAddr,
    pub(crate) software: String,
    pub(crate) version: ProtocolVersion,
    pub(crate) handshake: Duration,
    pub(crate) link: LayerReport,
    driver: Task<()>,
}

/// A server with which no version was negotiated.
#[derive(Debug)]
pub(crate) struct Unconnected {
    pub(crate) server: ServerAddr,
    /// Why the last attempt failed.
    pub(crate) cause: DownCause,
}

impl Connection {
    /// Connects to the first server that agrees, trying each once, or once for each form of the offer. If none agrees,
    /// no connection stays open.
    pub(crate) async fn open(config: Config) -> Result<Self, Vec<Unconnected>> {
        let servers = config.servers.clone();
        // A server that refuses a pair of versions is offered a single one next, unless the user chose the offers.
        let has_fallback =
            config.protocol.offers.is_empty() && config.protocol.versions.contains(ProtocolVersion::V1_4);
        let (client, driver) = electrum_smol::client(config);
        let mut events = client.events();
        let driver = smol::spawn(driver);
        let mut failed: Vec<(Unconnected, bool)> = Vec::new();
        loop {
            match events.next().await {
                Some(ConnectionEvent::Ready { server, software, version, handshake, link, .. }) => {
                    return Ok(Self { client, server, software, version, handshake, link, driver });
                }
                Some(ConnectionEvent::Down { server, cause, .. }) => {
                    let earlier = failed.iter_mut().find(|(earlier, _)| earlier.server == server);
                    let is_over = earlier.is_some() || !(has_fallback && may_take_another_form(&cause));
                    match earlier {
                        Some(earlier) => *earlier = (Unconnected { server, cause }, is_over),
                        None => failed.push((Unconnected { server, cause }, is_over)),
                    }
                }
                Some(_) => {}
                None => {
                    let cause =
                        DownCause::Connect { side: Side::Caller, layer: None, message: "the client was closed".into() };
                    failed.extend(
                        servers
                            .iter()
                            .map(|server| (Unconnected { server: server.clone(), cause: cause.clone() }, true)),
                    );
                }
            }
            let is_over =
                |server: &ServerAddr| failed.iter().any(|(failed, is_over)| *is_over && failed.server == *server);
            if servers.iter().all(is_over) {
                end(&client, driver).await;
                return Err(failed.into_iter().map(|(failed, _)| failed).collect());
            }
        }
    }

    /// Opens a connection, or returns why there is none to the last of the servers.
    pub(crate) async fn open_last(config: Config) -> Result<Self, DownCause> {
        let closed = DownCause::Closed { during: Phase::Connecting };
        Self::open(config).await.map_err(|failed| failed.into_iter().next_back().map_or(closed, |failed| failed.cause))
    }

    /// Closes the connection, and returns when the socket is closed.
    pub(crate) async fn close(self) {
        end(&self.client, self.driver).await;
    }
}

/// Whether the server may agree to the same versions offered in another form.
const fn may_take_another_form(cause: &DownCause) -> bool {
    matches!(
        cause,
        DownCause::Refused { .. }
            | DownCause::Closed { during: Phase::Handshaking }
            | DownCause::Reset { during: Phase::Handshaking, .. }
    )
}

async fn end(client: &Client, driver: Task<()>) {
    client.close();
    driver.await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use electrum_testkit::prelude::*;

    /// A time-out that is reached only by what never ends.
    const BOUND: Duration = Duration::from_secs(20);

    #[test]
    fn no_connection_is_left_behind_whatever_came_of_it() {
        for (range, is_ready) in [("1.4", true), ("2.0..3.0", false)] {
            // Servers of both families leave it to the client to close the connection after a refusal.
            for family in [Family::ElectrumX1_10, Family::Electrs] {
                let server = Server::start(family);
                let mut config = Config::from(server.url().parse::<ServerAddr>().unwrap());
                config.protocol.versions = range.parse().unwrap();
                config.protocol.offers = vec![config.protocol.versions.into()];
                smol::block_on(async {
                    let opened = Connection::open(config).await;
                    assert_eq!(opened.is_ok(), is_ready);
                    if let Ok(connection) = opened {
                        connection.close().await;
                    }
                });
                assert!(
                    server.wait_until(BOUND, |stats| stats.connections == 1 && stats.open == 0),
                    "{family}, {range}"
                );
            }
        }
    }
}
