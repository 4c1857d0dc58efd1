//! An Electrum client on smol.
//!
//! ```no_run
//! use electrum_smol::proto::{Topic, operations::Banner};
//! use electrum_smol::transport::ServerAddr;
//! use futures_lite::StreamExt;
//!
//! smol::block_on(async {
//!     let server: ServerAddr = "tcp://127.0.0.1:50001".parse()?;
//!     let client = electrum_smol::connect(server);
//!     println!("{}", client.call(Banner).await?);
//!     let mut tips = client.subscribe(Topic::Headers)?;
//!     while let Some(change) = tips.next().await {
//!         println!("{change:?}");
//!     }
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })
//! # ;
//! ```
//!
//! The futures and streams of a [`Client`] are cancel safe: each says what dropping it does.

mod driver;
mod signal;

use std::future::Future;
use std::sync::Arc;

#[cfg(feature = "tls")]
pub use electrum_session::FilePins;
pub use electrum_session::{
    Batch, Call, CallError, Client, Config, ConnectionEvent, ConnectionEvents, MemoryPins, NoAnswer, NoUpdate,
    NotReady, PinError, PinStore, Pipeline, TopicUpdate, Updates, proto, transport,
};

use crate::signal::Signal;

/// Starts a client on smol's global executor. It connects and stays connected by itself; calls can be made at once: they wait.
pub fn connect(config: impl Into<Config>) -> Client {
    let (client, driver) = client(config);
    smol::spawn(driver).detach();
    client
}

/// A client, and the future that moves its bytes, for an executor of the caller's choice.
/// The future ends when the client is closed.
pub fn client(config: impl Into<Config>) -> (Client, impl Future<Output = ()> + Send + 'static) {
    let signal = Arc::new(Signal::default());
    let wake = Arc::clone(&signal);
    let (client, driver) = Client::new(config.into(), move || wake.set());
    (client, driver::drive(driver, signal))
}

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
