//! How fast calls go through on servers that hold small answers back, and what is sent for it.
//!
//! `cargo test --release -p real-servers --test pace -- --nocapture --test-threads=1` prints the times. None is asserted.

use std::time::{Duration, Instant};

use electrum_blocking::{Client, Config};
use electrum_proto::operations::{Balance, Ping};
use electrum_proto::types::{Amount, Script};
use electrum_proto::{ProtocolVersion, VersionRange};
use real_servers::{Bitcoind, ElectrumX, Kind, Relay, anyone_can_spend, on_every_server, run_on, until};

const BOUND: Duration = Duration::from_secs(60);
const CALLS: usize = 40;
const SCRIPTS: u32 = 1_000;
/// What each script holds.
const FUNDED: u64 = 10_000;
const ROUNDS: usize = 5;
/// What the nudge asks for.
const NUDGE: &str = "blockchain.block.headers";

/// A chain on which a thousand scripts hold something.
fn chain() -> Bitcoind {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(101);
    let outputs: Vec<_> = (0..SCRIPTS).map(|tag| (anyone_can_spend(tag + 1), FUNDED)).collect();
    bitcoind.fund(&outputs);
    bitcoind.mine(1);
    bitcoind
}

fn balance(tag: u32) -> Balance {
    Balance::new(Script::new(anyone_can_spend(tag + 1)))
}

fn config(address: &str, version: &str) -> Config {
    let version: ProtocolVersion = version.parse().expect("a version");
    let mut config = Config::new([address.parse().expect("an address")]);
    config.protocol.versions = VersionRange::new(version, version).expect("a range");
    config
}

on_every_server!(nudges_only_where_answers_are_held_back);

/// A server that does not pad is never nudged; one that does is.
fn nudges_only_where_answers_are_held_back(kind: Kind) {
    let bitcoind = chain();
    let server = ElectrumX::start(kind, &bitcoind);
    for version in kind.versions() {
        let relay = Relay::before(server.port());
        let client = Client::connect(config(&relay.address(), version)).expect("the system gives what a client needs");
        for tag in 0..CALLS as u32 {
            client.call(Ping).expect("a pong");
            let found = client.call(balance(tag)).expect("a balance");
            assert_eq!(Some(found.confirmed), Amount::from_sat(FUNDED));
        }
        let found = client.batch((0..SCRIPTS).map(balance));
        for balance in found {
            assert_eq!(Some(balance.expect("a balance").confirmed), Amount::from_sat(FUNDED));
        }
        let mut counts = relay.counts();
        let nudges = counts.remove(NUDGE).unwrap_or(0);
        println!("{} {version}: {nudges} nudges for {} calls", kind.name(), 2 * CALLS + SCRIPTS as usize);
        assert_eq!(nudges > 0, kind.pads(), "{nudges} nudges");
        assert_eq!(counts.remove("server.version"), Some(1));
        assert_eq!(counts.remove("server.ping"), Some(CALLS));
        // Nothing is asked twice, and nothing else is asked.
        assert_eq!(counts.values().sum::<usize>(), CALLS + SCRIPTS as usize, "{counts:?}");
        assert_eq!(counts.len(), 1, "{counts:?}");
    }
}

/// Who wants no nudges gets none, and its answers all the same, if late.
#[test]
fn none_for_who_wants_none() {
    run_on(Kind::Ex2_0_0, |kind| {
        let bitcoind = chain();
        let server = ElectrumX::start(kind, &bitcoind);
        let relay = Relay::before(server.port());
        let mut config = config(&relay.address(), kind.newest());
        config.protocol.nudge = false;
        let client = Client::connect(config).expect("the system gives what a client needs");
        for tag in 0..3 {
            let found = client.call(balance(tag)).expect("a balance");
            assert_eq!(Some(found.confirmed), Amount::from_sat(FUNDED));
        }
        let counts = relay.counts();
        assert_eq!((counts.len(), counts.values().sum::<usize>()), (2, 4), "{counts:?}");
    });
}

/// The medians of some rounds.
#[derive(Debug)]
struct Times {
    pings: Duration,
    balances: Duration,
    at_once: Duration,
}

impl Times {
    fn median(mut rounds: Vec<Self>) -> Self {
        let mut middle = |part: fn(&Self) -> Duration| {
            rounds.sort_by_key(part);
            part(&rounds[rounds.len() / 2])
        };
        Self { pings: middle(|t| t.pings), balances: middle(|t| t.balances), at_once: middle(|t| t.at_once) }
    }
}

#[test]
fn forty_calls_one_at_a_time_and_a_thousand_at_once() {
    run_on(Kind::Ex2_0_0, |kind| {
        let bitcoind = chain();
        let server = ElectrumX::start(kind, &bitcoind);
        println!("{}, medians of {ROUNDS} rounds, each on a connection of its own", kind.name());
        println!("| adapter | protocol | {CALLS} pings | {CALLS} balances | {SCRIPTS} balances at once |");
        println!("|---|---|---|---|---|");
        for version in ["1.4", "1.6", "1.7"] {
            type Round = fn(Config) -> Times;
            for (adapter, round) in [("blocking", blocking as Round), ("smol", on_smol)] {
                let rounds = (0..ROUNDS).map(|_| round(config(&server.address(), version))).collect();
                let Times { pings, balances, at_once } = Times::median(rounds);
                println!("| {adapter} | {version} | {pings:.1?} | {balances:.1?} | {at_once:.1?} |");
            }
        }
        until(BOUND, "the connections to end", || (server.sessions() == 0).then_some(()));
    });
}

fn blocking(config: Config) -> Times {
    let client = Client::connect(config).expect("the system gives what a client needs");
    times(
        || client.call(Ping).expect("a pong"),
        |tag| assert!(client.call(balance(tag)).is_ok()),
        || assert!(client.batch((0..SCRIPTS).map(balance)).iter().all(Result::is_ok)),
    )
}

fn on_smol(config: Config) -> Times {
    let client = electrum_smol::connect(config);
    times(
        || smol::block_on(client.call(Ping)).expect("a pong"),
        |tag| assert!(smol::block_on(client.call(balance(tag))).is_ok()),
        || assert!(smol::block_on(client.batch((0..SCRIPTS).map(balance))).iter().all(Result::is_ok)),
    )
}

fn times(ping: impl Fn(), balance: impl Fn(u32), all_balances: impl Fn()) -> Times {
    let time = |work: &dyn Fn()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    // Whatever is measured, the handshake is not.
    ping();
    Times {
        pings: time(&|| (0..CALLS).for_each(|_| ping())),
        balances: time(&|| (0..CALLS as u32).for_each(&balance)),
        at_once: time(&all_balances),
    }
}
