//! The process of its own in which the clients run, so that its memory is theirs.

use std::env;
use std::fmt;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use real_servers::Random;
use serde_json::{Value, json};

use crate::callers;
use crate::common::{Client, both, config};
use crate::known_chain::KnownChain;
use crate::watcher::Watcher;

const CLIENT: &str = "ELECTRUM_SOAK_CLIENT";
const REPORT: &str = "report";
const STOP: &str = "stop";

/// That process, seen from the one that makes the trouble.
pub(crate) struct ClientProcess {
    child: Child,
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

/// How things stand with the clients.
pub(crate) struct Report(Value);

/// Whether this is that process.
pub(crate) fn is_client() -> bool {
    env::var_os(CLIENT).is_some()
}

/// Runs the clients until no more orders come.
pub(crate) fn run_client() {
    let mut orders = std::io::stdin().lines().map(|line| line.expect("orders are lines"));
    let known = orders.next().expect("what is known of the chain comes first");
    let known = Arc::new(KnownChain::from_json(&serde_json::from_str(&known).expect("it is JSON")));
    let mut random = Random::new(known.seed);
    let clients = both(&impatient(&known.address)).map(Arc::new);
    let watchers = clients.each_ref().map(|client| Watcher::start(client, known.scripts, random.fork()));
    let tallies = clients.each_ref().map(|client| callers::start(client, &known, &mut random));
    for order in orders {
        match order.as_str() {
            STOP => tallies.iter().for_each(|tally| tally.stop()),
            REPORT => {
                let report = |at: usize| {
                    let mut report = watchers[at].report();
                    report["phase"] = json!(phase(&clients[at]));
                    report["calls"] = tallies[at].report();
                    report
                };
                println!("\n{REPORT} {}", json!({"blocking": report(0), "smol": report(1)}));
            }
            other => panic!("no order: {other}"),
        }
    }
}

/// With time-outs that some stalls outlast.
fn impatient(address: &str) -> electrum_blocking::Config {
    let mut config = config([address]);
    let timeouts = &mut config.protocol.timeouts;
    timeouts.connect = Duration::from_secs(5);
    timeouts.handshake = Duration::from_secs(5);
    timeouts.request = Duration::from_secs(10);
    timeouts.ping_idle = Duration::from_secs(5);
    timeouts.pong = Duration::from_secs(5);
    config
}

fn phase(client: &Client) -> String {
    match client {
        Client::Blocking(client) => client.state().phase.to_string(),
        Client::Smol(client) => client.state().phase.to_string(),
    }
}

impl ClientProcess {
    /// Starts this very test again.
    pub(crate) fn start(known: &KnownChain) -> Self {
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "--nocapture", "soak"])
            .env(CLIENT, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let orders = child.stdin.take().expect("stdin is piped");
        let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let mut process = Self { child, orders, lines };
        process.order(&known.to_json().to_string());
        process
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stop_calling(&mut self) {
        self.order(STOP);
    }

    pub(crate) fn report(&mut self) -> Report {
        self.order(REPORT);
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        let report = lines.find_map(|line| line.strip_prefix(REPORT).map(str::to_owned)).expect("the clients live");
        Report(serde_json::from_str(&report).expect("a report is JSON"))
    }

    fn order(&mut self, line: &str) {
        writeln!(self.orders, "{line}").expect("the clients live");
    }
}

impl Drop for ClientProcess {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Report {
    pub(crate) fn clients(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.as_object().expect("the clients by name").iter()
    }

    /// Whether every topic has a value.
    pub(crate) fn has_heard_all(&self) -> bool {
        let all = |client: &Value| {
            client["tip"].is_object() && client["statuses"].as_array().expect("a list").iter().all(Value::is_string)
        };
        self.clients().all(|(_, client)| all(client))
    }

    /// Whether anybody still calls or waits for an answer.
    pub(crate) fn has_callers(&self) -> bool {
        self.clients().any(|(_, client)| client["calls"]["callers"] != 0)
    }

    /// What must be so after any run.
    #[track_caller]
    pub(crate) fn check(&self) {
        for (name, client) in self.clients() {
            let number = |value: &Value| value.as_u64().unwrap_or(0);
            let calls = &client["calls"];
            assert_eq!(calls["callers"], 0, "{name}");
            assert_eq!(calls["asked"], calls["answered"], "{name}");
            assert_eq!(calls["wrong"], json!([]), "{name}");
            assert_eq!(client["repeated"], 0, "{name}: emitted again what was known");
            assert_eq!(client["refused"], 0, "{name}: a subscription was refused");
            assert_eq!(client["events"]["down: malformed"], Value::Null, "{name}: what is cut is not misunderstood");
            // Else nothing was tried.
            assert!(number(&calls["right"]) > 0, "{name}: {calls}");
            for origin in ["Live", "Resumed"] {
                assert!(number(&client["emitted"][origin]) > 0, "{name}: {}", client["emitted"]);
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, client) in self.clients() {
            let Value::Object(mut client) = client.clone() else { continue };
            client.remove("statuses");
            client.remove("tip");
            writeln!(f, "{name}: {}", Value::Object(client))?;
        }
        Ok(())
    }
}
