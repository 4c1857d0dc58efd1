//! Servers that hold small answers back, and what the client does about it.

mod common;

use std::time::Instant;

use common::{both, config};
use electrum_blocking::proto::operations::Header;
use real_servers::{Bitcoind, ElectrumX, Kind, run_on};

/// What the machine asks to fill the server's buffer.
const NUDGE: &str = "blockchain.block.headers";
const CALLS: u32 = 40;

#[test]
fn small_calls_one_at_a_time_take_a_nudge_each_and_no_more() {
    for kind in [Kind::Ex2_0_0, Kind::Ex1_18_0] {
        run_on(kind, |kind| {
            let bitcoind = Bitcoind::start();
            bitcoind.mine(CALLS + 10);
            let server = ElectrumX::start(kind, &bitcoind);
            for version in ["1.4", "1.6", "1.7"].iter().filter(|version| kind.versions().contains(version)) {
                let mut config = config([server.address().as_str()]);
                config.protocol.versions = format!("{version}..{version}").parse().expect("a range");
                for client in both(&config) {
                    let before = server.calls(NUDGE);
                    client.events().ready();
                    let start = Instant::now();
                    for height in 0..CALLS {
                        let header = client.call(Header { height }).expect("a header");
                        assert_eq!(header.to_hex(), bitcoind.header(height));
                    }
                    let nudges = server.calls(NUDGE) - before;
                    println!("{}, {version}: {CALLS} calls, {nudges} nudges, {:?}", kind.name(), start.elapsed());
                    // One for each call, more only for answers that were not ready in time.
                    assert!((1..=4 * u64::from(CALLS)).contains(&nudges), "{nudges}");
                }
                config.protocol.nudge = false;
                for client in both(&config) {
                    let before = server.calls(NUDGE);
                    assert!(client.call(Header { height: 1 }).is_ok());
                    assert!(client.call(Header { height: 2 }).is_ok());
                    assert_eq!(server.calls(NUDGE), before, "nudged although told not to");
                }
            }
        });
    }
}
