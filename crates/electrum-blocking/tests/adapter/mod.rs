//! What the suites of the testkit want of the adapter.

mod terms;

use std::time::Duration;

use electrum_blocking as electrum;
use electrum_blocking::proto::operations::Raw;
use electrum_blocking::proto::{Phase, Request, Topic};
use electrum_blocking::{Client, ConnectionEvents, NextError, Updates};
use electrum_conformance::{Adapter, Change, Failure, Feed, Life, Next, Pending, Setup};
use serde_json::Value;

use self::terms::{change, config, failure, life};

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
        next(self.0.next_within(within), change)
    }
}

pub(crate) struct Events(ConnectionEvents);

impl Feed<Life> for Events {
    fn next(&mut self, within: Duration) -> Next<Life> {
        next(self.0.next_within(within), life)
    }
}

fn next<T, U>(came: Result<T, NextError>, map: impl FnOnce(T) -> U) -> Next<U> {
    match came {
        Ok(item) => Next::Item(map(item)),
        Err(NextError::TimedOut) => Next::Nothing,
        Err(NextError::Closed) => Next::End,
    }
}
