//! Running the tool as its users do.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use electrum_testkit::listener::ClosedPort;
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take that a test waits for.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// The environment variables of settings, without `ELECTRUM_`.
pub(crate) const SETTINGS: [&str; 9] = [
    "SERVER",
    "NETWORK",
    "PROXY",
    "TRUST",
    "TIMEOUT",
    "MAX_ANSWER",
    "PADDING",
    "AUTHORIZATION_FILE",
    "CLI_DEFAULT_ARGUMENTS",
];

/// The tool while it runs. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Tool {
    child: Child,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) lines: Vec<String>,
    pub(crate) errors: String,
}

impl Tool {
    pub(crate) fn start<S: AsRef<str>>(args: &[S]) -> Self {
        Self::start_with(args, &[])
    }

    /// With these environment variables set to paths.
    pub(crate) fn start_with<S: AsRef<str>>(args: &[S], variables: &[(&str, &Path)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_electrum-cli"));
        // What the user of this machine has set is no part of a test.
        for name in SETTINGS {
            command.env_remove(format!("ELECTRUM_{name}"));
        }
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        command.envs(variables.iter().copied());
        command.args(args.iter().map(AsRef::as_ref)).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the tool starts");
        let (stdout, mut stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("the tool writes UTF-8");
            text
        });
        Self { child, lines, errors: Some(errors) }
    }

    /// Writes to its stdin, and ends it.
    pub(crate) fn say(&mut self, text: &str) {
        let mut stdin = self.child.stdin.take().expect("said once");
        stdin.write_all(text.as_bytes()).expect("it reads");
    }

    /// The next line on stdout; nothing after the last.
    pub(crate) fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(BOUND) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the tool says nothing more, and does not end"),
        }
    }

    /// The next line on stdout, which must be a JSON object.
    pub(crate) fn object(&self) -> Value {
        object(&self.line().expect("another line"))
    }

    /// The rest of the run, to its end.
    pub(crate) fn finish(mut self) -> Done {
        let lines = std::iter::from_fn(|| self.line()).collect();
        // Its stdout is closed, so it is ending.
        let code = self.child.wait().expect("it ends").code();
        let errors = self.errors.take().expect("asked once").join().expect("read to its end");
        Done { code, lines, errors }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A whole run.
pub(crate) fn run<S: AsRef<str>>(args: &[S]) -> Done {
    Tool::start(args).finish()
}

impl Done {
    /// Checks that the tool did what it was asked, without a word on stderr.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!((self.code, self.errors.as_str()), (Some(0), ""));
        self
    }

    /// All lines, each of which must be a JSON object.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.lines.iter().map(|line| object(line)).collect()
    }
}

fn object(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert!(value.is_object(), "{line}");
    value
}

/// The path of a file in a folder, as an argument.
pub(crate) fn file_in(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().expect("UTF-8").to_owned()
}

/// A folder for `XDG_CONFIG_HOME` in which the configuration file holds this.
pub(crate) fn configured(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("electrum-cli")).expect("a folder of our own");
    configure(&folder, text);
    folder
}

/// Writes another configuration file into such a folder.
pub(crate) fn configure(folder: &TempDir, text: &str) {
    std::fs::write(folder.path().join("electrum-cli/config.toml"), text).expect("a folder of our own");
}

/// The URL of a port at which nothing listens any more.
pub(crate) fn closed_port() -> String {
    let port = ClosedPort::new().expect("a port");
    let url = format!("tcp://{}", port.addr());
    // No other test may come to listen there.
    std::mem::forget(port);
    url
}
