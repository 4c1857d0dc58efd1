//! The sync of wallets against a fake server.

mod bounded;
mod cancel;
mod consistency;
mod deadline;
mod follow;
mod hostile;
mod proxy;
mod rounds;
mod scenarios;
mod wallet;
