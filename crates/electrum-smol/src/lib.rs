//! An Electrum client on smol.
//!
//! ```
//! use electrum_smol::proto::{Topic, operations::Banner};
//! use electrum_smol::transport::ServerAddr;
//!
//! smol::block_on(async {
//!     let server: ServerAddr = "tcp://127.0.0.1:50001".parse()?;
//! #   let fake = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
//! #   let server: ServerAddr = fake.url().parse()?;
//!     let client = electrum_smol::connect(server);
//!     println!("{}", client.call(Banner).await?);
//!     let mut tips = client.subscribe(Topic::Headers)?;
//!     while let Some(change) = tips.next().await {
//!         println!("{change:?}");
//! #       break;
//!     }
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })
//! # ?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
///
/// ```
/// use electrum_smol::proto::operations::Banner;
/// use electrum_smol::transport::ServerAddr;
/// # let server = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
/// # let address = server.url();
///
/// let client = electrum_smol::connect(address.parse::<ServerAddr>()?);
/// assert!(!smol::block_on(client.call(Banner))?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "global-executor")]
pub fn connect(config: impl Into<Config>) -> Client {
    let (client, driver) = client(config);
    smol::spawn(driver).detach();
    client
}

/// Makes a client and the future that drives it, for an executor of the caller's choice.
/// The future ends when the client is closed; if it is dropped before, the client is closed.
///
/// ```
/// use electrum_smol::proto::operations::Banner;
/// use electrum_smol::transport::ServerAddr;
/// # let server = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
/// # let address = server.url();
///
/// let (client, driver) = electrum_smol::client(address.parse::<ServerAddr>()?);
/// let executor = smol::LocalExecutor::new();
/// executor.spawn(driver).detach();
/// assert!(!smol::block_on(executor.run(client.call(Banner)))?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn client(config: impl Into<Config>) -> (Client, impl Future<Output = ()> + Send + 'static) {
    electrum_session::drive::drive(config, runtime::AsyncIo)
}

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
