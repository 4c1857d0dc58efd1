//! Scenarios in which a client has nothing to do: its threads sleep.

use std::fs;
use std::thread;
use std::time::Duration;

use electrum_proto::Topic;

use crate::expect::{PATIENCE, call_aside, down, header, next};
use crate::transport::{Route, connect};
use crate::{Adapter, Client, Transport};
use electrum_testkit::scripted::{Scripted, Step};
use electrum_testkit::{Family, Server};

/// How long the threads are observed.
const SPELL: Duration = Duration::from_millis(1500);
/// How many times all threads of the process may wake up in that time, in total: fewer than a loop that polls every
/// tenth of a second.
const WAKE_UPS: u64 = 10;
/// How many hundredths of a second they may work: fewer than a thread that never sleeps.
const TICKS: u64 = 30;

/// A client that is ready, one that waits to try again, and one that waits for an answer: all of them sleep.
pub(super) fn idle<A: Adapter>(adapter: A, transport: Transport) {
    if switches().is_none() {
        return eprintln!("this system does not say how often threads wake up");
    }
    let server = Server::start(Family::ElectrumX2_0);
    let (_route, client) = connect(adapter, transport, &[server.addr()]);
    let mut tips = client.subscribe(vec![Topic::Headers]);
    next(&mut tips);
    assert_asleep("ready");

    server.pause();
    let waiting = call_aside(&client, header(1));
    assert!(server.wait_until(PATIENCE, |stats| stats.open == 1));
    assert_asleep("waiting for an answer");
    client.close();
    drop(waiting);

    for (end, what) in [(Step::Close, "closed by the server"), (Step::Reset, "reset by the server")] {
        let server = Scripted::start([Step::handshake("Ends 1", "1.4").to_vec(), vec![end]].concat());
        let mut route = Route::to(transport, &[server.addr()]);
        route.setup.protocol.backoff.initial = Duration::from_secs(600);
        route.setup.protocol.backoff.cap = Duration::from_secs(600);
        let client = adapter.connect(route.setup.clone());
        // The connection may end before the test listens; its end is reported then.
        down(&mut client.events());
        // The client has closed its socket too.
        assert!(server.wait_done(1, PATIENCE));
        assert_asleep(what);
    }
}

fn assert_asleep(when: &str) {
    // Earlier events may still cause some work, so several spells are tried.
    let mut seen = Vec::new();
    for _ in 0..4 {
        let before = (switches(), ticks());
        thread::sleep(SPELL);
        let after = (switches(), ticks());
        let (Some(from), Some(to)) = (before.0, after.0) else { return };
        let found = (to.saturating_sub(from), after.1.saturating_sub(before.1));
        if found.0 <= WAKE_UPS && found.1 <= TICKS {
            return;
        }
        seen.push(found);
    }
    panic!("{when}: the process should sleep, and woke up and worked so often: {seen:?}");
}

/// Returns how often threads of this process were switched off the processor.
fn switches() -> Option<u64> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task").ok()? {
        let status = fs::read_to_string(task.ok()?.path().join("status")).unwrap_or_default();
        let counts = status.lines().filter(|line| line.contains("ctxt_switches:"));
        sum += counts.filter_map(|line| line.rsplit(char::is_whitespace).next()?.parse::<u64>().ok()).sum::<u64>();
    }
    Some(sum)
}

/// Returns for how many hundredths of a second this process has worked.
fn ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    behind_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}
