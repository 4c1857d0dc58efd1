//! An Electrum client on smol.
//!
//! ```no_run
//! use electrum_smol::proto::{Topic, operations::Banner};
//! use electrum_smol::transport::ServerAddr;
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

#![cfg_attr(docsrs, feature(doc_cfg))]

mod runtime;

use std::future::Future;

#[cfg(feature = "tls")]
pub use electrum_session::FilePins;
pub use electrum_session::{
    Batch, Call, CallError, CallErrorKind, Client, Config, ConnectionEvent, ConnectionEvents, MemoryPins, NoAnswer,
    NoUpdate, NotReady, PinError, PinStore, Pipeline, TopicUpdate, Updates, proto, transport,
};

/// Starts a client on smol's global executor. It connects and reconnects by itself. Calls can be made at once: they
/// wait for the connection.
#[cfg(feature = "global-executor")]
pub fn connect(config: impl Into<Config>) -> Client {
    let (client, driver) = client(config);
    smol::spawn(driver).detach();
    client
}

/// Makes a client and the future that drives it, for an executor of the caller's choice.
/// The future ends when the client is closed; if it is dropped before, the client is closed.
pub fn client(config: impl Into<Config>) -> (Client, impl Future<Output = ()> + Send + 'static) {
    electrum_session::drive::drive(config, runtime::AsyncIo)
}

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
