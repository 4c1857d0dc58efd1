//! The examples run.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Longer than anything takes on a busy machine.
const BOUND: Duration = Duration::from_secs(60);

/// A program of `examples/`, which ends with the test.
struct Example {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Example {
    fn start(name: &str, args: &[&str]) -> Self {
        let tests: PathBuf = std::env::current_exe().unwrap();
        let program = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
        let piped = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = piped.unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { input: child.stdin.take().unwrap(), child, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(BOUND).unwrap()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn fake_server_does_what_a_person_writes() {
    let mut server = Example::start("fake_server", &["fulcrum-2.1"]);
    assert!(server.line().starts_with("tcp://127.0.0.1:"));
    for (command, done) in [("mine 1", "block "), ("pay 51 70000", "transaction "), ("dig", "mine BLOCKS, ")] {
        writeln!(server.input, "{command}").unwrap();
        assert!(server.line().starts_with(done), "{command}");
    }
}

#[test]
fn hostile_lists_servers_and_starts_one() {
    let list = Example::start("hostile", &[]);
    let first = list.line();
    let name = first.split_whitespace().next().unwrap();
    assert!(Example::start("hostile", &[name]).line().starts_with("tcp://127.0.0.1:"), "{first}");
}
