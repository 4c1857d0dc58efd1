//! Pipelines of calls of different types.

use electrum_blocking::proto::operations::{Balance, Header, History, Raw};
use electrum_blocking::proto::types::{RawHeader, Script};
use electrum_blocking::{CallError, Client, Config};
use electrum_testkit::prelude::*;

/// The first block of regtest.
const GENESIS: &str = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";

#[test]
fn each_has_a_result_of_its_own_type_and_an_error_of_one_touches_no_other() {
    for family in [Family::ElectrumX2_0, Family::Fulcrum2_1, Family::Electrs] {
        let server = Server::start(family);
        server.pay(&script(1), 70_000);
        server.mine(1);
        let client = Client::connect(Config::new([server.url().parse().unwrap()])).unwrap();
        let ours = Script::new(script(1));
        let (balance, wrong, history, header) = client.pipeline(|calls| {
            (
                calls.call(Balance::new(&ours)),
                calls.call(Raw::reading("no.such.method", vec![])),
                calls.call(History::new(&ours)),
                calls.call(Header { height: 0 }),
            )
        });
        // Waited for in another order than that in which they were made.
        let header: RawHeader = header.wait().unwrap();
        assert_eq!(header.block_hash().to_string(), GENESIS);
        assert!(matches!(wrong.wait(), Err(CallError::Server(_))), "{family:?}");
        assert_eq!(balance.wait().unwrap().confirmed.to_sat(), 70_000);
        assert_eq!(history.wait().unwrap().len(), 1);
    }
}
