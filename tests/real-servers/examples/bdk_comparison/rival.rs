//! The ways to sync that are compared, each in a process of its own.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rival {
    ElectrumClient,
    DropIn,
    Native,
}

impl Rival {
    pub(crate) const ALL: [Self; 3] = [Self::ElectrumClient, Self::DropIn, Self::Native];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ElectrumClient => "bdk_electrum on electrum-client",
            Self::DropIn => "bdk_electrum on electrum-bdk",
            Self::Native => "electrum_bdk::sync",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|rival| rival.name() == name).expect("a name")
    }
}

/// A rival at work.
#[derive(Debug)]
pub(crate) struct Run {
    child: Child,
    commands: ChildStdin,
    results: Receiver<String>,
    is_over: bool,
}

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) seconds: f64,
    /// The peak of memory since the start, in bytes.
    pub(crate) peak: u64,
    /// A digest of all transactions and anchors.
    pub(crate) result: String,
}

impl Run {
    pub(crate) fn start(rival: Rival, address: &str) -> Self {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.args([rival.name(), address]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts");
        let commands = child.stdin.take().expect("it is piped");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (sender, results) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, commands, results, is_over: false }
    }

    /// Performs a step; nothing if it, or one before, takes longer than `limit`.
    pub(crate) fn perform(&mut self, step: &str, limit: Duration) -> Option<Outcome> {
        if self.is_over {
            return None;
        }
        writeln!(self.commands, "{step}").expect("it reads");
        let Ok(line) = self.results.recv_timeout(limit) else {
            self.is_over = true;
            self.end();
            return None;
        };
        let outcome: Value = serde_json::from_str(&line).expect("it writes JSON");
        Some(Outcome {
            seconds: outcome["seconds"].as_f64().expect("seconds"),
            peak: outcome["peak"].as_u64().expect("bytes"),
            result: outcome["result"].as_str().expect("a digest").to_owned(),
        })
    }

    fn end(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.end();
    }
}
