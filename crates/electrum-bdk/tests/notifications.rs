//! The queues of headers and statuses: in order, bounded, and over lost connections.

use std::time::{Duration, Instant};

use bdk_electrum::electrum_client::{ElectrumApi, Error};
use bdk_wallet::bitcoin::ScriptBuf;
use electrum_bdk::Client;
use electrum_testkit::prelude::*;

/// A time-out that is reached only by what never comes.
const BOUND: Duration = Duration::from_secs(60);

/// Pops until something comes.
#[track_caller]
fn popped<T>(pop: impl Fn() -> Result<Option<T>, Error>) -> Result<T, Error> {
    let end = Instant::now() + BOUND;
    while Instant::now() < end {
        match pop() {
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Ok(Some(value)) => return Ok(value),
            Err(error) => return Err(error),
        }
    }
    panic!("nothing came in time");
}

#[test]
fn headers_are_popped_in_order_and_none_is_missing() {
    for family in Family::ALL {
        let server = Server::builder(family).prompt().start().unwrap();
        let client = Client::new(&server.url()).unwrap();
        assert!(client.block_headers_pop().unwrap().is_none(), "nothing is subscribed");
        let first = client.block_headers_subscribe().unwrap().height;
        for _ in 0..20 {
            server.mine(1);
        }
        for height in first + 1..=first + 20 {
            assert_eq!(popped(|| client.block_headers_pop()).unwrap().height, height, "{}", family.name());
        }
        // Subscribing again returns the present tip, and queues nothing.
        assert_eq!(client.block_headers_subscribe().unwrap().height, first + 20);
        assert!(client.block_headers_pop().unwrap().is_none());
    }
}

#[test]
fn statuses_are_popped_in_order_and_those_dropped_are_reported_once() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().unwrap();
    let client = Client::new(&server.url()).unwrap();
    let (one, other) = (ScriptBuf::from_bytes(script(1)), ScriptBuf::from_bytes(script(2)));
    let first = client.batch_script_subscribe([one.as_script(), other.as_script()]).unwrap();
    assert_eq!(first, [None, None]);
    assert!(matches!(client.script_subscribe(&one), Err(Error::AlreadySubscribed(_))));

    let pay = |count: u32| -> Vec<String> {
        let digest = Hash256::of_script(&script(1));
        (0..count).map(|_| server.pay(&script(1), 1_000)).map(|_| server.status(&digest).unwrap()).collect()
    };
    let hex = |status: bdk_electrum::electrum_client::ScriptStatus| -> String {
        status.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    for status in pay(50) {
        assert_eq!(hex(popped(|| client.script_pop(&one)).unwrap()), status);
    }
    assert!(client.script_pop(&other).unwrap().is_none());

    // More payments than statuses are kept. Once the last one has come, so have those before.
    let all = pay(130);
    server.pay(&script(2), 1_000);
    popped(|| client.script_pop(&other)).unwrap();
    let error = popped(|| client.script_pop(&one)).unwrap_err();
    assert!(matches!(&error, Error::Message(text) if text.starts_with("30 notifications were dropped")), "{error:?}");
    for status in &all[30..] {
        assert_eq!(&hex(client.script_pop(&one).unwrap().unwrap()), status);
    }
    assert!(client.script_pop(&one).unwrap().is_none());

    assert!(client.script_unsubscribe(&one).unwrap());
    assert!(matches!(client.script_pop(&one), Err(Error::NotSubscribed(_))));
    assert!(matches!(client.script_unsubscribe(&one), Err(Error::NotSubscribed(_))));
    assert!(client.script_subscribe(&one).unwrap().is_some());
}

#[test]
fn what_changed_during_an_outage_is_popped_once() {
    let mut server = Server::builder(Family::ElectrumX2_0).prompt().start().unwrap();
    let client = Client::new(&server.url()).unwrap();
    let spk = ScriptBuf::from_bytes(script(1));
    let height = client.block_headers_subscribe().unwrap().height;
    let txid = server.pay(&script(1), 1_000);
    let before = client.script_subscribe(&spk).unwrap().unwrap();
    server.stop();
    server.mine(1);
    server.restart();
    assert_ne!(popped(|| client.script_pop(&spk)).unwrap(), before);
    assert_eq!(popped(|| client.block_headers_pop()).unwrap().height, height + 1);
    assert!(client.script_pop(&spk).unwrap().is_none());
    assert!(client.block_headers_pop().unwrap().is_none());

    // A script without a history any more differs from an empty queue.
    server.reorganise(1, 2);
    let unconfirmed = popped(|| client.script_pop(&spk)).unwrap();
    server.chain(|chain| chain.evict(&txid));
    let mut last = popped(|| client.script_pop(&spk)).unwrap();
    while last == unconfirmed {
        last = popped(|| client.script_pop(&spk)).unwrap();
    }
    assert_eq!(*last, [0; 32]);
}
