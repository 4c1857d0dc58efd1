//! A simulated network with virtual time, and a client under watch in it.
pub mod choices;
mod hostile;
mod link;
mod messages;
mod probe;
mod server;
pub mod suite;
mod tape;
mod vocabulary;
mod world;

pub use hostile::hostile_life;
pub use probe::{Probe, Told, Violation};
pub use tape::{Shrinker, Tape};
pub use vocabulary::Ask;
pub use world::network_life;
