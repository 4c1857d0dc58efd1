//! The Electrum protocol as a machine without I/O: facts in, actions out.
#![cfg_attr(not(feature = "std"), no_std)]
extern crate alloc;

mod action;
mod client;
mod config;
mod error;
mod framing;
mod handshake;
mod inflight;
pub mod json;
mod nudge;
pub mod operations;
pub mod phase;
pub mod proof;
mod random;
mod request;
mod servers;
mod subscription;
mod ticket;
mod time;
mod timers;
pub mod types;
mod version;

pub use action::{Action, CloseCause, ConnId, Event, Input, Reply, RequestId, ServerIndex, Unknown, Wait};
pub use client::{Client, State};
pub use config::{Backoff, Config, Limits, Timeouts};
pub use error::{DownCause, RejectReason, Rejected, RequestError, Side, SubscribeError};
pub use phase::Phase;
pub use request::{Effect, Method, NotInVersion, Request};
pub use subscription::{Origin, SubId, Tip, Topic, Update};
pub use ticket::Ticket;
pub use time::Timestamp;
pub use timers::TimerKind;
pub use types::Script;
pub use version::{ProtocolVersion, VersionError, VersionRange};
