//! Many scripts under a stream of transactions and blocks, a server that is killed again and again, a link that stalls
//! and breaks: in the end what was emitted last is what is so, every call was answered once, and memory did not grow.
//!
//! The short form takes a minute. `ELECTRUM_SOAK=full` is the long one, `ELECTRUM_SOAK_SEED=n` repeats a run.

mod callers;
#[path = "../common/mod.rs"]
mod common;
mod known_chain;
mod memory;
mod plan;
mod process;
mod traffic;
mod truth;
mod watcher;

use std::thread;
use std::time::{Duration, Instant};

use known_chain::KnownChain;
use memory::Memory;
use plan::Plan;
use process::ClientProcess;
use real_servers::{BadLink, Bitcoind, ElectrumX, Kind, Random, run_on, until};

/// For what is awaited when all is well again.
const BOUND: Duration = Duration::from_secs(120);
/// How long nothing must change in the end.
const QUIET: Duration = Duration::from_secs(3);

#[test]
fn soak() {
    if process::is_client() {
        process::run_client();
    } else {
        run_on(Kind::Ex2_0_0, soak_over);
    }
}

fn soak_over(kind: Kind) {
    let plan = Plan::from_env();
    println!("{plan}");
    let mut random = Random::new(plan.seed);
    let bitcoind = Bitcoind::start();
    let (known, mut traffic) = traffic::prepare(&bitcoind, &plan, random.fork());
    let mut server = ElectrumX::start(kind, &bitcoind);
    let link = BadLink::before(server.port(), plan.weather(), random.fork());
    let mut clients = ClientProcess::start(&KnownChain { address: link.address(), ..known });
    until(BOUND, "all values to be emitted", || clients.report().has_heard_all().then_some(()));

    let memory = Memory::of(clients.id());
    let kills = thread::scope(|scope| {
        let (traffic, bitcoind, end) = (&mut traffic, &bitcoind, Instant::now() + plan.duration);
        scope.spawn(move || traffic.run(bitcoind, end));
        kill_at_random(&mut server, &plan, &mut random)
    });
    let memory = memory.until_now();

    link.heal();
    clients.stop_calling();
    until(BOUND, "the callers to end", || (!clients.report().has_callers()).then_some(()));
    // What happens last is emitted live.
    let live = settle(&mut clients, &bitcoind, &server, &plan);
    // What happens last is found when the server is back.
    server.kill();
    traffic.run(&bitcoind, Instant::now() + QUIET);
    bitcoind.mine(1);
    server.restart();
    let resumed = settle(&mut clients, &bitcoind, &server, &plan);

    let (last, sent) = (clients.report(), traffic.sent());
    println!("{kills} kills, {:?}, {sent:?}", link.faults());
    println!("{last}{memory}");
    println!("{} differences, {} after one more outage", live.len(), resumed.len());
    assert_eq!([live, resumed], [Vec::<String>::new(), vec![]]);
    assert_eq!(kills, plan.kills);
    assert!(sent.is_plenty(plan.duration), "{sent:?}");
    last.check();
    assert!(memory.is_flat(), "{memory}");
}

/// Confirms all that there is and waits until the clients have been sent all; gives what they have not, a while later.
fn settle(clients: &mut ClientProcess, bitcoind: &Bitcoind, server: &ElectrumX, plan: &Plan) -> Vec<String> {
    while !bitcoind.mempool().is_empty() || server.height() < bitcoind.height() {
        bitcoind.mine(u32::from(!bitcoind.mempool().is_empty()));
        thread::sleep(Duration::from_millis(200));
    }
    let mut differences = || truth::differences(&clients.report(), bitcoind, server.port(), plan);
    let start = Instant::now();
    while !differences().is_empty() && start.elapsed() < BOUND {
        thread::sleep(Duration::from_millis(200));
    }
    thread::sleep(QUIET);
    differences()
}

/// Each run of the server ends at a moment that nothing else depends on, also while its clients are coming back.
fn kill_at_random(server: &mut ElectrumX, plan: &Plan, random: &mut Random) -> usize {
    let start = Instant::now();
    let mut moments: Vec<_> = (0..plan.kills).map(|_| random.within(&(Duration::ZERO..plan.duration))).collect();
    moments.sort();
    for moment in &moments {
        thread::sleep(moment.saturating_sub(start.elapsed()));
        server.kill();
        thread::sleep(random.within(&plan.downtime()));
        server.restart();
    }
    thread::sleep(plan.duration.saturating_sub(start.elapsed()));
    moments.len()
}
