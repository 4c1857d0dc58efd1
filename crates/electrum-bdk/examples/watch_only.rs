//! A watch-only wallet that stays in sync, and sends a transaction that was signed elsewhere:
//! `cargo run --example watch_only -- tcp://127.0.0.1:50001 'wpkh(tpub…/0/*)' 'wpkh(tpub…/1/*)' [TRANSACTION]`, on
//! regtest.

use std::error::Error;

use bdk_wallet::bitcoin::consensus::encode::deserialize_hex;
use bdk_wallet::bitcoin::{Network, Transaction};
use bdk_wallet::{Balance, Wallet};
use electrum_bdk::electrum_blocking::{CallError, Client};
use electrum_bdk::proto::operations::{Broadcast, BroadcastOutcome};
use electrum_bdk::proto::types::RawTransaction;
use electrum_bdk::sync::Syncer;
use electrum_bdk::transport::ServerAddr;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(server), Some(external), Some(internal)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: watch_only SERVER DESCRIPTOR CHANGE_DESCRIPTOR [TRANSACTION]".into());
    };
    if let Some(transaction) = arguments.next() {
        println!("{}", send(&server, &deserialize_hex(&transaction)?)?);
    }
    watch(&server, external, internal, |balance| {
        println!("{balance}");
        true
    })
}

/// Scans the wallet, and calls `on_balance` then and after each change, until it returns false.
pub(crate) fn watch(
    server: &str,
    external: String,
    internal: String,
    mut on_balance: impl FnMut(Balance) -> bool,
) -> Result<(), Box<dyn Error>> {
    let mut wallet = Wallet::create(external, internal).network(Network::Regtest).create_wallet_no_persist()?;
    let client = Client::connect(server.parse::<ServerAddr>()?)?;
    let mut updates = Syncer::blocking(client).follow(wallet.start_full_scan(), 20);
    loop {
        wallet.apply_update(updates.wait()?)?;
        if !on_balance(wallet.balance()) {
            return Ok(());
        }
    }
}

/// Broadcasts a transaction. Unlike other calls, a broadcast that may have been sent is not sent again.
pub(crate) fn send(server: &str, transaction: &Transaction) -> Result<BroadcastOutcome, Box<dyn Error>> {
    let client = Client::connect(server.parse::<ServerAddr>()?)?;
    let result = client.call(Broadcast { transaction: RawTransaction::from(transaction) });
    Ok(result.map(BroadcastOutcome::Accepted).or_else(CallError::into_broadcast_outcome)?)
}
