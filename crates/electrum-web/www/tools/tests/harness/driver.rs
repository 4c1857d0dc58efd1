//! ChromeDriver as a child process.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

/// A running ChromeDriver. Dropping it ends it and the browsers that it has started.
pub(crate) struct Driver {
    child: Child,
    port: u16,
    profile: TempDir,
}

impl Driver {
    /// Starts ChromeDriver on a port that the system picks.
    pub(crate) fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A process group, which its browsers join.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver does not start (Debian's package chromium-driver): {error}"));
        let said = BufReader::new(child.stdout.take().unwrap());
        let port = said.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = port.unwrap_or_else(|| panic!("chromedriver does not say its port"));
        Self { child, port, profile: tempfile::tempdir().unwrap() }
    }

    /// Opens a browser of the size of a phone, with some more arguments.
    pub(crate) async fn connect(&self, more: &[&str]) -> Client {
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-dev-shm-usage",
            "--window-size=500,1400",
        ];
        let mut arguments: Vec<String> = arguments.iter().chain(more).map(|argument| (*argument).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", self.profile.path().display()));
        let options = json!({ "goog:chromeOptions": { "args": arguments } });
        ClientBuilder::new(HttpConnector::new())
            .capabilities(options.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .unwrap_or_else(|error| panic!("the browser does not start: {error}"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}
