//! A stand-in for the browser: WebSockets that report events at any time, and timers.

mod socket;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use electrum_session::messages::{Messages, open};
use electrum_web::transport::DialTarget;
use electrum_web::{Client, Config};

use self::socket::WebSocket;

/// Starts a client on a thread of its own.
pub(crate) fn connect(mut config: Config) -> Client {
    config.route = config.route.in_browser();
    let runtime = StandIn { longest: config.protocol.limits.line };
    let (client, driver) = electrum_session::drive::drive(config, runtime);
    thread::spawn(|| async_io::block_on(driver));
    client
}

struct StandIn {
    longest: usize,
}

impl electrum_session::drive::Runtime for StandIn {
    type Socket = Messages<WebSocket>;
    type Timer = Timer;

    fn connect(
        &mut self,
        target: DialTarget,
        _: Duration,
    ) -> impl Future<Output = io::Result<Messages<WebSocket>>> + Send + 'static {
        open(self.longest, move |inbox| Ok(WebSocket::open(target, inbox)))
    }

    fn timer(&self) -> Timer {
        Timer(async_io::Timer::never())
    }
}

struct Timer(async_io::Timer);

impl electrum_session::drive::Timer for Timer {
    fn set(&mut self, after: Duration) {
        self.0.set_after(after);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(drop)
    }
}
