//! The part of an Electrum client that is the same in every adapter: calls, their repetition after a lost connection,
//! subscriptions, connection events, and the loops that drive a client for [async runtimes](drive) and for
//! [threads].
//!
//! ```text
//! callers ── Client ──┐                 ┌── electrum-proto: the machine
//!                     ├── Session ──────┤
//! adapter ── Driver ──┘   (no I/O)      └── electrum-transport: TLS, SOCKS5
//! ```
//!
//! An adapter makes a [`Client`] and its [`Driver`], and carries out the [`Step`]s that the driver returns.
//!
//! # Logs
//! What a client does is logged with the crate `log`; with the feature `tracing` as events and spans of that crate.
//! Loggers and subscribers run while the client is locked. They must not use it, nor wait for a thread that does: both
//! would wait for ever. One that reports through a client, say, hands its records to another thread.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod block;
mod call;
mod calls;
mod client;
mod clock;
mod config;
mod connection;
mod dial;
mod dispatcher;
pub mod drive;
mod driver;
mod error;
#[cfg(feature = "tls")]
mod file_pins;
mod ids;
mod layer;
mod mailbox;
pub mod messages;
mod moves;
mod oneshot;
mod pending;
mod pins;
mod pipeline;
mod queued;
mod ready;
mod retry;
mod server_set;
mod session;
mod signal;
mod sleep;
mod streams;
mod submission;
mod subscriptions;
pub mod threads;
mod timers;
mod trace;
mod wake;

pub use block::{block_on, block_within};
pub use call::{Batch, Call};
pub use client::Client;
pub use clock::{Clock, SystemClock};
pub use config::Config;
pub use connection::ConnectionEvent;
pub use dial::{CancelDial, Dial};
pub use driver::{CallerWork, CloseOnDrop, Driver};
pub use electrum_proto as proto;
pub use electrum_transport as transport;
pub use error::{CallError, CallErrorKind, NoAnswer};
#[cfg(feature = "tls")]
pub use file_pins::FilePins;
pub use layer::at_fault;
pub use mailbox::TopicUpdate;
pub use pins::{MemoryPins, PinError, PinStore};
pub use pipeline::Pipeline;
pub use ready::NotReady;
pub use session::{Session, SessionEvent, Step};
pub use streams::{ConnectionEvents, NoUpdate, Updates};
