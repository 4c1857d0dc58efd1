//! A watch-only wallet that stays in sync, on tokio:
//! `cargo run --example watch_only_tokio -- tcp://127.0.0.1:50001 'wpkh(tpub…/0/*)' 'wpkh(tpub…/1/*)'`, on regtest.

use std::error::Error;

use bdk_wallet::bitcoin::Network;
use bdk_wallet::{Balance, Wallet};
use electrum_bdk::sync::Syncer;
use electrum_bdk::transport::ServerAddr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(server), Some(external), Some(internal)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: watch_only_tokio SERVER DESCRIPTOR CHANGE_DESCRIPTOR".into());
    };
    watch(&server, external, internal, |balance| {
        println!("{balance}");
        true
    })
    .await
}

/// Scans the wallet, and calls `on_balance` then and after each change, until it returns false.
pub(crate) async fn watch(
    server: &str,
    external: String,
    internal: String,
    mut on_balance: impl FnMut(Balance) -> bool,
) -> Result<(), Box<dyn Error>> {
    let mut wallet = Wallet::create(external, internal).network(Network::Regtest).create_wallet_no_persist()?;
    let client = electrum_tokio::connect(server.parse::<ServerAddr>()?);
    let mut updates = Syncer::new(client).follow(wallet.start_full_scan(), 20);
    loop {
        wallet.apply_update(updates.next().await?)?;
        if !on_balance(wallet.balance()) {
            return Ok(());
        }
    }
}
