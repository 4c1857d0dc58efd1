//! What the suites of the testkit want of the adapter.

use std::time::Duration;

use electrum_blocking::proto::operations::Raw;
use electrum_blocking::proto::{Phase, Request, Topic};
use electrum_blocking::transport::{Route, ServerAddr};
use electrum_blocking::{CallError, Client, Config, LifeEvent, LifeEvents, Updates};
use electrum_testkit::conformance::{self, Adapter, Change, Failure, Feed, Life, Next, Pending, Setup};
use serde_json::Value;

#[derive(Clone, Copy)]
pub(crate) struct Blocking;

impl Adapter for Blocking {
    type Client = Handle;

    fn connect(&self, setup: Setup) -> Handle {
        let servers = setup.servers.iter().map(|server| server.parse::<ServerAddr>().unwrap());
        let mut config = Config::new(servers);
        if let Some(proxy) = setup.proxy {
            config.route = Route::direct().with_proxy(proxy.parse().unwrap()).with_timeout_factor(1);
        }
        config.protocol = setup.protocol;
        config.queue = setup.queue;
        Handle(Client::connect(config).unwrap())
    }
}

#[derive(Clone)]
pub(crate) struct Handle(Client);

impl conformance::Client for Handle {
    type Updates = Changes;
    type Events = Events;

    fn call<R>(&self, request: R, timeout: Option<Duration>) -> Result<R::Response, Failure>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        match timeout {
            Some(timeout) => self.0.call_within(timeout, request),
            None => self.0.call(request),
        }
        .map_err(failure)
    }

    fn begin(&self, _: Raw) -> Option<Box<dyn Pending>> {
        // Calls block until they are answered.
        None
    }

    fn batch(&self, requests: Vec<Raw>) -> Vec<Result<Value, Failure>> {
        self.0.batch(requests).into_iter().map(|result| result.map_err(failure)).collect()
    }

    fn subscribe(&self, topics: Vec<Topic>) -> Changes {
        Changes(self.0.subscribe_all(topics).unwrap())
    }

    fn events(&self) -> Events {
        Events(self.0.events())
    }

    fn phase(&self) -> Phase {
        self.0.state().phase
    }

    fn close(&self) {
        self.0.close();
    }
}

pub(crate) struct Changes(Updates);

impl Feed<Change> for Changes {
    fn next(&mut self, within: Duration) -> Next<Change> {
        match self.0.next_within(within) {
            Some(Some(change)) => {
                Next::Item(Change { topic: change.topic, value: change.value, origin: change.origin })
            }
            Some(None) => Next::End,
            None => Next::Nothing,
        }
    }
}

pub(crate) struct Events(LifeEvents);

impl Feed<Life> for Events {
    fn next(&mut self, within: Duration) -> Next<Life> {
        match self.0.next_within(within) {
            Some(Some(event)) => Next::Item(life(event)),
            Some(None) => Next::End,
            None => Next::Nothing,
        }
    }
}

fn life(event: LifeEvent) -> Life {
    match event {
        LifeEvent::Connecting { server } => Life::Connecting { server: server.to_string() },
        LifeEvent::Ready { server, software, version, .. } => {
            Life::Ready { server: server.to_string(), software, version }
        }
        LifeEvent::Down { server, cause, retry_in, .. } => Life::Down { server: server.to_string(), cause, retry_in },
        other => panic!("not known: {other:?}"),
    }
}

fn failure(error: CallError) -> Failure {
    match error {
        CallError::Server(error) => Failure::Server { code: error.code, message: error.message },
        CallError::Decode(error) => Failure::Decode(error.to_string()),
        CallError::TimedOut => Failure::TimedOut,
        CallError::Unsent { why } => Failure::Unsent(why),
        CallError::Lost => Failure::Lost,
        CallError::QueueFull { .. } => Failure::QueueFull,
        CallError::Closed => Failure::Closed,
        other => Failure::Other(other.to_string()),
    }
}
