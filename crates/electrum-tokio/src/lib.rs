//! An Electrum client on tokio.
//!
//! ```
//! use electrum_tokio::proto::{Topic, operations::Banner};
//! use electrum_tokio::transport::ServerAddr;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server: ServerAddr = "tcp://127.0.0.1:50001".parse()?;
//! #   let fake = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
//! #   let server: ServerAddr = fake.url().parse()?;
//!     let client = electrum_tokio::connect(server);
//!     println!("{}", client.call(Banner).await?);
//!     let mut tips = client.subscribe(Topic::Headers)?;
//!     while let Some(update) = tips.next().await {
//!         println!("{update:?}");
//! #       break;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The futures and streams of a [`Client`] are cancel safe: each says what dropping it does. They run on any runtime;
//! only the task that drives the client needs tokio, with its time and I/O drivers.
//!
//! [`client_over`] makes a client over streams of your own (a Tor client in the same process, a duplex in a test).

#![cfg_attr(docsrs, feature(doc_cfg))]

mod runtime;

use std::future::Future;
use std::io;

#[cfg(feature = "tls")]
pub use electrum_session::FilePins;
pub use electrum_session::{
    Batch, Call, CallError, CallErrorKind, Client, Config, ConnectionEvent, ConnectionEvents, MemoryPins, NoAnswer,
    NoUpdate, NotReady, PinError, PinStore, Pipeline, TopicUpdate, Updates, proto, transport,
};
use tokio::io::{AsyncRead, AsyncWrite};
use transport::DialTarget;

use crate::runtime::Tokio;

/// Starts a client as a task of the current runtime. It connects and reconnects by itself. Calls can be made at once:
/// they wait for the connection.
///
/// ```
/// use electrum_tokio::proto::operations::Banner;
/// use electrum_tokio::transport::ServerAddr;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
/// # let address = server.url();
/// let client = electrum_tokio::connect(address.parse::<ServerAddr>()?);
/// assert!(!client.call(Banner).await?.is_empty());
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// If it is called outside of a tokio runtime.
pub fn connect(config: impl Into<Config>) -> Client {
    let (client, driver) = client(config);
    tokio::spawn(driver);
    client
}

/// Makes a client and the future that drives it, for a tokio runtime of the caller's choice.
/// The future ends when the client is closed; if it is dropped before, the client is closed.
///
/// ```
/// use electrum_tokio::proto::operations::Banner;
/// use electrum_tokio::transport::ServerAddr;
/// # let server = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
/// # let address = server.url();
///
/// let runtime = tokio::runtime::Runtime::new()?;
/// let (client, driver) = electrum_tokio::client(address.parse::<ServerAddr>()?);
/// runtime.spawn(driver);
/// assert!(!runtime.block_on(client.call(Banner))?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn client(config: impl Into<Config>) -> (Client, impl Future<Output = ()> + Send + 'static) {
    electrum_session::drive::drive(config, Tokio(runtime::dial))
}

/// Makes a client over streams of the caller's own, and the future that drives it. `connect` is called for each
/// connection with the host and port, and returns a stream to it. TLS, if the server's address needs it, runs on top of
/// that stream.
///
/// The example connects to a server in the same process, without a socket:
/// ```
/// use electrum_tokio::proto::operations::Banner;
/// use electrum_tokio::transport::ServerAddr;
/// use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server: ServerAddr = "tcp://in-memory:50001".parse()?;
/// let (client, driver) = electrum_tokio::client_over(server, |target| async move {
///     assert_eq!(target.port, 50001);
///     let (ours, theirs) = tokio::io::duplex(1024);
///     tokio::spawn(async move {
///         let mut lines = BufReader::new(theirs);
///         for answer in [r#"{"id":1,"result":["Example 1.0","1.4"]}"#, r#"{"id":2,"result":"Welcome!"}"#] {
///             lines.read_line(&mut String::new()).await.unwrap();
///             lines.get_mut().write_all(format!("{answer}\n").as_bytes()).await.unwrap();
///         }
///     });
///     Ok(ours)
/// });
/// tokio::spawn(driver);
/// assert_eq!(client.call(Banner).await?, "Welcome!");
/// # Ok(())
/// # }
/// ```
pub fn client_over<S, F>(
    config: impl Into<Config>,
    mut connect: impl FnMut(DialTarget) -> F + Send + 'static,
) -> (Client, impl Future<Output = ()> + Send + 'static)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    electrum_session::drive::drive(config, Tokio(move |target, _| connect(target)))
}

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
