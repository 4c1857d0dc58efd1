//! The behaviour of the families, without sockets and in virtual time.

mod client;
mod libbitcoin;
mod limits;
mod methods;
mod notifications;
mod quirks;
mod transactions;
