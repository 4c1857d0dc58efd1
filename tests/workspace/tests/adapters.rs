//! The lists in docs/adapters.md: what every driver must pass, and the drivers that exist.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use electrum_conformance::hostile::count;
use electrum_conformance::session::SessionAdapter;
use electrum_conformance::{Transport, scenario_names};
use workspace_tests::code::{documented_functions, lines};
use workspace_tests::documents::check;
use workspace_tests::files::root;
use workspace_tests::layers::LAYERS;
use workspace_tests::metadata::packages;

const PAGE: &str = "docs/adapters.md";
const SCENARIOS: &str = "crates/electrum-conformance/src/scenarios";

/// The tests of the page in Chromium.
const CHROMIUM: &str = "crates/electrum-web/www/tools/tests/browser.rs";
/// The loop of all async drivers.
const ASYNC_LOOP: &str = "crates/electrum-session/src/drive.rs";
/// The loop of drivers that have threads.
const THREADS_LOOP: &str = "crates/electrum-session/src/threads";
/// A driver's own logic is less than this.
const MOST_LINES: usize = 120;

/// A driver that exists.
struct Driver {
    package: &'static str,
    /// What it runs on.
    runtime: &'static str,
    /// The file with its sockets and timers.
    sockets: &'static str,
    driver_loop: Loop,
}

enum Loop {
    /// That of `electrum-session` for async runtimes.
    Async,
    /// That of `electrum-session` for threads.
    Threads,
    /// It is in the same file.
    There,
}

const DRIVERS: &[Driver] = &[
    Driver {
        package: "electrum-blocking",
        runtime: "threads of the standard library",
        sockets: "socket.rs",
        driver_loop: Loop::Threads,
    },
    Driver { package: "electrum-smol", runtime: "async-io, smol", sockets: "runtime.rs", driver_loop: Loop::Async },
    Driver { package: "electrum-tokio", runtime: "tokio", sockets: "runtime.rs", driver_loop: Loop::Async },
    Driver { package: "electrum-web", runtime: "a browser", sockets: "browser.rs", driver_loop: Loop::Async },
    Driver { package: "electrum-bare", runtime: "none", sockets: "lib.rs", driver_loop: Loop::There },
];

#[test]
fn every_driver_is_listed_here() {
    let (_, adapters) = LAYERS.iter().find(|(name, _)| *name == "adapters").expect("there is such a layer");
    assert_eq!(DRIVERS.iter().map(|driver| driver.package).collect::<Vec<_>>(), *adapters);
}

#[test]
fn the_scenarios_are_listed() {
    let folder = root().join(SCENARIOS);
    let names = scenario_names::<SessionAdapter>();
    let mut list = String::from("| scenario | what must hold |\n|---|---|\n");
    let mut listed = Vec::new();
    for file in files_of(&folder) {
        for (name, sentence) in documented_functions(&file) {
            if names.contains(&name.as_str()) {
                writeln!(list, "| `{name}` | {sentence} |").expect("a string takes all");
                listed.push(name);
            }
        }
    }
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(listed.iter().any(|listed| listed == name), "the scenario {name} has no documentation");
    }
    check(PAGE, "scenarios", &list);
}

#[test]
fn the_drivers_are_counted_in_both_documents() {
    check(PAGE, "drivers", &drivers("../"));
    check("README.md", "drivers", &drivers(""));
}

/// Each driver with its transports, its lines, and what it passes. Links begin with `to_root`.
fn drivers(to_root: &str) -> String {
    let packages = packages();
    let scenarios = scenario_names::<SessionAdapter>();
    let mut list = String::from(
        "| driver | runtime | TCP | TLS | SOCKS5 | WS | WSS | sockets and timers | loop | hostile servers |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for Driver { package, runtime, sockets, driver_loop } in DRIVERS {
        let package = packages.iter().find(|other| other.name == *package).expect("it is in the workspace");
        let folder = root().join(&package.folder);
        let count = |file: &str| lines(&folder.join("src").join(file));
        let sockets = count(sockets);
        assert!(sockets < MOST_LINES, "{} has {sockets} lines for its sockets", package.name);
        let driver_loop = match driver_loop {
            Loop::Async => format!("{}, shared", lines(&root().join(ASYNC_LOOP))),
            Loop::Threads => {
                let count: usize = files_of(&root().join(THREADS_LOOP)).iter().map(|file| lines(file)).sum();
                format!("{count}, for threads")
            }
            Loop::There => "with them".to_owned(),
        };
        let suite = |name: &str| fs::read_to_string(folder.join("tests").join(name)).unwrap_or_default();
        let hostile = hostile_servers(&suite("hostile.rs"), package.name == "electrum-web");
        let cells = cells(&suite("conformance.rs"), scenarios.len(), package.name == "electrum-web");
        let (name, folder) = (&package.name, &package.folder);
        writeln!(
            list,
            "| [`{name}`]({to_root}{folder}) | {runtime} | {} | {sockets} | {driver_loop} | {hostile} |",
            cells.join(" | ")
        )
        .expect("a string takes all");
    }
    list
}

/// How many scenarios a driver passes over TCP, TLS, SOCKS5, WS and WSS, by its suite.
fn cells(suite: &str, scenarios: usize, in_browser: bool) -> [String; 5] {
    if !suite.contains("driver_conformance!(") {
        return ["a byte pipe", "—", "—", "—", "—"].map(str::to_owned);
    }
    let named = named_transports(suite).unwrap_or_else(|| Transport::ALL.to_vec());
    let groups: [(&[Transport], &str); 5] = [
        (&[Transport::Plain], ""),
        (&[Transport::Tls], ""),
        (&[Transport::Socks, Transport::TlsThroughSocks], ""),
        (&[Transport::WebSocket], ".websocket()|Server::websocket)"),
        (&[Transport::WebSocketOverTls], ".websocket_over_tls("),
    ];
    groups.map(|(transports, marks)| {
        let count = scenarios * transports.iter().filter(|transport| named.contains(transport)).count();
        let in_browser = if in_browser && !marks.is_empty() { chromium_tests(marks) } else { 0 };
        match (count, in_browser) {
            (0, 0) => "—".to_owned(),
            (count, 0) => count.to_string(),
            (0, tests) => format!("{tests} in Chromium"),
            (count, tests) => format!("{count}, and {tests} in Chromium"),
        }
    })
}

/// How many hostile servers a driver is put through, by its suite.
fn hostile_servers(suite: &str, in_browser: bool) -> String {
    let (passed, all) = (count(!in_browser), count(true));
    match suite.contains("hostile_conformance!(") {
        true if passed == all => format!("all {all}"),
        true => format!("{passed}, the browser does the frames of {}", all - passed),
        false => "—".to_owned(),
    }
}

/// Counts the tests of the page with a server that is reached in one of these ways.
fn chromium_tests(marks: &str) -> usize {
    let tests = fs::read_to_string(root().join(CHROMIUM)).expect("the tests of the page");
    tests.split("#[tokio::test]").skip(1).filter(|test| marks.split('|').any(|mark| test.contains(mark))).count()
}

/// The transports that a suite names, if it does not take all: `driver_conformance!(WEB; websocket WebSocket)`.
fn named_transports(suite: &str) -> Option<Vec<Transport>> {
    let arguments = suite.split_once("driver_conformance!(")?.1.split_once(')')?.0;
    let named = arguments.split_once(';')?.1;
    let is_named = |transport: &&Transport| {
        let name = format!("{transport:?}");
        named.split([' ', ',']).any(|word| word == name)
    };
    Some(Transport::ALL.iter().filter(is_named).copied().collect())
}

/// The Rust files of a folder and of those below, in order.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
