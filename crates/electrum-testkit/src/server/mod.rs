//! A [`Host`] behind a socket on the loopback interface.

mod connection;
mod console;
mod log;
mod shared;
mod threads;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::chain::{Chain, OutPoint};
use crate::family::Family;
use crate::hash::{BlockHash, Scripthash, Txid};
use crate::host::Host;
use crate::listener::ClosedPort;
use crate::session::Quirks;
use connection::Connection;
pub use log::{ConnectionLog, Stats};
use shared::{Shared, State};

/// A fake Electrum server, listening on 127.0.0.1 at a port that the system picked.
///
/// It runs on threads of its own and stops, with all its connections, when it is dropped.
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let server = Server::start(Family::Electrs);
/// println!("point the wallet at {}", server.url());
/// server.pay(&script(1), 70_000);
/// server.mine(1);
/// let scripthash = Hash256::of_script(&script(1));
/// assert_eq!(server.chain(|chain| chain.balance(&scripthash)).confirmed, 70_000);
/// assert_eq!(server.stats(), Stats::default(), "no client has come");
/// ```
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
    /// While it does not listen: what keeps others from its port.
    closed: Option<ClosedPort>,
}

/// The configuration of a server before it is started.
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let chain = Chain::genesis();
/// let server = Server::builder(Family::ElectrumX1_18).chain(chain).software("Mine 1.0").prompt().start()?;
/// assert_eq!(server.chain(|chain| chain.height()), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Builder {
    family: Family,
    chain: Option<Chain>,
    software: Option<String>,
    port: u16,
    prompt: bool,
}

impl Builder {
    /// Sets the chain to begin with, instead of [`Chain::funded`].
    pub fn chain(mut self, chain: Chain) -> Self {
        self.chain = Some(chain);
        self
    }

    /// Sets the name that the server gives itself, instead of its family's.
    pub fn software(mut self, software: impl Into<String>) -> Self {
        self.software = Some(software.into());
        self
    }

    /// Sets the port to listen at. By default the system picks one, as tests should let it.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Turns off holding answers back. ElectrumX 1.18 and later hold small answers back for up to a second, for which a
    /// test about something else need not wait.
    pub fn prompt(mut self) -> Self {
        self.prompt = true;
        self
    }

    /// Starts listening.
    pub fn start(self) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        let address = listener.local_addr()?;
        let mut host = Host::new(self.family, self.chain.unwrap_or_default());
        let settings = host.settings_mut();
        settings.port = address.port();
        if self.prompt {
            settings.hold = Duration::ZERO;
        }
        if let Some(software) = self.software {
            settings.software = software;
        }
        let state = State { host, running: true, paused: false, connections: Vec::new(), threads: Vec::new() };
        let shared = Arc::new(Shared { epoch: Instant::now(), state: Mutex::new(state), changed: Condvar::new() });
        let acceptor = Some(accept(&shared, listener));
        Ok(Server { shared, address, acceptor, closed: None })
    }
}

impl Server {
    /// Starts a server of a family on a chain of 110 blocks, whose rewards can be spent.
    ///
    /// # Panics
    /// If the system has no port on the loopback interface. [`Builder::start`] returns the error.
    pub fn start(family: Family) -> Self {
        match Self::builder(family).start() {
            Ok(server) => server,
            Err(error) => panic!("no port on the loopback interface: {error}"),
        }
    }

    /// Prepares a server with a chain or a name of its own.
    pub fn builder(family: Family) -> Builder {
        Builder { family, chain: None, software: None, port: 0, prompt: false }
    }

    /// Returns the address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns its address as `tcp://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("tcp://{}", self.address)
    }

    /// Listens for WebSockets, for as long as the result is held. Their connections count like others.
    ///
    /// # Panics
    /// If the system has no port on the loopback interface.
    #[cfg(feature = "websocket")]
    pub fn websocket(&self) -> crate::Front {
        crate::Front::websocket(self.address)
    }

    /// Listens for WebSockets over TLS, for as long as the result is held. Their connections count like others.
    ///
    /// # Panics
    /// If the system has no port on the loopback interface.
    #[cfg(all(feature = "tls", feature = "websocket"))]
    pub fn websocket_over_tls(&self, identity: &crate::tls::Identity) -> crate::Front {
        crate::Front::websocket_over_tls(self.address, identity.config())
    }

    /// Returns the family.
    pub fn family(&self) -> Family {
        self.shared.lock().host.family()
    }

    /// Changes the quirks of the server, in addition to the behaviour of its family, on all connections.
    pub fn quirks(&self, change: impl FnOnce(&mut Quirks)) {
        let mut state = self.shared.lock();
        let mut quirks = state.host.quirks().clone();
        change(&mut quirks);
        state.host.set_quirks(quirks);
    }

    /// Reads or changes the chain. Subscribers are notified of all changes at once at the end.
    pub fn chain<T>(&self, change: impl FnOnce(&mut Chain) -> T) -> T {
        let mut state = self.shared.lock();
        let result = state.host.change(self.shared.now(), change);
        state.dispatch();
        result
    }

    /// Returns the status of a script as this server computes it: families order histories in different ways.
    pub fn status(&self, script: &Scripthash) -> Option<String> {
        self.shared.lock().host.status(script)
    }

    /// Mines blocks, the first with the whole mempool.
    pub fn mine(&self, count: u32) -> BlockHash {
        self.chain(|chain| chain.mine(count))
    }

    /// Pays a script with a transaction in the mempool.
    pub fn pay(&self, script: &[u8], sat: u64) -> Txid {
        self.chain(|chain| chain.pay(script, sat))
    }

    /// Spends all of an output, less a fee, to a script.
    pub fn spend(&self, outpoint: OutPoint, script: &[u8]) -> Txid {
        self.chain(|chain| chain.spend(outpoint, script))
    }

    /// Replaces the last `depth` blocks by `new_len` others.
    pub fn reorganise(&self, depth: u32, new_len: u32) -> BlockHash {
        self.chain(|chain| chain.reorganise(depth, new_len))
    }

    /// Closes all connections and stops listening. The chain is kept.
    pub fn stop(&mut self) {
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        let threads = {
            let mut state = self.shared.lock();
            state.running = false;
            state.kill();
            std::mem::take(&mut state.threads)
        };
        // A connection wakes the acceptor, which then ends.
        drop(TcpStream::connect(self.address));
        for thread in threads.into_iter().chain([acceptor]) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
        // Who was accepted while the list of threads was taken.
        let late = std::mem::take(&mut self.shared.lock().threads);
        late.into_iter().for_each(|thread| drop(thread.join()));
        self.closed = ClosedPort::at(self.address).ok();
    }

    /// Stops the server if it runs, and listens again at the same port. Subscriptions are lost.
    ///
    /// # Panics
    /// If something else has taken the port and keeps it for five seconds.
    pub fn restart(&mut self) {
        self.stop();
        self.closed = None;
        let deadline = Instant::now() + Duration::from_secs(5);
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
                Err(error) => panic!("cannot listen on {} again: {error}", self.address),
            }
        };
        let mut state = self.shared.lock();
        state.running = true;
        state.paused = false;
        drop(state);
        self.acceptor = Some(accept(&self.shared, listener));
    }

    /// Returns whether it listens.
    pub fn is_running(&self) -> bool {
        self.shared.lock().running
    }

    /// Closes all connections. New ones are accepted.
    pub fn kill_connections(&self) {
        self.shared.lock().kill();
    }

    /// Stops answering, like a server that hangs. Connections stay open and new ones are accepted; received bytes are
    /// kept.
    pub fn pause(&self) {
        self.shared.lock().paused = true;
    }

    /// Continues after [`Server::pause`], beginning with the bytes received since.
    pub fn resume(&self) {
        let mut state = self.shared.lock();
        state.paused = false;
        for index in 0..state.connections.len() {
            let held = std::mem::take(&mut state.connections[index].held);
            if let (false, Some(peer)) = (held.is_empty(), state.connections[index].peer) {
                state.host.receive(self.shared.now(), peer, &held);
            }
        }
        state.dispatch();
        state.connections.iter().for_each(Connection::prod);
        self.shared.changed.notify_all();
    }

    /// Returns the counts of connections and requests since the start.
    pub fn stats(&self) -> Stats {
        self.shared.lock().stats()
    }

    /// Returns what each connection sent, in the order of connecting.
    pub fn log(&self) -> Vec<ConnectionLog> {
        let state = self.shared.lock();
        state.connections.iter().map(|connection| connection.log(&state.host)).collect()
    }

    /// Waits until the counts satisfy a condition. Returns whether they did in time.
    #[must_use]
    pub fn wait_until(&self, timeout: Duration, condition: impl Fn(&Stats) -> bool) -> bool {
        let state = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(state, timeout, |state| !condition(&state.stats()));
        let (_state, result) = waited.unwrap_or_else(PoisonError::into_inner);
        !result.timed_out()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(shared: &Arc<Shared>, listener: TcpListener) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        loop {
            let accepted = listener.accept();
            let mut state = shared.lock();
            if !state.running {
                break;
            }
            let Ok((stream, _)) = accepted else {
                // The client has gone again, or there are too many open files.
                drop(state);
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            let peer = state.host.connect(shared.now());
            let index = state.connections.len();
            match Connection::open(stream, peer) {
                Ok((connection, stream)) => {
                    state.connections.push(connection);
                    let threads = threads::serve(&shared, index, stream);
                    state.threads.extend(threads);
                }
                Err(_) => drop(state.host.disconnect(peer)),
            }
            shared.changed.notify_all();
        }
    })
}
