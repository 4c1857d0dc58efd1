//! A fake Electrum server with a small chain and the manners of real servers.

pub mod sim;
