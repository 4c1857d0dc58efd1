//! The example runs, against a fake server.

#[path = "../examples/own_driver.rs"]
mod own_driver;

use electrum_testkit::prelude::*;

#[test]
fn own_driver_prints_what_is_paid_to_a_script() {
    let server = Server::start(Family::Fulcrum2_1);
    server.pay(&script(1), 70_000);
    server.mine(1);
    let hex: String = script(1).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(own_driver::run(&server.url(), &hex).unwrap(), "0.00070000 BTC");
}
