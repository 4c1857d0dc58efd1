//! Prints the banner and the tip of a server, then each new tip: `cargo run --example tip -- tcp://host:port [count]`.

use electrum_tokio::proto::{Topic, Update, operations::Banner};
use electrum_tokio::transport::ServerAddr;
use futures_lite::StreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let server: ServerAddr = args.next().ok_or("name a server, such as tcp://127.0.0.1:50001")?.parse()?;
    let count: usize = args.next().map_or(Ok(usize::MAX), |count| count.parse())?;
    let client = electrum_tokio::connect(server);
    println!("{}", client.call(Banner).await?);
    let mut tips = client.subscribe(Topic::Headers)?.take(count);
    while let Some(update) = tips.next().await {
        match update.value {
            Ok(Update::Headers(tip)) => println!("block {}", tip.height),
            Ok(other) => println!("{other:?}"),
            Err(error) => println!("no tip for now: {error}"),
        }
    }
    Ok(())
}
