//! The balance of a watch-only wallet, with `bdk_electrum` on this crate's client:
//! `cargo run --example drop_in -- tcp://127.0.0.1:50001 'wpkh(tpub…/0/*)' 'wpkh(tpub…/1/*)'`, on regtest.

use std::error::Error;

use bdk_electrum::BdkElectrumClient;
use bdk_wallet::bitcoin::Network;
use bdk_wallet::{Balance, Wallet};
use electrum_bdk::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(server), Some(external), Some(internal)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: drop_in SERVER DESCRIPTOR CHANGE_DESCRIPTOR".into());
    };
    println!("{}", run(&server, external, internal)?);
    Ok(())
}

/// Scans both keychains.
pub(crate) fn run(server: &str, external: String, internal: String) -> Result<Balance, Box<dyn Error>> {
    let mut wallet = Wallet::create(external, internal).network(Network::Regtest).create_wallet_no_persist()?;
    let client = BdkElectrumClient::new(Client::new(server)?);
    let update = client.full_scan(wallet.start_full_scan(), 20, 100, false)?;
    wallet.apply_update(update)?;
    Ok(wallet.balance())
}
