//! The sync of wallets against a fake server.

mod cancel;
mod consistency;
mod follow;
mod hostile;
mod proxy;
mod rounds;
mod scenarios;
mod wallet;
