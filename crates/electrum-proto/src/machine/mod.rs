//! The state machine: one [`Client`](client::Client) that takes inputs and commands and gives actions.
//!
//! - `client.rs`: the inputs, the main loop and the outputs. `commands.rs`: the commands of the application.
//!   `ticket.rs`: a request in flight with what decodes its reply.
//! - `link.rs`: the states of the link. `phase.rs`: the table of phases and transitions.
//! - `stream.rs`: the bytes of one connection. `receive.rs`: how messages are handled.
//! - `client_name.rs`: the name that is sent to servers. `credentials.rs`: the authorization that requests carry.
//! - `negotiation.rs`, `handshake.rs`: the states before a link is ready, and the steps between them.
//! - `ready.rs`: the state in which requests can be sent; `in_flight.rs`, `overdue.rs`, `writing.rs`, `keepalive.rs`
//!   and `nudge.rs` are parts of it.
//! - `window.rs`: how many requests a server is sent at once; `answer_sizes.rs` is a part of it. `pong_wait.rs`: how
//!   long it has to answer a ping.
//! - `shared.rs`: the state that outlives a link: `servers.rs`, `random.rs`, `subscriptions/`, and the queue of
//!   outputs.
//! - `timers.rs`: the timers of the machine.

mod answer_sizes;
pub(crate) mod client;
mod client_name;
mod commands;
mod credentials;
mod handshake;
mod in_flight;
mod keepalive;
mod link;
mod negotiation;
mod nudge;
mod overdue;
pub mod phase;
mod pong_wait;
mod random;
mod ready;
mod receive;
mod servers;
mod shared;
mod stream;
pub(crate) mod subscriptions;
pub(crate) mod ticket;
pub(crate) mod timers;
mod window;
mod writing;
