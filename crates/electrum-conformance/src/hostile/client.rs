//! The client's side: makes the requests of an entry, and checks the outcome.

use std::cell::Cell;
use std::iter;
use std::panic;
use std::process;
use std::time::Duration;

use electrum_proto::operations::{
    Balance, Banner, Features, FeeHistogram, Headers, History, Peers, Raw, TransactionGet, TransactionMerkle,
};
use electrum_proto::types::{RawHeader, RawTransaction, Script, Txid};
use electrum_proto::{Backoff, Config, DownCause, SubscribeError, Tip, Topic, Update};

use crate::expect::{PATIENCE, wait_for};
use crate::{Adapter, Client, ConnectionEvent, Failure, Next, Setup, Source, TopicUpdate};
use electrum_testkit::chain::{self, Transaction};
use electrum_testkit::hash::Hash256;
use electrum_testkit::hostile::{Ask, Entry, Expect, Timeout, honest};

/// The backoff of clients.
pub(super) const BACKOFF: Backoff = Backoff {
    reconnect: Duration::from_millis(20),
    initial: Duration::from_millis(20),
    cap: Duration::from_secs(60),
    jitter_permille: 250,
    stable_after: Duration::from_secs(60),
    set_aside: Duration::from_secs(60),
};

/// The number of lost connections for which the pauses are checked to grow.
const LOSSES: usize = 6;

/// Makes the requests of the entry, and panics if the client does not behave as the entry expects.
pub(super) fn check<A: Adapter>(adapter: A, entry: &Entry, server: &str) {
    let otherwise = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // In whatever thread it is.
        otherwise(panic);
        process::exit(101);
    }));
    let setup = Setup { servers: vec![server.to_owned()], proxy: None, protocol: config(entry), queue: 100_000 };
    let client = adapter.connect(setup);
    let mut events = client.events();
    match entry.expect {
        Expect::Answer => {
            expect_answer(ask(&client, entry.ask));
            goes_on(&client, &mut events);
        }
        Expect::Error(words) => {
            expect_words(ask(&client, entry.ask), words);
            goes_on(&client, &mut events);
        }
        Expect::Overrun(words) => expect_words(ask(&client, entry.ask), words),
        Expect::TooLarge(words) => {
            expect_words(ask(&client, entry.ask), words);
            expect_answer(ask(&client, Ask::Banner));
        }
        Expect::Dropped(cause, words) => {
            expect_answer(ask(&client, entry.ask));
            let found = wait_for(&mut events, "the end of the connection", |event| match event {
                ConnectionEvent::Down { cause, .. } => Some(cause.clone()),
                _ => None,
            });
            check_cause(&found, cause, words);
            expect_answer(ask(&client, Ask::Banner));
        }
        Expect::NeverReady(cause, words) => {
            // On a busy machine the first call may end before the first attempt to connect has failed.
            let call = || client.call(balance(), Some(Duration::from_secs(1)));
            let outcome = iter::repeat_with(call).find(|outcome| *outcome != Err(Failure::Unsent(String::new())));
            let has_words = matches!(&outcome, Some(Err(Failure::Unsent(why))) if why.contains(words));
            assert!(has_words, "{outcome:?}");
            keeps_trying(&mut events, false, cause, words);
        }
        Expect::KeepsLosing(cause, words) => {
            let outcome = client.call(balance(), Some(Duration::from_secs(1)));
            assert!(outcome.is_err(), "{outcome:?}");
            keeps_trying(&mut events, true, cause, words);
        }
    }
    client.close();
}

fn config(entry: &Entry) -> Config {
    let mut config = Config { backoff: BACKOFF, ..Config::default() };
    let timeouts = &mut config.timeouts;
    for short in entry.short {
        match short {
            Timeout::Connect => timeouts.connect = Duration::from_millis(300),
            Timeout::Handshake => timeouts.handshake = Duration::from_millis(150),
            Timeout::Answer => timeouts.request = Duration::from_secs(1),
            Timeout::Silence => {
                (timeouts.ping_idle, timeouts.pong) = (Duration::from_millis(500), Duration::from_secs(2));
            }
        }
    }
    config
}

#[track_caller]
fn expect_answer(outcome: Result<(), Failure>) {
    assert_eq!(outcome, Ok(()));
}

#[track_caller]
fn expect_words(outcome: Result<(), Failure>, words: &str) {
    let found = match outcome {
        Ok(()) => panic!("an answer instead of an error with {words:?}"),
        Err(Failure::TimedOut) => "the server did not answer in time".into(),
        Err(Failure::Server { message, .. }) => message,
        Err(Failure::Decode(what) | Failure::Unsent(what) | Failure::Other(what)) => what,
        Err(other) => panic!("{other:?} instead of an error with {words:?}"),
    };
    assert!(found.len() < 10_000, "an error of {} bytes", found.len());
    assert!(found.contains(words), "{found:.1000?} instead of an error with {words:?}");
}

#[track_caller]
fn check_cause(found: &DownCause, cause: &str, words: &str) {
    let text = found.to_string();
    assert!(found.name() == cause && text.contains(words), "{found:?} ({text}), not {cause} with {words:?}");
}

/// Checks that the same connection serves the next call.
fn goes_on(client: &impl Client, events: &mut impl Source<ConnectionEvent>) {
    expect_answer(ask(client, Ask::Banner));
    while let Next::Item(event) = events.next(Duration::ZERO) {
        assert!(!matches!(event, ConnectionEvent::Down { .. }), "{event:?}");
    }
}

/// Checks that each connection is lost for this cause, after it was ready or before, and that the pauses grow.
fn keeps_trying(events: &mut impl Source<ConnectionEvent>, becomes_ready: bool, cause: &str, words: &str) {
    let (was_ready, mut last) = (Cell::new(false), Duration::ZERO);
    for _ in 0..LOSSES {
        let (found, retry_in) = wait_for(events, "the end of the connection", |event| match event {
            ConnectionEvent::Down { cause, retry_in, .. } => Some((cause.clone(), *retry_in)),
            ConnectionEvent::Ready { .. } => {
                was_ready.set(true);
                None
            }
            ConnectionEvent::Connecting { .. } => None,
        });
        check_cause(&found, cause, words);
        assert!(retry_in > last, "a pause of {retry_in:?} after one of {last:?}");
        last = retry_in;
    }
    assert_eq!(was_ready.get(), becomes_ready, "whether it was ever ready");
}

/// Makes the requests. Returns the error, if there is one, and panics if an answer is wrong.
fn ask(client: &impl Client, ask: Ask) -> Result<(), Failure> {
    match ask {
        Ask::Balance => client.call(balance(), None).map(|found| {
            assert_eq!((found.confirmed.to_sat(), found.unconfirmed.to_sat()), (70_000, 5_000));
        }),
        Ask::BalanceTwice => self::ask(client, Ask::Balance).and_then(|()| self::ask(client, Ask::Balance)),
        Ask::History => client.call(History::new(script()), None).map(|found| {
            let found: Vec<_> = found.iter().map(|entry| (entry.txid.to_string(), entry.height.to_wire())).collect();
            let right = honest::chain().history(&Hash256::of_script(&honest::watched()));
            assert_eq!(found, right.iter().map(|entry| (entry.txid.to_string(), entry.height)).collect::<Vec<_>>());
        }),
        Ask::Headers => client.call(Headers::new(0, 2016), None).map(|found| {
            let found: Vec<_> = found.headers.iter().map(|header| header.to_hex()).collect();
            let right = (0..=honest::chain().height()).filter_map(|height| honest::chain().header(height));
            assert_eq!(found, right.map(chain::Header::to_hex).collect::<Vec<_>>());
        }),
        Ask::Transaction => client.call(TransactionGet::new(txid()), None).map(|found: RawTransaction| {
            let right = honest::chain().transaction(&honest::txid()).map(Transaction::to_bytes);
            assert_eq!(Some(found.as_bytes()), right.as_deref());
        }),
        Ask::Merkle => client.call(TransactionMerkle { txid: txid(), height: 111 }, None).map(|found| {
            assert_eq!((found.height, found.position, found.branch.len()), (111, 1, 1));
        }),
        Ask::Banner => client.call(Banner, None).map(|banner| assert!(!banner.is_empty())),
        Ask::Peers => client.call(Peers, None).map(|peers| assert_eq!(peers.items, [])),
        Ask::Features => client.call(Features, None).map(|found| {
            assert_eq!(found.genesis_hash.to_string(), chain::REGTEST_GENESIS);
        }),
        Ask::FeeHistogram => client.call(FeeHistogram, None).map(|bins| assert_eq!(bins.len(), 1)),
        Ask::WatchScript => {
            let status = Update::Script(honest::status().parse().ok());
            watch(client, Topic::Script(Script::new(honest::watched())), &status)
        }
        Ask::WatchMany => watch_many(client),
        Ask::WatchTip => {
            let (height, header) = (honest::chain().height(), honest::chain().tip().to_bytes());
            let header = RawHeader::from_bytes(header);
            watch(client, Topic::Headers, &Update::Headers(Tip { height, header }))
        }
        Ask::WatchRaw => {
            let topic = Topic::Raw { method: "hostile.event".into(), params: Vec::new() };
            watch(client, topic, &Update::RawResult("\"subscribed\"".into()))
        }
        Ask::Bulk => bulk(client),
    }
}

fn script() -> Script {
    Script::new(honest::watched())
}

fn balance() -> Balance {
    Balance::new(script())
}

fn txid() -> Txid {
    honest::txid().to_string().parse().unwrap_or_else(|_| panic!("an id is an id"))
}

/// Subscribes, and checks that the first value is `right`, and the last one too after the server has answered another
/// call.
fn watch(client: &impl Client, topic: Topic, right: &Update) -> Result<(), Failure> {
    let is_raw = matches!(topic, Topic::Raw { .. });
    let mut updates = client.subscribe(vec![topic]);
    let first = first_value(&mut updates)?;
    expect_answer(ask(client, Ask::Banner));
    let mut last = first.clone();
    while let Next::Item(change) = updates.next(Duration::ZERO) {
        last = change.value.unwrap_or_else(|error| panic!("an error after the first value: {error}"));
    }
    let ends_well = &last == right || is_raw && matches!(last, Update::RawNotification(_));
    assert!(ends_well, "the last value is {last:.300?}");
    Ok(())
}

/// Subscribes to many scripts, and checks that each has an update. Returns the error of the last one that is refused.
fn watch_many(client: &impl Client) -> Result<(), Failure> {
    let topics: Vec<_> = (1..=100).map(|n| Topic::Script(Script::new(chain::script(n)))).collect();
    let count = topics.len();
    let mut updates = client.subscribe(topics);
    let mut outcome = Ok(());
    for _ in 0..count {
        outcome = first_value(&mut updates).map(drop);
    }
    expect_answer(ask(client, Ask::Banner));
    outcome
}

/// Waits for the value of a topic, or for its refusal. Until then it may be reported as refused for now.
fn first_value(updates: &mut impl Source<TopicUpdate>) -> Result<Update, Failure> {
    loop {
        match updates.next(PATIENCE) {
            Next::Item(TopicUpdate {
                value: Err(SubscribeError::Unavailable(_) | SubscribeError::TimedOut), ..
            }) => {}
            Next::Item(TopicUpdate { value, .. }) => return value.map_err(|error| Failure::Other(error.to_string())),
            other => panic!("a value was due, and there was {other:?}"),
        }
    }
}

/// Makes many large calls at once, each of which must be answered, on any transport.
fn bulk(client: &impl Client) -> Result<(), Failure> {
    let filling = serde_json::Value::from("x".repeat(100_000));
    let calls = (0..160).map(|_| Raw::reading("server.ping", vec![filling.clone()])).collect();
    for outcome in client.batch(calls) {
        match outcome {
            Ok(_) | Err(Failure::Server { .. }) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}
