//! Three servers over one chain, killed in turn under a running watch.

mod common;

use std::time::{SystemTime, UNIX_EPOCH};

use common::{BOUND, both, config, tip_of};
use electrum_blocking::proto::{Origin, Topic};
use real_servers::{Bitcoind, ElectrumX, Kind, run_on, until};

const ROUNDS: u32 = 30;

#[test]
fn every_tip_is_emitted_once_while_servers_die_in_random_order() {
    run_on(Kind::Ex2_0_0, |kind| {
        let bitcoind = Bitcoind::start();
        bitcoind.mine(1);
        let mut servers: Vec<_> = (0..3).map(|_| ElectrumX::start(kind, &bitcoind)).collect();
        let addresses: Vec<_> = servers.iter().map(ElectrumX::address).collect();
        let clients = both(&config(addresses.iter().map(String::as_str)));
        let mut tips = clients.each_ref().map(|client| client.subscribe([Topic::Headers]));
        tips.iter_mut().for_each(|tips| assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Subscribed)));
        // Printed, so that a failure can be repeated.
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").subsec_nanos();
        println!("seed {seed}");
        let mut state = u64::from(seed);
        for round in 0..ROUNDS {
            // Numerical Recipes' generator: nothing depends on how random it is.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) & 0xffff_ffff;
            let victim = (state >> 16) as usize % servers.len();
            servers[victim].kill();
            // Sometimes two are down at once.
            if state & 0x400 != 0 {
                servers[(victim + 1) % 3].kill();
            }
            bitcoind.mine(1);
            for tips in &mut tips {
                let (tip, origin) = tips.tip();
                assert_eq!(tip, tip_of(&bitcoind), "round {round}, seed {seed}");
                assert_ne!(origin, Origin::Subscribed);
            }
            for server in [victim, (victim + 1) % 3] {
                servers[server].restart();
            }
            // A server that is behind would tell of an old tip to who comes to it, and rightly.
            for server in &servers {
                until(BOUND, "the servers to agree", || (server.height() == bitcoind.height()).then_some(()));
            }
        }
        // Nothing more comes than what happens next.
        bitcoind.mine(1);
        tips.iter_mut().for_each(|tips| assert_eq!(tips.tip().0, tip_of(&bitcoind)));
    });
}
