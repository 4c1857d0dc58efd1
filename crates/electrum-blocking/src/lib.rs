//! An Electrum client for threads: calls block until they are answered, and updates are iterators.
//!
//! ```
//! use electrum_blocking::Client;
//! use electrum_blocking::proto::{Topic, operations::Banner};
//! use electrum_blocking::transport::ServerAddr;
//!
//! let server: ServerAddr = "tcp://127.0.0.1:50001".parse()?;
//! # let fake = electrum_testkit::Server::start(electrum_testkit::Family::Fulcrum2_1);
//! # let server: ServerAddr = fake.url().parse()?;
//! let client = Client::connect(server)?;
//! println!("{}", client.call(Banner)?);
//! for update in client.subscribe(Topic::Headers)? {
//!     println!("{update:?}");
//! #   break;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Threads
//! The sockets are those of the standard library, in blocking mode. A client has two threads, which sleep while there is
//! nothing to do: one for its connection, which dials and then reads, and one for its deadlines. A thread that calls
//! writes its own request, and reads its own reply if it is the only one that waits. All of them end when the client is
//! [closed](Client::close) or its last handle is dropped.
//!
//! Each call ends at its deadline, and each wait has a variant with a deadline (`…_within`).

#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod pipeline;
mod socket;
mod streams;

#[cfg(feature = "tls")]
pub use electrum_session::FilePins;
pub use electrum_session::{
    CallError, CallErrorKind, Config, ConnectionEvent, MemoryPins, NoAnswer, NoUpdate, NotReady, PinError, PinStore,
    TopicUpdate, proto, transport,
};

pub use crate::client::Client;
pub use crate::pipeline::{Pending, Pipeline};
pub use crate::streams::{ConnectionEvents, Updates};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
