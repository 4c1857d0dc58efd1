//! The example runs, against a fake server.

#[path = "../examples/tips_tokio.rs"]
mod tips_tokio;

use std::time::Duration;

use electrum_testkit::prelude::*;

#[tokio::test]
async fn tips_prints_the_banner_and_each_tip() {
    let server = Server::start(Family::Fulcrum2_1);
    let height = server.chain(|chain| chain.height());
    let mut lines = Vec::new();
    let url = server.url();
    let run = tips_tokio::run(&url, |line| {
        lines.push(line);
        if lines.len() == 2 {
            server.mine(1);
        }
        lines.len() < 3
    });
    tokio::time::timeout(Duration::from_secs(60), run).await.expect("ends within a minute").unwrap();
    assert_eq!(lines[1..], [format!("block {height}"), format!("block {}", height + 1)]);
}
