//! Prints each new block, across reconnections: `cargo run --example tips -- tcp://127.0.0.1:50001`

use std::error::Error;
use std::time::Duration;

use electrum_blocking::proto::{Topic, Update};
use electrum_blocking::transport::ServerAddr;
use electrum_blocking::{Client, NoUpdate};

fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("usage: tips SERVER")?;
    run(&server, |line| {
        println!("{line}");
        true
    })
}

/// Prints until `print` returns false.
pub(crate) fn run(server: &str, mut print: impl FnMut(String) -> bool) -> Result<(), Box<dyn Error>> {
    let client = Client::connect(server.parse::<ServerAddr>()?)?;
    let mut tips = client.subscribe(Topic::Headers)?;
    loop {
        let line = match tips.next_within(Duration::from_secs(60)) {
            Ok(update) => match update.value? {
                Update::Headers(tip) => format!("{} {}", tip.height, tip.header.block_hash()),
                other => format!("{other:?}"),
            },
            Err(NoUpdate::TimedOut) => "no block for a minute".to_owned(),
            Err(NoUpdate::Closed) => return Ok(()),
        };
        if !print(line) {
            return Ok(());
        }
    }
}
