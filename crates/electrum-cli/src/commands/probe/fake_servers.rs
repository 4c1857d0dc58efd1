//! The built-in fake servers, one of each family.

use std::io;

use electrum_smol::transport::ServerAddr;
use electrum_testkit::{Family, Server};

/// Starts one server of each family. They stop when they are dropped.
pub(crate) fn start() -> io::Result<Vec<(ServerAddr, Server)>> {
    Family::ALL
        .into_iter()
        .map(|family| {
            let server = Server::builder(family).start()?;
            let address = server.url().parse().map_err(io::Error::other)?;
            Ok((address, server))
        })
        .collect()
}
