//! The threads that drive a client under a model checker: thousands of interleavings, without a lost wake-up, with at most
//! one thread that reads and one that writes, and never none when there is something to read or to write.
//!
//! The engine's own sources are compiled here, with locks and threads that the checker schedules, beside the real session.
//! A thread that waits for ever is a deadlock to it. `planted-bugs` beside this file plants bugs and checks that these
//! tests find them.

#[path = "../../src/threads/engine.rs"]
mod engine;
mod pipe;
#[path = "../../src/threads/reading.rs"]
mod reading;
#[path = "../../src/threads/state.rs"]
mod state;
mod sync;
#[path = "../../src/threads/waiting.rs"]
mod waiting;

mod driver {
    pub(crate) use electrum_session::Driver;
}
mod session {
    pub(crate) use electrum_session::Step;
}
mod socket {
    pub(crate) use electrum_session::threads::{Runtime, Socket};
}

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use electrum_proto::operations::Banner;
use electrum_proto::{Backoff, Timeouts};
use electrum_session::transport::ServerAddr;
use electrum_session::{CallError, Client, Config};
use shuttle::thread;

use crate::engine::Engine;
use crate::pipe::{Limits, Pipes};
use crate::sync::Elapsed;

/// How many interleavings of each scenario are tried, of two kinds.
const ITERATIONS: usize = 400;
/// So long that it never passes.
const NEVER: Duration = Duration::from_secs(1_000_000);

/// Runs a scenario under both of the checker's strategies.
fn check(scenario: impl Fn() + Send + Sync + Copy + 'static) {
    shuttle::check_random(scenario, ITERATIONS);
    shuttle::check_pct(scenario, ITERATIONS, 3);
}

/// Runs callers on a client of its own, and closes it. The checker waits until all of its threads have ended.
fn with_client(limits: Limits, callers: impl FnOnce(&Client, &Arc<Engine<Pipes>>)) {
    let server: ServerAddr = "tcp://127.0.0.1:1".parse().unwrap();
    let mut config = Config::from(server);
    config.protocol.seed = 1;
    config.protocol.nudge = false;
    config.protocol.timeouts =
        Timeouts { connect: NEVER, handshake: NEVER, request: NEVER, ping_idle: NEVER, pong: NEVER };
    config.protocol.backoff = Backoff { initial: Duration::from_millis(1), ..config.protocol.backoff };
    let engine = Arc::new(OnceLock::<Weak<Engine<Pipes>>>::new());
    let woken = Arc::clone(&engine);
    let (client, driver) = Client::with_clock(config, Elapsed, move || {
        if let Some(engine) = woken.get().and_then(Weak::upgrade) {
            engine.turn();
        }
    });
    let strong = Arc::new(Engine::new(driver, Pipes(limits)));
    engine.get_or_init(|| Arc::downgrade(&strong));
    strong.start().unwrap();
    callers(&client, &strong);
    client.close();
}

/// Waits for an item of a stream as [`Threads::block_on_next`](electrum_session::threads::Threads::block_on_next) does,
/// with the checker's way to sleep.
fn block_on_next<T>(engine: &Arc<Engine<Pipes>>, next: impl Future<Output = T>) -> T {
    let mut next = pin!(next);
    match engine.read_on(next.as_mut()) {
        Some(item) => item,
        None => engine.block_on(|| next),
    }
}

/// Makes calls in threads of their own, and checks how each ended.
fn call_from(
    client: &Client,
    engine: &Arc<Engine<Pipes>>,
    threads: usize,
    calls: usize,
    expected: &Result<String, CallError>,
) {
    let callers: Vec<_> = (0..threads)
        .map(|_| {
            let (client, engine, expected) = (client.clone(), Arc::clone(engine), expected.clone());
            thread::spawn(move || {
                for _ in 0..calls {
                    assert_eq!(engine.block_on(|| client.call(Banner)), expected);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.join().unwrap();
    }
}

fn replied() -> Result<String, CallError> {
    Ok(pipe::BANNER.into())
}

#[test]
fn every_call_gets_its_reply() {
    check(|| with_client(Limits::new(), |client, engine| call_from(client, engine, 2, 3, &replied())));
}

#[test]
fn one_caller_reads_its_own_replies() {
    check(|| with_client(Limits::new(), |client, engine| call_from(client, engine, 1, 4, &replied())));
}

/// Buffers are full in both directions: the thread that writes must not keep the others from reading.
#[test]
fn a_server_that_does_not_read_while_it_writes_stops_no_one() {
    check(|| with_client(Limits::small(), |client, engine| call_from(client, engine, 4, 1, &replied())));
}

/// The ticker sleeps without a deadline when the call is made.
#[test]
fn a_call_without_a_reply_ends_at_its_deadline() {
    check(|| {
        with_client(Limits { is_mute: true, ..Limits::new() }, |client, engine| {
            let reply = engine.block_on(|| client.call_within(Duration::from_millis(1), Banner));
            assert!(matches!(reply, Err(CallError::TimedOut | CallError::Unsent { .. })), "{reply:?}");
        });
    });
}

#[test]
fn calls_end_when_the_client_is_closed() {
    check(|| {
        with_client(Limits { is_mute: true, ..Limits::new() }, |client, engine| {
            let closer = client.clone();
            let closer = thread::spawn(move || closer.close());
            call_from(client, engine, 2, 1, &Err(CallError::Closed));
            closer.join().unwrap();
        });
    });
}

#[test]
fn calls_are_answered_on_the_next_connection() {
    check(|| {
        let limits = Limits::new();
        *limits.closings.lock().unwrap() = 1;
        with_client(limits, |client, engine| call_from(client, engine, 2, 2, &replied()));
    });
}

#[test]
fn a_thread_that_waits_for_an_update_reads_for_callers_too() {
    check(|| {
        with_client(Limits::new(), |client, engine| {
            let consumer = {
                let (client, engine) = (client.clone(), Arc::clone(engine));
                thread::spawn(move || {
                    for _ in 0..2 {
                        assert_eq!(block_on_next(&engine, client.call(Banner)), replied());
                    }
                })
            };
            call_from(client, engine, 2, 2, &replied());
            consumer.join().unwrap();
        });
    });
}
