//! A simulated network with virtual time, and a client under watch in it.
//!
//! A *life* is what happens to one client from its beginning to its end. Everything in it is decided by a [`Tape`],
//! which grows from a seed; a [`Probe`] stands between the client and all that happens, and checks the invariants of
//! the documentation at each call. There are three kinds of life:
//!
//! - [`hostile_life`]: facts and wishes in any order, and a server that says anything.
//! - [`network_life`]: a driver that does what it is told and nothing else, a network that delays, cuts and loses,
//!   and model servers. In the end all is well, and the client must know everything.
//! - [`chunked_life`]: two clients that read the same, one of them in small pieces.
//!
//! [`explore::explore`] takes no samples: it goes through all short lives of one client.
//!
//! [`suite::play`] plays many lives, makes a failing one small and gives its record. With the feature `proptest`
//! the tapes are a strategy for property tests of your own.

pub mod choices;
mod chunks;
pub mod explore;
mod hostile;
mod link;
mod messages;
mod probe;
mod server;
#[cfg(feature = "proptest")]
pub mod strategy;
pub mod suite;
mod tape;
mod vocabulary;
mod world;

pub use chunks::chunked_life;
pub use hostile::hostile_life;
pub use probe::{Probe, Told, Violation};
pub use tape::{Shrinker, Tape};
pub use vocabulary::Ask;
pub use world::network_life;
