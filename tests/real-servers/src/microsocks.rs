//! A SOCKS5 proxy.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Process, free_port, listens, until};

/// A running microsocks on 127.0.0.1. It stops when this is dropped.
#[derive(Debug)]
pub struct Microsocks {
    process: Option<Process>,
    login: Option<(String, String)>,
    port: u16,
    dir: TempDir,
}

impl Microsocks {
    /// One that serves everybody.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with_login(None)
    }

    /// One that serves only those who know this user and password.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn with_password(user: &str, password: &str) -> Self {
        Self::with_login(Some((user.to_owned(), password.to_owned())))
    }

    fn with_login(login: Option<(String, String)>) -> Self {
        // A free port may be taken before it comes to it.
        for _ in 0..5 {
            let dir = tempfile::Builder::new().prefix("microsocks-").tempdir().expect("a folder");
            let mut proxy = Self { process: None, login: login.clone(), port: free_port(), dir };
            if proxy.try_start() {
                return proxy;
            }
        }
        panic!("microsocks does not start");
    }

    /// Where it listens, as `127.0.0.1:port`, the same after a restart.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Ends it with SIGKILL, and with it all connections through it.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again, after a kill if it runs, at the same port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.kill();
        // An outgoing connection of another process may have its port for the moment.
        assert!((0..5).any(|_| self.try_start()), "microsocks starts again on its port");
    }

    fn try_start(&mut self) -> bool {
        let mut command = Command::new("microsocks");
        command.args(["-i", "127.0.0.1", "-p", &self.port.to_string()]);
        if let Some((user, password)) = &self.login {
            command.args(["-u", user, "-P", password]);
        }
        let log = self.dir.path().join("log");
        let mut process = Process::start("microsocks", &mut command, &log, self.dir.path());
        let port = self.port;
        let up = until(Duration::from_secs(60), "microsocks to listen", || {
            if !process.is_running() {
                return Some(false);
            }
            listens(port).then_some(true)
        });
        self.process = up.then_some(process);
        up
    }
}
