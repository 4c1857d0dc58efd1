//! A simulated network with virtual time, and a client under watch in it.
pub mod choices;
mod hostile;
mod messages;
mod probe;
pub mod suite;
mod tape;
mod vocabulary;

pub use hostile::hostile_life;
pub use probe::{Probe, Told, Violation};
pub use tape::{Shrinker, Tape};
pub use vocabulary::Ask;
