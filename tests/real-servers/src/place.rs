//! Where the prepared programs are, and whether the tests may run.

use std::env;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use crate::Kind;

/// Runs `test` on this release, or says in one line why not.
///
/// # Panics
/// When the tests are wanted and the servers are not prepared, and when `test` does.
pub fn run_on(kind: Kind, test: fn(Kind)) {
    if may_run() && is_available(kind) {
        test(kind);
    }
}

/// The releases that can be started here, for a test that compares them over one chain; newest first.
/// For each of the others a line on stderr says why not.
///
/// # Panics
/// When one is missing that could have been prepared.
#[must_use]
pub fn available() -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| is_available(*kind)).collect()
}

/// Whether tests with real servers are wanted and possible; if not wanted, a line on stderr says so.
///
/// They are wanted with `ELECTRUM_REAL_SERVERS_TESTS=1`, unless `ELECTRUM_REAL_SERVERS=skip`.
///
/// # Panics
/// When they are wanted and bitcoind is not prepared.
#[must_use]
pub fn may_run() -> bool {
    if env::var_os("ELECTRUM_REAL_SERVERS").is_some_and(|value| value == "skip") {
        say("skipped: ELECTRUM_REAL_SERVERS=skip");
        return false;
    }
    if env::var_os("ELECTRUM_REAL_SERVERS_TESTS").is_none_or(|value| value != "1") {
        say("not run: needs tests/real-servers/prepare and ELECTRUM_REAL_SERVERS_TESTS=1");
        return false;
    }
    assert!(
        bitcoind_home().join("stamp").exists(),
        "bitcoind is not prepared: run tests/real-servers/prepare, or set ELECTRUM_REAL_SERVERS=skip"
    );
    true
}

/// The folder of bitcoind.
pub(crate) fn bitcoind_home() -> PathBuf {
    root().join("bitcoind")
}

/// The virtual environment of a release.
pub(crate) fn server_home(kind: Kind) -> PathBuf {
    root().join("electrumx").join(kind.name())
}

/// Whether this release was prepared; it may have been left out, but not forgotten.
fn is_available(kind: Kind) -> bool {
    if let Some(reason) = left_out(kind) {
        say(&format!("not run: {reason}"));
        return false;
    }
    assert!(
        server_home(kind).join("stamp").exists(),
        "{} is not prepared: run tests/real-servers/prepare, or set ELECTRUM_REAL_SERVERS=skip",
        kind.name()
    );
    true
}

/// The reason that `prepare` wrote down for leaving a release out, if it did.
fn left_out(kind: Kind) -> Option<String> {
    let list = fs::read_to_string(root().join("left-out")).ok()?;
    let prefix = format!("{}:", kind.name());
    list.lines().find(|line| line.starts_with(&prefix)).map(str::to_owned)
}

fn root() -> PathBuf {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("ELECTRUM_REAL_SERVERS").unwrap_or_else(|| {
        set("XDG_CACHE_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".cache")))
            .expect("HOME is set")
            .join("electrum-real-servers")
    })
}

/// A line on stderr that the test harness does not swallow, with the name of the test.
fn say(line: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("real servers");
    // A closed stderr is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{test}: {line}");
}
