//! The state machine: one [`Client`](client::Client) that takes inputs and commands and gives actions.
//!
//! - `client.rs`: the state, the inputs and the main loop.
//! - `receive.rs`, `negotiation.rs`: what a message from the server leads to, before and after the link is ready.
//! - `commands.rs`: what the application asks for.
//! - `keepalive.rs`, `timers.rs`: what the machine does by itself when time passes.
//! - `link.rs`, `in_flight.rs`, `nudge.rs`: the state that ends with a link.
//! - `servers.rs`, `random.rs`: which server is tried next, and when.
//! - `subscriptions/`: the topics that survive a link.
//! - `phase.rs`: the table of phases and transitions.

pub(crate) mod client;
mod commands;
mod in_flight;
mod keepalive;
mod link;
mod negotiation;
mod nudge;
pub mod phase;
mod random;
mod receive;
mod servers;
mod step;
pub(crate) mod subscriptions;
pub(crate) mod ticket;
pub(crate) mod timers;
