//! What the suites of the testkit say, in the terms of the session, and back. All adapters that are made of it share this.

use electrum_conformance::{Failure, Life, Setup};

use super::electrum::transport::{Route, ServerAddr};
use super::electrum::{CallError, Config, ConnectionEvent, NoAnswer, TopicUpdate};

pub(super) fn config(setup: Setup) -> Config {
    let servers = setup.servers.iter().map(|server| server.parse::<ServerAddr>().unwrap());
    let mut config = Config::new(servers);
    if let Some(proxy) = setup.proxy {
        config.route = Route::direct().with_proxy(proxy.parse().unwrap()).with_timeout_factor(1);
    }
    config.protocol = setup.protocol;
    config.queue = setup.queue;
    config
}

pub(super) fn change(update: TopicUpdate) -> electrum_conformance::Change {
    electrum_conformance::Change { topic: update.topic, value: update.value, origin: update.origin }
}

pub(super) fn life(event: ConnectionEvent) -> Life {
    match event {
        ConnectionEvent::Connecting { server } => Life::Connecting { server: server.to_string() },
        ConnectionEvent::Ready { server, software, version, .. } => {
            Life::Ready { server: server.to_string(), software, version }
        }
        ConnectionEvent::Down { server, cause, retry_in, .. } => {
            Life::Down { server: server.to_string(), cause, retry_in }
        }
        other => panic!("not known: {other:?}"),
    }
}

pub(super) fn failure(error: CallError) -> Failure {
    match error {
        CallError::Server(error) => Failure::Server { code: error.code, message: error.message },
        CallError::Decode(error) => Failure::Decode(error.to_string()),
        CallError::TimedOut => Failure::TimedOut,
        CallError::Unsent { why } => Failure::Unsent(why),
        CallError::MaybeSent { reason: NoAnswer::ConnectionLost } => Failure::Lost,
        CallError::MaybeSent { reason: NoAnswer::TimedOut } => Failure::TimedOut,
        CallError::QueueFull { .. } => Failure::QueueFull,
        CallError::Closed => Failure::Closed,
        other => Failure::Other(other.to_string()),
    }
}
