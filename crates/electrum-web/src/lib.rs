//! An Electrum client in the browser, for programs compiled to `wasm32-unknown-unknown`.
//!
//! ```no_run
//! use electrum_web::proto::{Topic, operations::Banner};
//! use electrum_web::transport::ServerAddr;
//!
//! async fn follow() -> Result<(), Box<dyn std::error::Error>> {
//!     let server: ServerAddr = "wss://electrum.example:50004".parse()?;
//!     let client = electrum_web::connect(server);
//!     let banner = client.call(Banner).await?;
//!     let mut tips = client.subscribe(Topic::Headers)?;
//!     while let Some(tip) = tips.next().await {
//!         // Show it on the page.
//! #       drop((&banner, tip));
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The client is that of the other adapters: calls, subscriptions and streams are the same, also when a connection is
//! lost. These are the differences of a browser:
//!
//! - It opens only WebSockets, so servers have `wss://` and `ws://` addresses. Any other address ends the connection
//!   with an error that says so. So does a [`Route`](transport::Route) with a proxy or with a certificate of its own,
//!   since the browser chooses the proxy and checks the certificate itself. A page from `https://` may only open
//!   `wss://`.
//! - It does not report why a WebSocket could not be opened. The error says where to look.
//! - It reports whole messages only, so the limit on the length of a line is applied once the browser has received all
//!   of it.
//! - It slows down the timers of a page in the background, to once a minute or so. Pings and reconnections are then
//!   late; nothing is lost.

mod browser;

use std::future::Future;

pub use electrum_session::{
    Batch, Call, CallError, CallErrorKind, Client, Config, ConnectionEvent, ConnectionEvents, NoAnswer, NoUpdate,
    NotReady, Pipeline, TopicUpdate, Updates, proto, transport,
};

/// Starts a client in the page or worker that runs the program. It connects and reconnects by itself. Calls can be made
/// at once: they wait for the connection.
///
/// # Panics
/// If it is not called in a browser.
pub fn connect(config: impl Into<Config>) -> Client {
    let (client, driver) = client(config);
    wasm_bindgen_futures::spawn_local(driver);
    client
}

/// Makes a client and the future that drives it. The future ends when the client is closed; if it is dropped before,
/// the client is closed.
///
/// A random number of the browser is mixed into the seed of the configuration, since the standard library has no random
/// numbers there.
///
/// # Panics
/// If it is not called in a browser.
pub fn client(config: impl Into<Config>) -> (Client, impl Future<Output = ()> + 'static) {
    let mut config = config.into();
    config.route = config.route.in_browser();
    // Of 52 bits.
    config.protocol.seed ^= (js_sys::Math::random() * (1_u64 << 52) as f64) as u64;
    let longest = config.protocol.limits.line;
    electrum_session::drive::drive(config, browser::Browser { longest })
}

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
