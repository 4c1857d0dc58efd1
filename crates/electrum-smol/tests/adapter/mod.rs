//! What the suites of the testkit want of the adapter.

use std::time::Duration;

use electrum_smol::proto::operations::Raw;
use electrum_smol::proto::{Phase, Request, Topic};
use electrum_smol::transport::{Route, ServerAddr};
use electrum_smol::{Call, CallError, Client, Config, LifeEvent, LifeEvents, Updates};
use electrum_testkit::conformance::{self, Adapter, Change, Failure, Feed, Life, Next, Pending, Setup};
use futures_lite::{FutureExt, Stream, StreamExt};
use serde_json::Value;
use smol::Timer;

#[derive(Clone, Copy)]
pub(crate) struct Smol;

impl Adapter for Smol {
    type Client = Handle;

    fn connect(&self, setup: Setup) -> Handle {
        let servers = setup.servers.iter().map(|server| server.parse::<ServerAddr>().unwrap());
        let mut config = Config::new(servers);
        if let Some(proxy) = setup.proxy {
            config.route = Route::direct().with_proxy(proxy.parse().unwrap()).with_timeout_factor(1);
        }
        config.protocol = setup.protocol;
        config.queue = setup.queue;
        Handle(electrum_smol::connect(config))
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
        next(&mut self.0, within, |change| Change { topic: change.topic, value: change.value, origin: change.origin })
    }
}

pub(crate) struct Events(LifeEvents);

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
