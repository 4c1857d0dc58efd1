//! Builds the page of `electrum-web` and serves it with fake servers: `serve [PORT]`. It needs no network.
//!
//! Blocks are mined, a script is paid, and from time to time the server that is used stops for a moment. It ends with
//! Ctrl-C.

use std::thread::sleep;
use std::time::Duration;

use electrum_testkit::{Family, Server, address};
use electrum_web_tools::{Failure, Site, build};

/// From BIP 173, on regtest.
const WATCHED: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
/// The preferred server comes first.
const FAMILIES: [Family; 4] = [Family::Fulcrum2_1, Family::ElectrumX2_0, Family::ElectrumX1_16, Family::Electrs];
const TURN: Duration = Duration::from_secs(5);
/// How long the preferred server is stopped.
const OUTAGE: Duration = Duration::from_secs(8);
/// The preferred server stops once in so many turns.
const TURNS: u32 = 6;

fn main() -> Result<(), Failure> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse().map_err(|_| format!("{port} is no port")))?;
    let page = build()?;
    let kib = |bytes: usize| bytes.div_ceil(1024);
    println!("the page is built: {} KiB of WebAssembly, {} KiB compressed", kib(page.wasm), kib(page.wasm_compressed));
    let mut servers: Vec<Server> = FAMILIES.into_iter().map(Server::start).collect();
    let fronts: Vec<_> = servers.iter().map(Server::websocket).collect();
    let addresses: Vec<_> = fronts.iter().map(|front| front.url()).collect();
    let site = Site::start(&page.folder, port)?;
    println!("open this in a browser:");
    println!("{}#addresses={}&scripts={WATCHED}&network=regtest", site.url(), addresses.join(","));
    let script = address::to_script(WATCHED).ok_or("the watched address is one")?;
    for turn in 1_u32.. {
        sleep(TURN);
        // All servers see the same chain.
        for server in &servers {
            if turn % 2 == 0 {
                server.pay(&script, 10_000 + u64::from(turn));
            } else {
                server.mine(1);
            }
        }
        if turn % TURNS == 0 {
            servers[0].stop();
            sleep(OUTAGE);
            servers[0].restart();
        }
    }
    Ok(())
}
