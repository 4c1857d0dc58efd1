//! Prints the banner and the tip of a server, then each new tip: `cargo run --example tips_tokio -- tcp://host:port`.

use std::error::Error;

use electrum_tokio::proto::{Topic, Update, operations::Banner};
use electrum_tokio::transport::ServerAddr;

#[allow(dead_code, reason = "tests call `run` themselves")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("name a server, such as tcp://127.0.0.1:50001")?;
    run(&server, |line| {
        println!("{line}");
        true
    })
    .await
}

/// Calls `on_line` with the banner and a line for each tip, until it returns false.
pub(crate) async fn run(server: &str, mut on_line: impl FnMut(String) -> bool) -> Result<(), Box<dyn Error>> {
    let server: ServerAddr = server.parse()?;
    let client = electrum_tokio::connect(server);
    on_line(client.call(Banner).await?);
    let mut tips = client.subscribe(Topic::Headers)?;
    while let Some(update) = tips.next().await {
        let line = match update.value {
            Ok(Update::Headers(tip)) => format!("block {}", tip.height),
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("no tip for now: {error}"),
        };
        if !on_line(line) {
            break;
        }
    }
    Ok(())
}
