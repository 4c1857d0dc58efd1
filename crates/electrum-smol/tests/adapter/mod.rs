//! What the suites of the testkit want of the adapter.

mod terms;

use std::time::Duration;

use electrum_conformance::{Adapter, Change, Failure, Feed, Life, Next, Pending, Setup};
use electrum_smol as electrum;
use electrum_smol::proto::operations::Raw;
use electrum_smol::proto::{Phase, Request, Topic};
use electrum_smol::{Call, Client, ConnectionEvents, Updates};
use futures_lite::{FutureExt, Stream, StreamExt};
use serde_json::Value;
use smol::Timer;

use self::terms::{change, config, failure, life};

#[derive(Clone, Copy)]
pub(crate) struct Smol;

impl Adapter for Smol {
    type Client = Handle;

    fn connect(&self, setup: Setup) -> Handle {
        Handle(electrum_smol::connect(config(setup)))
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
        let call = match timeout {
            Some(timeout) => self.0.call_within(timeout, request),
            None => self.0.call(request),
        };
        smol::block_on(call).map_err(failure)
    }

    fn begin(&self, request: Raw) -> Option<Box<dyn Pending>> {
        Some(Box::new(Begun(self.0.call(request))))
    }

    fn batch(&self, requests: Vec<Raw>) -> Vec<Result<Value, Failure>> {
        smol::block_on(self.0.batch(requests)).into_iter().map(|result| result.map_err(failure)).collect()
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

struct Begun(Call<Value>);

impl Pending for Begun {
    fn wait(self: Box<Self>) -> Result<Value, Failure> {
        smol::block_on(self.0).map_err(failure)
    }
}

pub(crate) struct Changes(Updates);

impl Feed<Change> for Changes {
    fn next(&mut self, within: Duration) -> Next<Change> {
        next(&mut self.0, within, change)
    }
}

pub(crate) struct Events(ConnectionEvents);

impl Feed<Life> for Events {
    fn next(&mut self, within: Duration) -> Next<Life> {
        next(&mut self.0, within, life)
    }
}

fn next<S: Stream + Unpin, T>(stream: &mut S, within: Duration, map: impl FnOnce(S::Item) -> T) -> Next<T> {
    let item = async { stream.next().await.map_or(Next::End, |item| Next::Item(map(item))) };
    let nothing = async {
        Timer::after(within).await;
        Next::Nothing
    };
    smol::block_on(item.or(nothing))
}
