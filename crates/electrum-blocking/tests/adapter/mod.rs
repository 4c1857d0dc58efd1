//! The blocking client as an adapter of the test suites.

use std::time::Duration;

use electrum_blocking::proto::operations::Raw;
use electrum_blocking::proto::serde_json::Value;
use electrum_blocking::proto::{Phase, Request, Topic};
use electrum_blocking::{Client, ConnectionEvents, NoUpdate, Updates};
use electrum_conformance::session::config;
use electrum_conformance::{Adapter, ConnectionEvent, Failure, Next, Pending, Setup, Source, TopicUpdate};

#[derive(Clone, Copy)]
pub(crate) struct Blocking;

impl Adapter for Blocking {
    type Client = Handle;

    fn connect(&self, setup: Setup) -> Handle {
        Handle(Client::connect(config(setup)).unwrap())
    }
}

#[derive(Clone)]
pub(crate) struct Handle(Client);

impl electrum_conformance::Client for Handle {
    type Updates = Stream<Updates>;
    type Events = Stream<ConnectionEvents>;

    fn call<R>(&self, request: R, timeout: Option<Duration>) -> Result<R::Response, Failure>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        match timeout {
            Some(timeout) => self.0.call_within(timeout, request),
            None => self.0.call(request),
        }
        .map_err(Failure::from)
    }

    fn begin(&self, _: Raw) -> Option<Box<dyn Pending>> {
        // Calls block until they are answered.
        None
    }

    fn batch(&self, requests: Vec<Raw>) -> Vec<Result<Value, Failure>> {
        self.0.batch(requests).into_iter().map(|result| result.map_err(Failure::from)).collect()
    }

    fn subscribe(&self, topics: Vec<Topic>) -> Stream<Updates> {
        Stream(self.0.subscribe_all(topics).unwrap())
    }

    fn events(&self) -> Stream<ConnectionEvents> {
        Stream(self.0.events())
    }

    fn phase(&self) -> Phase {
        self.0.state().phase
    }

    fn close(&self) {
        self.0.close();
    }
}

pub(crate) struct Stream<S>(S);

impl Source<TopicUpdate> for Stream<Updates> {
    fn next(&mut self, within: Duration) -> Next<TopicUpdate> {
        next(self.0.next_within(within))
    }
}

impl Source<ConnectionEvent> for Stream<ConnectionEvents> {
    fn next(&mut self, within: Duration) -> Next<ConnectionEvent> {
        next(self.0.next_within(within))
    }
}

fn next<T: Into<U>, U>(received: Result<T, NoUpdate>) -> Next<U> {
    match received {
        Ok(item) => Next::Item(item.into()),
        Err(NoUpdate::TimedOut) => Next::Nothing,
        Err(NoUpdate::Closed) => Next::End,
    }
}
