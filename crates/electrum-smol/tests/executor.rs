//! The client's task beside other tasks on one thread.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use electrum_smol::proto::Topic;
use electrum_smol::proto::operations::Banner;
use electrum_smol::transport::ServerAddr;
use electrum_smol::{CallError, Config};
use electrum_testkit::prelude::*;
use futures_lite::FutureExt;

/// Runs a test that may hang, in a thread of its own.
fn bounded<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(run()));
    receiver.recv_timeout(Duration::from_secs(60)).expect("done in time")
}

fn config(url: &str) -> Config {
    url.parse::<ServerAddr>().unwrap().into()
}

#[test]
fn a_server_that_never_stops_talking_leaves_the_other_tasks_their_turns() {
    let mut script = Step::handshake("Talks 1", "1.4").to_vec();
    let notification = b"{\"jsonrpc\":\"2.0\",\"method\":\"blockchain.other\",\"params\":[]}\n";
    script.push(Step::Flood(notification.repeat(1000)));
    let server = Scripted::start(script);
    let config = config(&server.url());
    let outcome = bounded(move || {
        let (client, driven) = electrum_smol::client(config);
        let driven = async {
            driven.await;
            unreachable!("the client is not closed")
        };
        smol::block_on(driven.or(async { client.call_within(Duration::from_millis(500), Banner).await }))
    });
    assert_eq!(outcome, Err(CallError::TimedOut));
}

#[test]
fn dropping_the_task_that_moves_the_bytes_closes_the_client() {
    let server = Server::start(Family::ElectrumX1_16);
    let config = config(&server.url());
    bounded(move || {
        let (client, driven) = electrum_smol::client(config);
        let mut tips = client.subscribe(Topic::Headers).unwrap();
        let driven = async {
            driven.await;
            unreachable!("the client is not closed")
        };
        assert!(smol::block_on(driven.or(tips.next())).is_some());
        // The executor has ended, so its task was dropped.
        assert_eq!(smol::block_on(client.call(Banner)), Err(CallError::Closed));
        assert_eq!(smol::block_on(tips.next()), None);
        assert!(server.wait_until(Duration::from_secs(30), |stats| stats.open == 0));
    });
}
