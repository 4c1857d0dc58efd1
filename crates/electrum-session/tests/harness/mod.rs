//! A client on std sockets, and servers whose answers a test decides on.
#![allow(dead_code, unused_imports, reason = "each file of tests uses a part of it")]

mod driver;
mod server;
mod written;

use std::future::poll_fn;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use electrum_session::Client;
pub(crate) use electrum_session::block_on;
use futures_core::Stream;

pub(crate) use self::driver::{config, connect, start};
pub(crate) use self::server::{Asked, Behaviour, Reaction, Server, tip};
pub(crate) use self::written::Written;

/// No test waits longer, however busy the machine is.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// Runs a test that may hang, in a thread of its own.
pub(crate) fn bounded(run: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        run();
        // After what the test holds was dropped.
        let _ = sender.send(());
    });
    match receiver.recv_timeout(BOUND) {
        Ok(()) => {}
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("the test hangs"),
        Err(_) => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// The next item of a stream.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|context| std::pin::Pin::new(&mut *stream).poll_next(context)).await
}

/// A server that answers all, and a client of it.
pub(crate) fn server_and_client(behaviour: impl Behaviour) -> (Server, Client) {
    let server = Server::start(behaviour);
    let client = connect(&[server.address()]);
    (server, client)
}
