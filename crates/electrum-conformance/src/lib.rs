//! A test suite for drivers of the machine: what every adapter must do.
//!
//! Implement [`Adapter`] and [`Client`] for it in a file under `tests/`, and name the adapter in
//! [`driver_conformance!`](macro@crate::driver_conformance): that makes a test of each scenario on each [`Transport`].
//! Outside the test harness [`driver_conformance`](fn@driver_conformance) runs them one after the other. Parameters and
//! results of raw calls are values of `serde_json`, and events those of `electrum-proto`: a crate that implements the
//! traits depends on both.
//!
//! [`hostile_conformance!`](crate::hostile_conformance) does the same with the [catalogue](electrum_testkit::hostile)
//! of hostile servers.
//!
//! Each scenario ends within [`BOUND`], or fails.

mod adapter;
mod expect;
pub mod hostile;
mod recorder;
mod scenarios;
pub mod session;
mod transport;
mod wire;

use std::panic::resume_unwind;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

pub use adapter::{Adapter, Client, ConnectionEvent, Failure, Next, Pending, Setup, Source, TopicUpdate};
pub use transport::Transport;

/// The time-out of one scenario, which is enough on a busy machine.
pub const BOUND: Duration = Duration::from_secs(120);

/// The scenarios that need a process of their own.
const NEEDS_A_PROCESS: &[&str] = &["idle"];

/// The environment variable that is set in such a process.
const ALONE: &str = "DRIVER_CONFORMANCE_ALONE";

/// Runs every scenario on every transport, one after the other.
///
/// # Panics
/// If a scenario fails.
pub fn driver_conformance<A: Adapter>(adapter: A) {
    for transport in Transport::ALL {
        for scenario in scenarios::all::<A>() {
            eprintln!("{} ({transport})", scenario.name);
            bounded(move || (scenario.run)(adapter, transport));
        }
    }
}

/// Returns the names of all scenarios.
#[must_use]
pub fn scenario_names<A: Adapter>() -> Vec<&'static str> {
    scenarios::all::<A>().into_iter().map(|scenario| scenario.name).collect()
}

/// Runs one scenario, as one test among others that run at the same time.
///
/// # Panics
/// If the scenario fails or does not exist.
pub fn run_scenario<A: Adapter>(adapter: A, transport: Transport, name: &str) {
    let Some(scenario) = scenarios::all::<A>().into_iter().find(|scenario| scenario.name == name) else {
        panic!("there is no scenario {name}");
    };
    if NEEDS_A_PROCESS.contains(&name) && std::env::var_os(ALONE).is_none() {
        return run_alone();
    }
    bounded(move || (scenario.run)(adapter, transport));
}

/// Runs the current test again in a process of its own.
fn run_alone() {
    let thread = thread::current();
    let Some(test) = thread.name() else { panic!("a test runs in a thread that bears its name") };
    let program = std::env::current_exe().unwrap_or_else(|error| panic!("this program is not to be found: {error}"));
    let output = Command::new(program).args(["--exact", "--nocapture", test]).env(ALONE, "1").output();
    let output = output.unwrap_or_else(|error| panic!("this program does not start again: {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{test}, alone:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs something with a time-out. After a time-out its thread runs on until the harness ends the process.
fn bounded(run: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = channel::<()>();
    let thread = thread::spawn(move || {
        let _sender = sender;
        run();
    });
    if receiver.recv_timeout(BOUND) == Err(RecvTimeoutError::Timeout) {
        panic!("not done within {BOUND:?}");
    }
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

/// Makes a test of each scenario on each transport, for a value that implements
/// [`Adapter`](crate::Adapter) and can be named in a constant.
///
/// An adapter built without WebSockets says so: `driver_conformance!(BLOCKING, without WebSocket)`. One that has fewer
/// transports names them: `driver_conformance!(WEB; websocket WebSocket)` makes the tests in
/// a module `websocket`, on [`Transport::WebSocket`](crate::Transport::WebSocket).
#[macro_export]
macro_rules! driver_conformance {
    ($adapter:expr) => {
        $crate::driver_conformance! {
            $adapter; plain Plain, tls Tls, socks Socks, tls_through_socks TlsThroughSocks, websocket WebSocket,
            websocket_over_tls WebSocketOverTls
        }
    };
    ($adapter:expr, without WebSocket) => {
        $crate::driver_conformance! {
            $adapter; plain Plain, tls Tls, socks Socks, tls_through_socks TlsThroughSocks
        }
    };
    ($adapter:expr; $($module:ident $transport:ident),* $(,)?) => {
        $crate::driver_conformance! {
            @list $adapter; [$($module $transport),*]
            [answers_and_errors, every_family, late_replies, waits_while_down, bounded_queue, deadline_while_down,
            dropped_calls, closed_with_calls_waiting, dropped_handles,
            mute_in_the_handshake, every_refusal, servers_in_turn, connection_events,
            cut_in_mid_line, reset_with_calls_waiting, last_words, mute_when_ready, restarts_under_load,
            changes_are_made_once, queue_and_repeated_calls, dropped_in_the_midst,
            unsubscribes_when_dropped, slow_consumers, several_consumers, changes_during_an_outage, refused_topics,
            calls_that_end_connections, busy_servers, one_busy_server_of_two, servers_with_limits,
            long_answers_at_once, servers_that_only_answer_pings, subscriptions_refused_for_a_moment,
            unanswered_subscriptions, nothing_after_its_deadline,
            full_duplex, padded_writes, idle]
        }
    };
    (@list $adapter:expr; [$($module:ident $transport:ident),*] $names:tt) => {
        $($crate::driver_conformance! { @transport $adapter; $module $transport $names })*
        $crate::driver_conformance! { @complete $adapter; $names }
    };
    (@transport $adapter:expr; $module:ident $transport:ident [$($name:ident),*]) => {
        mod $module {
            use super::*;
            $(#[test] fn $name() {
                $crate::run_scenario($adapter, $crate::Transport::$transport, stringify!($name));
            })*
        }
    };
    (@complete $adapter:expr; [$($name:ident),*]) => {
        #[test]
        fn no_scenario_is_left_out() {
            fn names<A: $crate::Adapter>(_: A) -> Vec<&'static str> {
                $crate::scenario_names::<A>()
            }
            assert_eq!(names($adapter), [$(stringify!($name)),*]);
        }
    };
}
