//! Many subscriptions on servers that throttle their clients as ElectrumX does, in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use electrum_proto::types::Script;
use electrum_proto::{Action, Client, CloseCause, Config, Event, Input, Timestamp, Topic};
use electrum_testkit::chain::Chain;
use electrum_testkit::session::{Action as HostAction, Cost, Quirks};
use electrum_testkit::{Family, Host};

/// What a client came to.
#[derive(Debug, Default)]
struct Subscribed {
    reported: usize,
    connections: usize,
    /// How many answers said that the server was too busy.
    busy: usize,
    time: Duration,
    /// The longest time that a request waited for its answer.
    longest: Duration,
}

/// A client subscribes to so many scripts at once, and is played until each has its first status.
fn subscribe(config: Config, family: Family, scripts: u32, cost: Cost) -> Subscribed {
    let mut host = Host::new(family, Chain::funded());
    host.set_quirks(Quirks { cost: Some(cost), ..Quirks::default() });
    let mut client = Client::new(config, Timestamp::ZERO);
    for script in 0..scripts {
        client.subscribe(Timestamp::ZERO, Topic::Script(Script::new(script.to_le_bytes()))).unwrap();
    }
    let (mut done, mut link, mut now) = (Subscribed::default(), None, Duration::ZERO);
    let mut sent = BTreeMap::new();
    while done.reported < scripts as usize && now < Duration::from_secs(3_600) {
        let at = Timestamp::new(now);
        // What the server has for the client, or the end of the connection.
        if let Some((conn, peer)) = link {
            match host.action(peer) {
                Some(HostAction::Write(bytes)) => {
                    for (id, line) in messages(&bytes) {
                        let waited = sent.remove(&id).map_or(Duration::ZERO, |since| now - since);
                        done.longest = done.longest.max(waited);
                        done.busy += usize::from(line["error"]["code"] == -102);
                    }
                    host.wrote(peer, bytes.len());
                    client.handle(at, Input::Read(conn, &bytes));
                }
                Some(HostAction::Close) => {
                    host.disconnect(peer);
                    link = None;
                    client.handle(at, Input::Closed(conn, CloseCause::End));
                }
                None => {}
            }
        }
        match client.poll() {
            Action::Connect(conn, _) => {
                link = Some((conn, host.connect(now)));
                done.connections += 1;
                client.handle(at, Input::Connected(conn));
            }
            Action::Disconnect(_) => drop(link.take().map(|(_, peer)| host.disconnect(peer))),
            Action::Event(Event::Update { .. }) => done.reported += 1,
            Action::Event(_) => {}
            Action::Finished => unreachable!("it was not closed"),
            Action::Wait(wait) => match link {
                Some((conn, peer)) if wait.write => {
                    let bytes = client.outgoing().to_vec();
                    sent.extend(messages(&bytes).map(|(id, _)| (id, now)));
                    host.receive(now, peer, &bytes);
                    client.handle(at, Input::Wrote(conn, bytes.len()));
                }
                _ => {
                    let until = wait.until.map(|(until, _)| until.since(Timestamp::ZERO));
                    let wakes = link.and_then(|(_, peer)| host.wake_at(peer));
                    now = now.max(until.into_iter().chain(wakes).min().expect("something is to come"));
                    link.inspect(|(_, peer)| host.wake(now, *peer));
                    client.handle(Timestamp::new(now), Input::Tick);
                }
            },
        }
    }
    done.time = now;
    done
}

/// The messages in bytes that hold whole lines, with their ids.
fn messages(bytes: &[u8]) -> impl Iterator<Item = (u64, serde_json::Value)> {
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    lines.filter_map(|line: serde_json::Value| Some((line["id"].as_u64()?, line)))
}

#[test]
fn all_are_subscribed_on_one_connection_and_no_request_waits_until_it_is_refused() {
    let seconds = Duration::from_secs;
    // As COST_SOFT_LIMIT=200 and COST_HARD_LIMIT=1000 with what a subscription costs there, the default limits, and a server
    // that is throttling already.
    for (scripts, soft, hard) in [(2_000, 600, 3_000), (10_000, 3_000, 30_000), (1_000, 0, 3_000)] {
        let cost = Cost { soft, hard, sleep: Duration::from_millis(2_500), concurrent: 10, patience: seconds(30) };
        for family in [Family::ElectrumX1_16, Family::ElectrumX2_0] {
            let ours = subscribe(Config::default(), family, scripts, cost);
            assert_eq!((ours.reported, ours.connections, ours.busy), (scripts as usize, 1, 0), "{family:?}: {ours:?}");
            assert!(ours.longest < seconds(30), "{family:?}: {ours:?}");
            // A plain client has ten requests in flight at all times.
            let plain = Config { resubscribe_window: 10, ..Config::default() };
            let plain = subscribe(plain, family, scripts, cost);
            println!("{family:?}: {ours:?}, plain {plain:?}");
            assert!(ours.time <= plain.time * 11 / 10, "{family:?}: {ours:?}, plain {plain:?}");
        }
    }
}
