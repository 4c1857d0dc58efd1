//! The example runs, against a fake server.

#[path = "../examples/own_loop.rs"]
mod own_loop;

use electrum_testkit::prelude::*;

#[test]
fn own_loop_prints_each_block_across_a_reconnection() {
    let server = Server::start(Family::Fulcrum2_1);
    let mut lines = Vec::new();
    own_loop::run(&server.addr().to_string(), |line| {
        match lines.len() {
            0 => drop(server.mine(1)),
            1 => server.kill_connections(),
            2 => drop(server.mine(1)),
            _ => {}
        }
        lines.push(line);
        lines.len() < 4
    })
    .unwrap();
    let height = server.chain(|chain| chain.height());
    let begins = |line: usize, height: u32| lines[line].starts_with(&format!("{height} "));
    assert!(begins(0, height - 2) && begins(1, height - 1) && begins(3, height), "{lines:?}");
    assert!(lines[2].starts_with("disconnected: "), "{lines:?}");
}
