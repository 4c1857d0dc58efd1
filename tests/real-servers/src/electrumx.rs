//! One ElectrumX over a bitcoind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place::server_home;
use crate::process::{Process, free_port, listens, until};
use crate::{Bitcoind, Certificate, Kind, Wire};

/// A start takes a second or two, and much longer beside other work.
const START_BOUND: Duration = Duration::from_secs(120);

/// How a server is started, where [`ElectrumX::start`] does not do.
#[derive(Clone, Debug)]
pub struct Setup {
    kind: Kind,
    certificate: Option<(PathBuf, PathBuf)>,
    has_websocket: bool,
    variables: Vec<(String, String)>,
}

impl Setup {
    /// Plain TCP and no limits.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self { kind, certificate: None, has_websocket: false, variables: Vec::new() }
    }

    /// Serves TLS too.
    #[must_use]
    pub fn tls(mut self, certificate: &Certificate) -> Self {
        self.certificate = Some((certificate.file(), certificate.key()));
        self
    }

    /// Serves WebSockets too; with [`tls`](Self::tls), over TLS as well. Releases from 1.12.0 on do.
    #[must_use]
    pub const fn websocket(mut self) -> Self {
        self.has_websocket = true;
        self
    }

    /// Sets an environment variable, which is how ElectrumX takes its settings; the last one counts.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server and waits until it listens, that is, until it has caught up with the chain.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(self, bitcoind: &Bitcoind) -> ElectrumX {
        // A free port may be taken before the server comes to it.
        for _ in 0..5 {
            let mut server = ElectrumX::new(self.clone(), bitcoind);
            if server.try_start() {
                return server;
            }
        }
        panic!("{} does not start", self.kind.name());
    }
}

/// A running ElectrumX, with a database of its own. It stops when this is dropped.
#[derive(Debug)]
pub struct ElectrumX {
    process: Option<Process>,
    setup: Setup,
    daemon: String,
    tcp: u16,
    tls: Option<u16>,
    ws: Option<u16>,
    wss: Option<u16>,
    admin: u16,
    dir: TempDir,
}

impl ElectrumX {
    /// Starts one with plain TCP and no limits.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(kind: Kind, bitcoind: &Bitcoind) -> Self {
        Setup::new(kind).start(bitcoind)
    }

    fn new(setup: Setup, bitcoind: &Bitcoind) -> Self {
        Self {
            process: None,
            daemon: bitcoind.url(),
            tcp: free_port(),
            tls: setup.certificate.is_some().then(free_port),
            ws: setup.has_websocket.then(free_port),
            wss: (setup.has_websocket && setup.certificate.is_some()).then(free_port),
            admin: free_port(),
            dir: tempfile::Builder::new().prefix("electrumx-").tempdir().expect("a folder"),
            setup,
        }
    }

    /// The release.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.setup.kind
    }

    /// The port of its TCP service on 127.0.0.1, the same after a restart.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.tcp
    }

    /// Its TCP service, as `tcp://127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.tcp)
    }

    /// The port of its TLS service on 127.0.0.1.
    ///
    /// # Panics
    /// When it was started without [`Setup::tls`].
    #[must_use]
    pub fn tls_port(&self) -> u16 {
        self.tls.expect("a server with TLS")
    }

    /// Its TLS service, as `ssl://127.0.0.1:port`.
    ///
    /// # Panics
    /// When it was started without [`Setup::tls`].
    #[must_use]
    pub fn tls_address(&self) -> String {
        format!("ssl://127.0.0.1:{}", self.tls_port())
    }

    /// Its WebSocket, as `ws://127.0.0.1:port`.
    ///
    /// # Panics
    /// When it was started without [`Setup::websocket`].
    #[must_use]
    pub fn ws_address(&self) -> String {
        format!("ws://127.0.0.1:{}", self.ws.expect("a server with a WebSocket"))
    }

    /// Its WebSocket over TLS, as `wss://127.0.0.1:port`.
    ///
    /// # Panics
    /// When it was started without [`Setup::websocket`] or [`Setup::tls`].
    #[must_use]
    pub fn wss_address(&self) -> String {
        format!("wss://127.0.0.1:{}", self.wss.expect("a server with a WebSocket over TLS"))
    }

    /// Ends it with SIGKILL, as a crash would; its port then refuses connections.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Ends it with SIGTERM, which lets it write its database and close its connections.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal("TERM");
            process.wait(Duration::from_secs(60));
        }
    }

    /// Starts it again, after a kill if it runs, with the same ports and database; waits until it listens.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.kill();
        // An outgoing connection of another process may have its port for the moment.
        let started = (0..5).any(|_| self.try_start());
        assert!(started, "{} starts again on its ports", self.kind().name());
    }

    /// From the next start on its TLS service shows this certificate.
    ///
    /// # Panics
    /// When it was started without [`Setup::tls`].
    pub fn set_certificate(&mut self, certificate: &Certificate) {
        assert!(self.tls.is_some(), "a server with TLS");
        self.setup.certificate = Some((certificate.file(), certificate.key()));
    }

    /// SIGSTOP: connections stay, nothing is answered.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pause(&self) {
        self.process.as_ref().expect("a running server").signal("STOP");
    }

    /// Ends [`pause`](Self::pause).
    ///
    /// # Panics
    /// When it does not run.
    pub fn resume(&self) {
        self.process.as_ref().expect("a running server").signal("CONT");
    }

    /// How many client connections it has, half-open ones too, as it says itself.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn sessions(&self) -> usize {
        let sessions = self.admin("sessions", &json!([]));
        let sessions = sessions.as_array().expect("a list of sessions");
        // The connection that asks is in the list as well; the second column starts with the kind of service.
        let is_client = |session: &&Value| !session[1].as_str().expect("flags").starts_with('R');
        sessions.iter().filter(is_client).count()
    }

    /// How often a method was called since its start, over all connections that got as far as a call.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn calls(&self, method: &str) -> u64 {
        self.admin("getinfo", &json!([]))["request counts"][method].as_u64().unwrap_or(0)
    }

    /// The height that it has indexed.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn height(&self) -> u32 {
        let height = self.admin("getinfo", &json!([]))["db height"].as_u64().expect("a height");
        u32::try_from(height).expect("a small height")
    }

    /// Asks its admin service, which knows for example `getinfo`, `sessions` and `reorg`.
    ///
    /// # Panics
    /// When it refuses or does not answer.
    #[track_caller]
    pub fn admin(&self, method: &str, params: &Value) -> Value {
        Wire::connect(self.admin).call(method, params).expect("the admin service knows the method")
    }

    /// The file that it logs to, over all its restarts.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn try_start(&mut self) -> bool {
        let database = self.dir.path().join("database");
        fs::create_dir_all(&database).expect("a folder for the database");
        let mut command = self.command(&database);
        let name = self.kind().name();
        let mut process = Process::start(name, &mut command, &self.log(), self.dir.path());
        let ports: Vec<u16> =
            [self.tcp, self.admin].into_iter().chain(self.tls).chain(self.ws).chain(self.wss).collect();
        let up = until(START_BOUND, &format!("{name} to listen"), || {
            if !process.is_running() {
                return Some(false);
            }
            ports.iter().all(|port| listens(*port)).then_some(true)
        });
        if up {
            self.process = Some(process);
        } else {
            eprintln!("{name} ended instead of listening; {}", process.log_tail());
        }
        up
    }

    fn command(&self, database: &Path) -> Command {
        let home = server_home(self.kind());
        // Not the script itself: one release forgets to make it executable.
        let mut command = Command::new(home.join("bin/python"));
        command
            .arg(home.join("bin/electrumx_server"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PYTHONUNBUFFERED", "1")
            .env("NET", "regtest")
            .env("DB_ENGINE", "leveldb")
            .env("DB_DIRECTORY", database)
            .env("DAEMON_URL", &self.daemon)
            .envs([("COST_SOFT_LIMIT", "0"), ("COST_HARD_LIMIT", "0"), ("MAX_SESSIONS", "10000")])
            .envs([("PEER_DISCOVERY", "off"), ("PEER_ANNOUNCE", ""), ("BLACKLIST_URL", "")])
            .envs([("ALLOW_ROOT", "true"), ("CACHE_MB", "50"), ("REQUEST_TIMEOUT", "30")]);
        let mut services = self.kind().settings(self.tcp, self.tls, self.admin);
        for (scheme, port) in [("ws", self.ws), ("wss", self.wss)] {
            if let (Some(port), Some((_, list))) = (port, services.iter_mut().find(|(name, _)| *name == "SERVICES")) {
                list.push_str(&format!(",{scheme}://127.0.0.1:{port}"));
            }
        }
        command.envs(services);
        if let Some((file, key)) = &self.setup.certificate {
            command.env("SSL_CERTFILE", file).env("SSL_KEYFILE", key);
        }
        command.envs(self.setup.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}
