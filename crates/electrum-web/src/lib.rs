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
//!     loop {
//!         let tip = tips.next_within(std::time::Duration::from_secs(3600)).await?;
//!         // Show it on the page.
//! #       drop((&banner, tip));
//!     }
//! }
//! ```
//!
//! The client is that of the other adapters: calls, subscriptions and their streams are the same, and so is what becomes of
//! them when a connection is lost. What differs is what lies below:
//!
//! - A browser opens WebSockets and nothing else, so servers have `wss://` and `ws://` addresses. Any other address ends the
//!   connection with an error that says so, as does a [`Route`](transport::Route) with a proxy or with a certificate of its
//!   own: the browser picks the way and checks the certificate by itself. A page from `https://` may only open `wss://`.
//! - Why a WebSocket could not be opened is kept from programs. The error says where to look.
//! - A browser hands over whole messages only, and takes in what a server sends: the limit of a line holds from there on.
//! - Timers of a page in the background are slowed down, to once a minute or so. A connection is then pinged later, and opened
//!   again later; nothing is lost.

mod browser;

use std::future::Future;

pub use electrum_session::{
    Batch, Call, CallError, CallErrorKind, Client, Config, ConnectionEvent, ConnectionEvents, NoAnswer, NoUpdate,
    NotReady, Pipeline, TopicUpdate, Updates, proto, transport,
};

/// Starts a client in the page or worker that runs the program. It connects and stays connected by itself; calls can be made
/// at once: they wait.
///
/// # Panics
/// If it is not called in a browser.
pub fn connect(config: impl Into<Config>) -> Client {
    let (client, driver) = client(config);
    wasm_bindgen_futures::spawn_local(driver);
    client
}

/// A client, and the future that moves its messages. The future ends when the client is closed; if it is dropped before, the
/// client is closed.
///
/// The seed of the configuration is mixed with a random number of the browser: the standard library has none there.
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
