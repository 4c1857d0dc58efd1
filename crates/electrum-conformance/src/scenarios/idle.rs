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
/// How often all threads of the process together may wake up in that time: a loop that looks every tenth of a second
/// is found out.
const WAKE_UPS: u64 = 10;
/// How many hundredths of a second they may work: one that never sleeps is found out.
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
        // It may be over before the test listens: then the end is what is reported.
        down(&mut client.events());
        // Its socket is closed too, not only known to be at its end.
        assert!(server.wait_done(1, PATIENCE));
        assert_asleep(what);
    }
}

fn assert_asleep(when: &str) {
    // What has just happened may still be worked off: it settles, or it never does.
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

/// How often threads of this process gave up the processor or lost it.
fn switches() -> Option<u64> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task").ok()? {
        let status = fs::read_to_string(task.ok()?.path().join("status")).unwrap_or_default();
        let counts = status.lines().filter(|line| line.contains("ctxt_switches:"));
        sum += counts.filter_map(|line| line.rsplit(char::is_whitespace).next()?.parse::<u64>().ok()).sum::<u64>();
    }
    Some(sum)
}

/// Hundredths of a second that this process has worked.
fn ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    behind_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}
