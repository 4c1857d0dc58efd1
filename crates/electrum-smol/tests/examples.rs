//! The example runs, against a fake server.
#![cfg(feature = "global-executor")]

#[path = "../examples/tips_smol.rs"]
mod tips_smol;

use electrum_testkit::prelude::*;

#[test]
fn tips_prints_the_banner_and_each_tip() {
    let server = Server::start(Family::Fulcrum2_1);
    let height = server.chain(|chain| chain.height());
    let mut lines = Vec::new();
    let url = server.url();
    let run = tips_smol::run(&url, |line| {
        lines.push(line);
        if lines.len() == 2 {
            server.mine(1);
        }
        lines.len() < 3
    });
    smol::block_on(run).unwrap();
    assert_eq!(lines[1..], [format!("block {height}"), format!("block {}", height + 1)]);
}
