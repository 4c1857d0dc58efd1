//! Tests a driver against the [catalogue of hostile servers](electrum_testkit::hostile).
//!
//! The client runs in a process of its own, which is this test again with one entry: it makes the requests of the entry
//! and checks the outcome. A panic in any thread ends that process. This process plays the server, and checks how long
//! the client took, how much memory it used, and how often it connected.

mod client;
mod memory;
mod messages;

use std::collections::VecDeque;
use std::env;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use self::client::BACKOFF;
use self::messages::{not_seen, seen_as_messages};
use super::Adapter;
use electrum_testkit::hostile::{Entry, Expect, Hostile, catalogue, find};

pub use electrum_testkit::hostile::Group;

/// The time-out of one entry, which is enough on a busy machine.
const BOUND: Duration = Duration::from_secs(90);
/// How much the memory of a client's process may grow.
const MEMORY: u64 = 64 * 1024 * 1024;
/// How many entries of a group are tried at the same time.
const AT_ONCE: usize = 2;
/// Set in the process of a client: the name of the entry, and where its server is.
const ENTRY: &str = "HOSTILE_ENTRY";
const SERVER: &str = "HOSTILE_SERVER";
/// The prefix of the line in which a client's process prints by how many bytes its memory grew.
const GREW: &str = "memory grew by ";

/// Runs an adapter against every server of a group, as one test.
///
/// # Panics
/// If the client does not behave as an entry expects. All such entries are reported.
pub fn run_group<A: Adapter>(adapter: A, group: Group) {
    if let (Ok(name), Ok(server)) = (env::var(ENTRY), env::var(SERVER)) {
        let Some(entry) = find(&name) else { panic!("there is no hostile server {name}") };
        let before = memory::in_use();
        client::check(adapter, &seen_by(&adapter, entry), &server);
        println!("{GREW}{}", memory::peak().saturating_sub(before));
        return;
    }
    let waiting: Mutex<VecDeque<_>> = Mutex::new(group.entries().iter().collect());
    let faults = Mutex::new(Vec::new());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    // The name of this thread is that of the test.
    let test = thread::current().name().map(str::to_owned);
    let Some(test) = test else { panic!("a test runs in a thread that bears its name") };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(entry) = next() {
                    if let Some(why) = not_seen(entry).filter(|_| !adapter.sees_frames()) {
                        println!("{:32} skipped: {why}", entry.name);
                        continue;
                    }
                    let limit = if adapter.sees_frames() { MEMORY } else { messages::memory(entry, MEMORY) };
                    if let Err(fault) = try_entry(&test, &seen_by(&adapter, entry), limit) {
                        faults.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{}: {fault}", entry.name));
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(faults.is_empty(), "{} of {} fail:\n\n{}", faults.len(), group.entries().len(), faults.join("\n\n"));
}

/// Returns how many servers of the catalogue test an adapter, by whether it [sees frames](Adapter::sees_frames).
#[must_use]
pub fn count(sees_frames: bool) -> usize {
    catalogue().filter(|entry| sees_frames || not_seen(entry).is_none()).count()
}

/// Returns the entry of a server as the adapter sees it.
fn seen_by(adapter: &impl Adapter, entry: &Entry) -> Entry {
    if adapter.sees_frames() { *entry } else { seen_as_messages(entry) }
}

/// Plays the server for a client in a process of its own. The error says what the client did wrong.
fn try_entry(test: &str, entry: &Entry, memory: u64) -> Result<(), String> {
    let server = Hostile::start(entry);
    let start = Instant::now();
    let (has_succeeded, said) = run_client(test, entry, &server)?;
    let took = start.elapsed();
    let connections = server.accepted().len();
    let grew = said.lines().find_map(|line| line.split_once(GREW)?.1.parse::<u64>().ok());
    let Some(grew) = grew.filter(|_| has_succeeded) else { return Err(said) };
    println!("{:32} {took:6.2?}, {:6} KiB, {connections} connections", entry.name, grew / 1024);
    if grew >= memory {
        return Err(format!("its memory grew by {} KiB", grew / 1024));
    }
    let is_right = match entry.expect {
        Expect::Answer | Expect::Error(_) => connections == 1,
        Expect::Overrun(_) => connections >= 1,
        Expect::TooLarge(_) | Expect::Dropped(..) => connections == 2,
        Expect::NeverReady(..) | Expect::KeepsLosing(..) => least_time(connections) <= took,
    };
    if is_right { Ok(()) } else { Err(format!("it connected {connections} times within {took:?}")) }
}

/// Returns the minimum time that so many attempts take, if the pauses between them grow as they should.
fn least_time(attempts: usize) -> Duration {
    let pauses = (0..attempts.saturating_sub(1)).map(|n| BACKOFF.initial * 3 / 4 * 2_u32.saturating_pow(n as u32));
    pauses.fold(Duration::ZERO, Duration::saturating_add)
}

/// Runs the client's process. Returns whether it succeeded, and its output.
fn run_client(test: &str, entry: &Entry, server: &Hostile) -> Result<(bool, String), String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["--exact", "--nocapture", test]).env(ENTRY, entry.name).env(SERVER, server.url());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let said = thread::scope(|scope| {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let read = [scope.spawn(|| read(out)), scope.spawn(|| read(err))];
        let status = wait(&mut child);
        let said = read.map(|reader| reader.join().unwrap_or_default()).concat();
        (status, said)
    });
    match said {
        (Some(has_succeeded), said) => Ok((has_succeeded, said)),
        (None, said) => Err(format!("not done within {BOUND:?}\n{said}")),
    }
}

fn read(from: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    // Output before an error counts.
    let _ = from.map(|mut from| from.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for the process. Returns whether it succeeded, or `None` if it had to be killed.
fn wait(child: &mut Child) -> Option<bool> {
    let end = Instant::now() + BOUND;
    while Instant::now() < end {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status.success());
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Makes a test of each group of hostile servers, for a value that implements
/// [`Adapter`](crate::Adapter) and can be named in a constant.
///
/// An adapter built without WebSockets says so: `hostile_conformance!(BLOCKING, without WebSocket)`.
#[macro_export]
macro_rules! hostile_conformance {
    ($adapter:expr) => {
        $crate::hostile_conformance! { $adapter, without WebSocket }
        $crate::hostile_conformance! { @groups $adapter; websocket WebSocket }
    };
    ($adapter:expr, without WebSocket) => {
        $crate::hostile_conformance! {
            @groups $adapter;
            handshake Handshake, framing Framing, rpc Rpc, types Types, notifications Notifications, load Load
        }
    };
    (@groups $adapter:expr; $($name:ident $group:ident),* $(,)?) => {
        $(#[test] fn $name() {
            $crate::hostile::run_group($adapter, $crate::hostile::Group::$group);
        })*
    };
}
