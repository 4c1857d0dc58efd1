//! Servers that throttle their clients, and servers that are restarted: nothing is lost, on few connections. It prints how
//! long that takes; no time is asserted.
//!
//! The short form takes half a minute. `ELECTRUM_SOAK=full` is the long one, with a plain client beside ours, whose figures are
//! in `docs/pressure.md`.

#[path = "../common/mod.rs"]
mod common;
mod plain;
mod restarts;
mod throttled;

use std::env;
use std::time::Duration;

use real_servers::{Bitcoind, Kind, Random, run_on};
use throttled::Load;

/// The most connections that our client may need.
const CONNECTIONS: usize = 3;

fn is_full() -> bool {
    match env::var("ELECTRUM_SOAK").as_deref() {
        Err(_) | Ok("" | "short") => false,
        Ok("full") => true,
        Ok(other) => panic!("ELECTRUM_SOAK is short or full, not {other:?}"),
    }
}

/// Every script gets its status, on a few connections.
fn all_are_subscribed(kind: Kind) {
    let loads = if is_full() {
        vec![Load { scripts: 2_000, limits: Some((200, 1_000)) }, Load { scripts: 10_000, limits: None }]
    } else {
        vec![Load { scripts: 700, limits: Some((100, 1_000)) }]
    };
    let bitcoind = Bitcoind::start();
    bitcoind.mine(1);
    for load in loads {
        let (ours, plain) = load.run(kind, &bitcoind, Duration::from_secs(1_500), is_full());
        println!("{}: {load:?}\n  ours  {ours:?}\n  plain {plain:?}", kind.name());
        assert_eq!(ours.reported, load.scripts as usize, "all are reported");
        assert!((1..=CONNECTIONS).contains(&ours.connections), "{ours:?}");
    }
}

#[test]
fn a_server_that_throttles_and_pads() {
    run_on(Kind::Ex2_0_0, all_are_subscribed);
}

#[test]
fn a_server_that_throttles() {
    run_on(Kind::Ex1_16_0, all_are_subscribed);
}

#[test]
fn calls_are_answered_when_a_killed_server_is_back() {
    run_on(Kind::Ex2_0_0, |kind| {
        let kills = if is_full() { 20 } else { 2 };
        let bitcoind = Bitcoind::start();
        bitcoind.mine(1);
        let later = restarts::run(kind, &bitcoind, kills, Duration::from_secs(120), &mut Random::new(1));
        for (index, adapter) in ["blocking", "smol"].into_iter().enumerate() {
            let mut times: Vec<Duration> = later.iter().map(|times| times[index]).collect();
            times.sort();
            println!(
                "{adapter}: median {:.0?}, worst {:.0?}, of {times:.0?}",
                times[times.len() / 2],
                times[times.len() - 1]
            );
        }
    });
}
