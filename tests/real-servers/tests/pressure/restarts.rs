//! A server that is killed and started again at once: how much later than a plain client our clients are answered.

use std::thread;
use std::time::{Duration, Instant};

use electrum_blocking::Config;
use electrum_blocking::proto::operations::Ping;
use real_servers::{Bitcoind, ElectrumX, Kind, Random};

use crate::common::both;
use crate::plain;

/// How long the server runs between two kills.
const BETWEEN: std::ops::Range<Duration> = Duration::from_millis(3_500)..Duration::from_millis(5_000);

/// For each restart, how much later than the plain client's answer a call was answered that was made when the server was
/// killed, by each adapter.
pub(crate) fn run(
    kind: Kind,
    bitcoind: &Bitcoind,
    kills: usize,
    bound: Duration,
    random: &mut Random,
) -> Vec<[Duration; 2]> {
    let mut server = ElectrumX::start(kind, bitcoind);
    let config = Config::new([server.address().parse().expect("an address")]);
    let clients = both(&config);
    for client in &clients {
        client.call(Ping).expect("a pong");
    }
    let port = server.port();
    (0..kills)
        .map(|_| {
            thread::sleep(random.within(&BETWEEN));
            server.kill();
            thread::scope(|scope| {
                let calls = clients.each_ref().map(|client| {
                    scope.spawn(|| {
                        client.call(Ping).expect("the call is answered");
                        Instant::now()
                    })
                });
                let plain = scope.spawn(move || plain::wait_until_answered(kind, port, bound));
                server.restart();
                let answered = calls.map(|call| call.join().expect("a call"));
                let plain = plain.join().expect("the plain client");
                answered.map(|at| at.saturating_duration_since(plain))
            })
        })
        .collect()
}
