//! The examples run, against a fake server.

#[allow(dead_code)]
#[path = "../examples/balance.rs"]
mod balance;
#[allow(dead_code)]
#[path = "../examples/tips.rs"]
mod tips;

use electrum_testkit::prelude::*;

#[test]
fn balance_prints_what_a_script_has() {
    let server = Server::start(Family::Fulcrum2_1);
    server.pay(&script(1), 70_000);
    server.mine(1);
    let hex: String = script(1).iter().map(|byte| format!("{byte:02x}")).collect();
    let text = balance::run(&server.url(), &hex).unwrap();
    assert!(text.starts_with("0.00070000 BTC confirmed, 0.00000000 BTC unconfirmed\n"), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn tips_prints_each_block() {
    let server = Server::start(Family::Fulcrum2_1);
    server.mine(1);
    let mut lines = Vec::new();
    tips::run(&server.url(), |line| {
        lines.push(line);
        server.mine(1);
        lines.len() < 3
    })
    .unwrap();
    let heights: Vec<u32> = lines.iter().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(heights, [heights[0], heights[0] + 1, heights[0] + 2]);
}
