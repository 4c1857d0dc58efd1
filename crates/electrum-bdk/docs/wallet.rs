// The hidden part of the examples with a wallet: one with a single script, which a server lists a payment for.
use bdk_wallet::{KeychainKind, Wallet, bitcoin::Network};
use electrum_bdk::{electrum_blocking::Client, sync::Syncer, transport::ServerAddr};
use electrum_testkit::prelude::*;

pub fn wallet() -> (Server, Syncer, Wallet) {
    let descriptor = "wpkh(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)";
    let mut wallet = Wallet::create_single(descriptor).network(Network::Regtest).create_wallet_no_persist().unwrap();
    let address = wallet.reveal_next_address(KeychainKind::External);
    let server = Server::builder(Family::ElectrumX2_0).prompt().start().unwrap();
    server.pay(address.script_pubkey().as_bytes(), 70_000);
    server.mine(1);
    let client = Client::connect(server.url().parse::<ServerAddr>().unwrap()).unwrap();
    (server, Syncer::blocking(client), wallet)
}
