//! One connection to one server, which is either made at the first attempt or not at all.

use std::time::Duration;

use electrum_smol::proto::{DownCause, ProtocolVersion, Side};
use electrum_smol::transport::LinkReport;
use electrum_smol::{Client, Config, ConnectionEvent};
use futures_lite::StreamExt;
use smol::Task;

/// A connection whose version is negotiated.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) software: String,
    pub(crate) version: ProtocolVersion,
    pub(crate) handshake: Duration,
    pub(crate) link: LinkReport,
    driver: Task<()>,
}

impl Connection {
    /// Connects and negotiates once. If that fails nothing is left open.
    pub(crate) async fn open(config: Config) -> Result<Self, DownCause> {
        let (client, driver) = electrum_smol::client(config);
        let mut events = client.events();
        let driver = smol::spawn(driver);
        let cause = loop {
            match events.next().await {
                Some(ConnectionEvent::Ready { software, version, handshake, link, .. }) => {
                    return Ok(Self { client, software, version, handshake, link, driver });
                }
                Some(ConnectionEvent::Down { cause, .. }) => break cause,
                Some(_) => {}
                None => break DownCause::Connect { side: Side::Caller, message: "the client was closed".into() },
            }
        };
        end(&client, driver).await;
        Err(cause)
    }

    /// Closes the connection, and returns when the socket is gone.
    pub(crate) async fn close(self) {
        end(&self.client, self.driver).await;
    }
}

async fn end(client: &Client, driver: Task<()>) {
    client.close();
    driver.await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use electrum_testkit::prelude::*;

    /// How long something may take that takes no time.
    const BOUND: Duration = Duration::from_secs(20);

    #[test]
    fn no_connection_is_left_behind_whatever_came_of_it() {
        for (range, is_ready) in [("1.4", true), ("2.0..3.0", false)] {
            // Both leave it to the client to close after a refusal.
            for family in [Family::ElectrumX1_10, Family::Electrs] {
                let server = Server::start(family);
                let mut config = Config::from(server.url().parse::<electrum_smol::transport::ServerAddr>().unwrap());
                config.protocol.versions = range.parse().unwrap();
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
