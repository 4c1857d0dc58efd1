//! Compares ways to sync a BDK wallet, on real servers, and writes `docs/bdk.md`:
//! `cargo run --release -p real-servers --example bdk_comparison`. The servers come from `tests/real-servers/prepare`.
//!
//! `SIZES=10:20,1000:2000` chooses the wallets (scripts:transactions), `LIMIT=300` how many seconds a scan may take.

mod chain;
mod page;
mod proxy;
mod rival;
mod wallet;

use std::env;
use std::time::Duration;

use real_servers::{ElectrumX, Kind};

use crate::chain::WalletChain;
use crate::page::{Cell, Row};
use crate::proxy::Proxy;
use crate::rival::{Rival, Run};

/// On a release that holds small answers back, and on one that does not.
const SERVERS: [Kind; 2] = [Kind::Ex2_0_0, Kind::Ex1_16_0];
/// How long a round trip to a server that is not near takes, which is measured too, with wallets that are not large.
const FAR: Duration = Duration::from_millis(20);
const FAR_SCRIPTS: u32 = 1_000;
/// Wallets: used scripts, and transactions.
const SIZES: &str = "10:20,1000:2000,10000:20000";

fn main() {
    // The program starts itself once for each rival, so that the peak of memory is the rival's own.
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [rival, address] = &arguments[..] {
        return wallet::serve(Rival::named(rival), address);
    }
    let sizes = env::var("SIZES").unwrap_or_else(|_| SIZES.to_owned());
    let limit = env::var("LIMIT").ok().and_then(|limit| limit.parse().ok()).unwrap_or(300);
    let mut rows = Vec::new();
    for size in sizes.split(',') {
        let (scripts, transactions) = size.split_once(':').expect("scripts:transactions");
        let scripts: u32 = scripts.parse().expect("a number of scripts");
        let transactions: u32 = transactions.parse().expect("a number of transactions");
        let chain = WalletChain::new(scripts, transactions);
        for kind in SERVERS {
            eprintln!("{scripts} scripts, {transactions} transactions, {}", kind.software());
            let server = ElectrumX::start(kind, &chain.bitcoind);
            chain.wait_for(&server);
            rows.extend(compare(&chain, &server, Duration::ZERO, Duration::from_secs(limit)));
            if !kind.pads() && scripts <= FAR_SCRIPTS {
                rows.extend(compare(&chain, &server, FAR, Duration::from_secs(limit)));
            }
            // The larger wallets take minutes.
            page::write(&rows, limit);
        }
    }
}

/// Lets each rival scan, sync with nothing new, and sync after one more transaction.
fn compare(chain: &WalletChain, server: &ElectrumX, round_trip: Duration, limit: Duration) -> Vec<Row> {
    let proxies: Vec<Proxy> = Rival::ALL.iter().map(|_| Proxy::before(server.port(), round_trip)).collect();
    let mut runs: Vec<Run> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    for (rival, proxy) in Rival::ALL.into_iter().zip(&proxies) {
        runs.push(Run::start(rival, &proxy.address()));
        rows.push(Row::new(chain, server.kind(), round_trip, rival));
    }
    for step in 0..3 {
        if step == 2 {
            chain.pay_one();
            chain.wait_for(server);
        }
        let mut results = Vec::new();
        for ((run, proxy), row) in runs.iter_mut().zip(&proxies).zip(&mut rows) {
            proxy.reset();
            let step_name = if step == 0 { "scan" } else { "sync" };
            let outcome = run.perform(step_name, limit);
            let counts = proxy.counts();
            match outcome {
                Some(outcome) => {
                    results.push(outcome.result.clone());
                    row.cells.push(Cell::Done { counts, seconds: outcome.seconds, peak: outcome.peak });
                }
                None => row.cells.push(Cell::Stopped { transactions: counts.transactions }),
            }
            eprintln!("  {step_name}: {} {:?}", row.rival.name(), row.cells.last());
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "the rivals found different things");
    }
    rows
}
