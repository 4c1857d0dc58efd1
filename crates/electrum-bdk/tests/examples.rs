//! The examples of wallets that are followed, against a fake server.

#[allow(dead_code)]
#[path = "../examples/watch_only.rs"]
mod watch_only;
#[allow(dead_code)]
#[path = "../examples/watch_only_tokio.rs"]
mod watch_only_tokio;

use bdk_wallet::bitcoin::bip32::{Xpriv, Xpub};
use bdk_wallet::bitcoin::consensus::encode::deserialize_hex;
use bdk_wallet::bitcoin::secp256k1::Secp256k1;
use bdk_wallet::bitcoin::{Network, Transaction};
use bdk_wallet::{Balance, KeychainKind, Wallet};
use electrum_bdk::proto::operations::BroadcastOutcome;
use electrum_testkit::prelude::*;

/// The descriptors of receiving and of change.
fn descriptors() -> [String; 2] {
    let secp = Secp256k1::new();
    let key = Xpriv::new_master(Network::Regtest, &[7; 32]).unwrap();
    let key = Xpub::from_priv(&secp, &key);
    [0, 1].map(|keychain| format!("wpkh({key}/{keychain}/*)"))
}

/// The scripts of receiving and of change with an index.
fn scripts(index: u32) -> [Vec<u8>; 2] {
    let [external, internal] = descriptors();
    let wallet = Wallet::create(external, internal).network(Network::Regtest).create_wallet_no_persist().unwrap();
    let script = |keychain| wallet.peek_address(keychain, index).script_pubkey().to_bytes();
    [script(KeychainKind::External), script(KeychainKind::Internal)]
}

fn server() -> Server {
    let server = Server::builder(Family::ElectrumX2_0).prompt().start().unwrap();
    server.pay(&scripts(0)[0], 70_000);
    server.mine(1);
    server
}

/// Pays the wallet when its first balance is known, and returns true until the payment is in the balance.
fn is_unpaid(server: &Server, balances: &mut Vec<u64>, balance: &Balance) -> bool {
    balances.push(balance.total().to_sat());
    if balances.len() == 1 {
        server.pay(&scripts(3)[1], 5_000);
    }
    balance.total().to_sat() < 75_000
}

#[test]
fn the_balance_follows_payments() {
    let (server, [external, internal], mut balances) = (server(), descriptors(), Vec::new());
    let watched = watch_only::watch(&server.url(), external, internal, |it| is_unpaid(&server, &mut balances, &it));
    watched.unwrap();
    assert_eq!((balances.first(), balances.last()), (Some(&70_000), Some(&75_000)));
}

#[tokio::test]
async fn the_balance_follows_payments_on_tokio() {
    let (server, [external, internal], mut balances) = (server(), descriptors(), Vec::new());
    let url = server.url();
    let watched = watch_only_tokio::watch(&url, external, internal, |it| is_unpaid(&server, &mut balances, &it));
    watched.await.unwrap();
    assert_eq!((balances.first(), balances.last()), (Some(&70_000), Some(&75_000)));
}

#[test]
fn a_transaction_is_accepted_once_and_then_known() {
    let server = server();
    let hex = server.chain(|chain| {
        let mut copy = chain.clone();
        let txid = copy.pay(&scripts(1)[0], 9_000);
        copy.transaction(&txid).unwrap().to_hex()
    });
    let transaction: Transaction = deserialize_hex(&hex).unwrap();
    let outcome = watch_only::send(&server.url(), &transaction).unwrap();
    assert!(matches!(outcome, BroadcastOutcome::Accepted(_)), "{outcome}");
    server.mine(1);
    let outcome = watch_only::send(&server.url(), &transaction).unwrap();
    assert!(matches!(outcome, BroadcastOutcome::AlreadyInChain(_)), "{outcome}");
}
