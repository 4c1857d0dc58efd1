//! Both adapters of the project, for tests that are to hold with each.
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::time::{Duration, Instant};

use electrum_blocking::proto::types::{RawHeader, ScriptStatus};
use electrum_blocking::proto::{Backoff, DownCause, Origin, Request, Script, Tip, Topic, Update};
use electrum_blocking::transport::{Fingerprint, TlsReport};
use electrum_blocking::{CallError, Config, ConnectionEvent, TopicUpdate};
use real_servers::{Bitcoind, Wire, scripthash, until};
use serde_json::json;

/// For whatever is awaited. The slowest servers look at bitcoind every five seconds, blocks before mempool.
pub(crate) const BOUND: Duration = Duration::from_secs(90);

/// A client of one of the two adapters.
pub(crate) enum Client {
    Blocking(electrum_blocking::Client),
    Smol(electrum_smol::Client),
}

/// One client of each adapter.
pub(crate) fn both(config: &Config) -> [Client; 2] {
    [
        Client::Blocking(electrum_blocking::Client::connect(config.clone()).expect("a thread")),
        Client::Smol(electrum_smol::connect(config.clone())),
    ]
}

/// A client of these servers that tries again soon.
pub(crate) fn config<'a>(servers: impl IntoIterator<Item = &'a str>) -> Config {
    let mut config = Config::new(servers.into_iter().map(|server| server.parse().expect("an address")));
    config.protocol.backoff = Backoff {
        initial: Duration::from_millis(50),
        cap: Duration::from_millis(200),
        set_aside: Duration::from_millis(200),
        ..Backoff::default()
    };
    config
}

/// The same, for those that shall not try a second time.
pub(crate) fn trying_once(mut config: Config) -> Config {
    let never = Duration::from_secs(3600);
    config.protocol.backoff = Backoff { initial: never, cap: never, ..Backoff::default() };
    config
}

impl Client {
    pub(crate) fn call<R>(&self, request: R) -> Result<R::Response, CallError>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        match self {
            Self::Blocking(client) => client.call(request),
            Self::Smol(client) => smol::block_on(client.call(request)),
        }
    }

    pub(crate) fn events(&self) -> Events {
        match self {
            Self::Blocking(client) => Events::Blocking(client.events()),
            Self::Smol(client) => Events::Smol(client.events()),
        }
    }

    pub(crate) fn subscribe(&self, topics: impl IntoIterator<Item = Topic>) -> Updates {
        match self {
            Self::Blocking(client) => Updates::Blocking(client.subscribe_all(topics).expect("room")),
            Self::Smol(client) => Updates::Smol(client.subscribe_all(topics).expect("room")),
        }
    }
}

/// What happens to a client's connection.
pub(crate) enum Events {
    Blocking(electrum_blocking::ConnectionEvents),
    Smol(electrum_smol::ConnectionEvents),
}

/// Updates of subscribed topics.
pub(crate) enum Updates {
    Blocking(electrum_blocking::Updates),
    Smol(electrum_smol::Updates),
}

impl Events {
    pub(crate) fn next(&mut self, within: Duration) -> Option<ConnectionEvent> {
        match self {
            Self::Blocking(events) => events.next_within(within).ok(),
            Self::Smol(events) => smol::block_on(events.next_within(within)).ok(),
        }
    }

    /// The next event that is wanted.
    #[track_caller]
    pub(crate) fn wait<T>(&mut self, what: &str, wanted: impl Fn(&ConnectionEvent) -> Option<T>) -> T {
        let end = Instant::now() + BOUND;
        let mut others = Vec::new();
        while let Some(event) = self.next(end.saturating_duration_since(Instant::now())) {
            if let Some(found) = wanted(&event) {
                return found;
            }
            others.push(event);
        }
        others.truncate(8);
        panic!("waited in vain for {what}; there was {others:#?}");
    }

    /// The software and version of the next connection.
    #[track_caller]
    pub(crate) fn ready(&mut self) -> (String, String) {
        self.wait("a connection", |event| match event {
            ConnectionEvent::Ready { software, version, .. } => Some((software.clone(), version.to_string())),
            _ => None,
        })
    }

    /// What TLS came to on the next connection.
    #[track_caller]
    pub(crate) fn secured(&mut self) -> TlsReport {
        self.wait("a connection", |event| match event {
            ConnectionEvent::Ready { link, .. } => Some(link.tls.clone().expect("TLS")),
            _ => None,
        })
    }

    /// Why the next connection ended or could not be made.
    #[track_caller]
    pub(crate) fn down(&mut self) -> DownCause {
        self.wait("the end of a connection", |event| match event {
            ConnectionEvent::Down { cause, .. } => Some(cause.clone()),
            _ => None,
        })
    }
}

impl Updates {
    pub(crate) fn next_within(&mut self, within: Duration) -> Option<TopicUpdate> {
        match self {
            Self::Blocking(updates) => updates.next_within(within).ok(),
            Self::Smol(updates) => smol::block_on(updates.next_within(within)).ok(),
        }
    }

    #[track_caller]
    pub(crate) fn next(&mut self) -> TopicUpdate {
        self.next_within(BOUND).expect("a change in time")
    }

    /// The next change, which must be a tip.
    #[track_caller]
    pub(crate) fn tip(&mut self) -> (Tip, Origin) {
        let change = self.next();
        match change.value {
            Ok(Update::Headers(tip)) => (tip, change.origin),
            other => panic!("a tip was due, and there was {other:?}"),
        }
    }

    /// The next change, which must be a status.
    #[track_caller]
    pub(crate) fn status(&mut self) -> (Option<ScriptStatus>, Origin) {
        let change = self.next();
        match change.value {
            Ok(Update::Script(status)) => (status, change.origin),
            other => panic!("a status was due, and there was {other:?}"),
        }
    }
}

/// The tip as bitcoind has it.
pub(crate) fn tip_of(bitcoind: &Bitcoind) -> Tip {
    let height = bitcoind.height();
    Tip { height, header: RawHeader::from_hex(&bitcoind.header(height)).expect("a header") }
}

/// The topic of a script.
pub(crate) fn topic(script: &[u8]) -> Topic {
    Topic::Script(Script::new(script))
}

/// The status of a script as a plain client sees it on a connection of its own, once its history is this.
#[track_caller]
pub(crate) fn status_once(port: u16, script: &[u8], history: &[(String, i64)]) -> Option<ScriptStatus> {
    let mut wire = Wire::negotiated(port, "1.4");
    until(BOUND, "the history", || (wire.history(script) == history).then_some(()));
    let status = wire.call("blockchain.scripthash.subscribe", &json!([scripthash(script)])).expect("a status");
    status.as_str().map(|digits| digits.parse().expect("a status"))
}

/// A fingerprint from openssl's digits.
pub(crate) fn fingerprint(certificate: &real_servers::Certificate) -> Fingerprint {
    certificate.fingerprint().parse().expect("a fingerprint")
}
