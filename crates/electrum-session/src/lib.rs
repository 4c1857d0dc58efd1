//! What Electrum adapters share, and what needs no socket: callers that wait, calls that are made again after a loss,
//! consumers of changes, listeners to the life of the connection.
//!
//! ```text
//! callers ── Client ──┐                 ┌── electrum-proto: the machine
//!                     ├── Session ──────┤
//! adapter ── Driver ──┘   (sans I/O)    └── electrum-transport: TLS, SOCKS5
//! ```
//!
//! An adapter makes a [`Client`] and its [`Driver`], and carries out the [`Step`]s that the driver says.

mod call;
mod calls;
mod client;
mod config;
mod dial;
mod error;
mod feeds;
mod ids;
mod life;
mod session;
mod slot;
mod updates;

pub use client::{Batch, Call, Client, Driver, EndWhenDropped, LifeEvents, Together, Updates};
pub use config::Config;
pub use dial::dial;
pub use electrum_proto as proto;
pub use electrum_transport as transport;
pub use error::CallError;
pub use life::LifeEvent;
pub use session::{Session, Step};
pub use updates::Change;
