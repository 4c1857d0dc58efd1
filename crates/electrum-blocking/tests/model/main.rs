//! The engine under a model checker: thousands of interleavings of its threads, without a lost wake-up, with at most one
//! thread that reads and one that writes, and never none when there is something to read or to write.
//!
//! The engine's own sources are compiled here, with locks and threads that the checker schedules. A thread that waits for
//! ever is a deadlock to it. `planted-bugs` beside this file plants bugs and checks that these tests find them.

// Parts that only the real adapter uses.
#![allow(dead_code)]

#[path = "../../src/engine.rs"]
mod engine;
mod fake;
#[path = "../../src/reading.rs"]
mod reading;
mod socket;
#[path = "../../src/state.rs"]
mod state;
mod sync;
#[path = "../../src/waiting.rs"]
mod waiting;

use electrum_session::proto::Timestamp;
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use crate::engine::Engine;
use crate::fake::{Fake, Outcome};
use crate::socket::Limits;

/// How many interleavings of each scenario are tried, of two kinds.
const ITERATIONS: usize = 400;

/// Runs a scenario under both of the checker's strategies.
fn check(scenario: impl Fn() + Send + Sync + Copy + 'static) {
    shuttle::check_random(scenario, ITERATIONS);
    shuttle::check_pct(scenario, ITERATIONS, 3);
}

/// Runs callers on a client of its own, closes it, and waits until all of its threads have ended.
fn with_client(limits: Limits, callers: impl FnOnce(&Arc<Engine<Fake>>)) {
    let engine = Fake::engine(limits);
    let ticker = Arc::clone(&engine);
    let ticker = thread::spawn(move || ticker.run_ticker());
    callers(&engine);
    Fake::close(&engine);
    ticker.join().unwrap();
    loop {
        let Some(thread) = engine.backend.threads.lock().unwrap().pop() else { break };
        thread.join().unwrap();
    }
}

/// Makes calls in threads of their own, and checks how each ended.
fn call_from(engine: &Arc<Engine<Fake>>, threads: usize, calls: usize, expected: Outcome) {
    let callers: Vec<_> = (0..threads)
        .map(|_| {
            let engine = Arc::clone(engine);
            thread::spawn(move || {
                for _ in 0..calls {
                    assert_eq!(engine.block_on(|| Fake::call(&engine, None)), expected);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.join().unwrap();
    }
}

#[test]
fn every_call_gets_its_reply() {
    check(|| with_client(Limits::new(8), |engine| call_from(engine, 2, 3, Outcome::Replied)));
}

#[test]
fn one_caller_reads_its_own_replies() {
    check(|| with_client(Limits::new(8), |engine| call_from(engine, 1, 4, Outcome::Replied)));
}

/// Buffers are full in both directions: the thread that writes must not keep the others from reading.
#[test]
fn a_server_that_does_not_read_while_it_writes_stops_no_one() {
    check(|| with_client(Limits::new(1), |engine| call_from(engine, 4, 1, Outcome::Replied)));
}

/// The ticker sleeps without a deadline when the call is made.
#[test]
fn a_call_without_a_reply_ends_at_its_deadline() {
    check(|| {
        with_client(Limits { is_mute: true, ..Limits::new(8) }, |engine| {
            let deadline = Some(Timestamp::from_millis(1));
            assert_eq!(engine.block_on(|| Fake::call(engine, deadline)), Outcome::TimedOut);
        });
    });
}

#[test]
fn calls_end_when_the_client_is_closed() {
    check(|| {
        with_client(Limits { is_mute: true, ..Limits::new(8) }, |engine| {
            let closer = Arc::clone(engine);
            let closer = thread::spawn(move || Fake::close(&closer));
            call_from(engine, 2, 1, Outcome::Closed);
            closer.join().unwrap();
        });
    });
}

#[test]
fn calls_are_answered_on_the_next_connection() {
    check(|| {
        let closings = Arc::new(Mutex::new(1));
        let limits = Limits { closes_after: Some(1), closings, ..Limits::new(8) };
        with_client(limits, |engine| call_from(engine, 2, 2, Outcome::Replied));
    });
}
