//! Checks that addresses belong to the server's network.

use electrum_smol::proto::types::{BlockHash, Network};

use crate::causes::Cause;
use crate::failure::Failure;
use crate::networks::chain_name;
use crate::target::Target;

/// Returns a failure if an address belongs to another network than the server's chain.
pub(crate) fn check_network(target: &Target, genesis: BlockHash) -> Result<(), Failure> {
    let Some(networks) = target.networks else { return Ok(()) };
    if Network::of_genesis(genesis).is_some_and(|network| networks.contains(&network)) {
        return Ok(());
    }
    let names = networks.iter().map(|network| network.name()).collect::<Vec<_>>().join(", ");
    let why = format!("{} is of {names}, and the server serves {}", target.written, chain_name(genesis));
    Err(Failure::new(Cause::WrongNetwork, why))
}
