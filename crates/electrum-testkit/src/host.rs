//! A whole server without I/O: a chain, and a session for each connection.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chain::Chain;
use crate::family::Family;
use crate::hash::Scripthash;
use crate::session::{Action, Quirks, Session, Settings};

/// A connection to a [`Host`].
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::chain::Chain;
/// use electrum_testkit::{Family, Host};
///
/// let mut host = Host::new(Family::Electrs, Chain::funded());
/// let (first, second) = (host.connect(Duration::ZERO), host.connect(Duration::ZERO));
/// host.disconnect(first);
/// assert!(host.peers().eq([second]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer(u64);

/// A server without sockets, threads or a clock. [`Server`](crate::Server) gives it all three; a
/// simulation gives it bytes and a time of its own.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::chain::Chain;
/// use electrum_testkit::session::Action;
/// use electrum_testkit::{Family, Host};
///
/// let (mut host, now) = (Host::new(Family::Electrs, Chain::funded()), Duration::ZERO);
/// let peer = host.connect(now);
/// host.receive(now, peer, b"{\"id\":0,\"method\":\"server.version\",\"params\":[\"me\",\"1.4\"]}\n");
/// let answer = b"{\"id\":0,\"jsonrpc\":\"2.0\",\"result\":[\"electrs/0.11.1\",\"1.4\"]}\n".to_vec();
/// assert_eq!(host.action(peer), Some(Action::Write(answer)));
/// host.receive(now, peer, b"{\"id\":1,\"method\":\"blockchain.headers.subscribe\",\"params\":[]}\n");
/// assert!(host.session(peer).unwrap().subscribed().headers);
/// ```
#[derive(Debug)]
pub struct Host {
    family: Family,
    settings: Settings,
    chain: Chain,
    /// The revision of the chain that was announced to the sessions.
    announced: u64,
    sessions: BTreeMap<Peer, Session>,
    next: u64,
}

impl Host {
    /// Makes a server of a family with a chain.
    pub fn new(family: Family, chain: Chain) -> Self {
        let settings = Settings::new(family);
        Self { family, settings, announced: chain.revision(), chain, sessions: BTreeMap::new(), next: 0 }
    }

    /// Returns the family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Returns the settings of later connections, mutably.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Sets the quirks of the server, in addition to the behaviour of its family, on all connections.
    pub fn set_quirks(&mut self, quirks: Quirks) {
        self.sessions.values_mut().for_each(|session| session.set_quirks(quirks.clone()));
        self.settings.quirks = quirks;
    }

    /// Returns the quirks of the server, in addition to the behaviour of its family.
    pub fn quirks(&self) -> &Quirks {
        &self.settings.quirks
    }

    /// Reports that a peer's side of the connection took this many bytes.
    pub fn wrote(&mut self, peer: Peer, bytes: usize) {
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.wrote(bytes);
        }
    }

    /// Adds a connection.
    pub fn connect(&mut self, now: Duration) -> Peer {
        let peer = Peer(self.next);
        self.next += 1;
        let session = Session::with(self.family, self.settings.clone(), now);
        self.sessions.insert(peer, session);
        peer
    }

    /// Removes a connection with its subscriptions, and returns its session.
    pub fn disconnect(&mut self, peer: Peer) -> Option<Session> {
        self.sessions.remove(&peer)
    }

    /// Handles bytes from a client. A broadcast among them is announced on all connections.
    pub fn receive(&mut self, now: Duration, peer: Peer, bytes: &[u8]) {
        if let Some(session) = self.sessions.get_mut(&peer) {
            let stale = match session.notices_only_higher_tips() {
                true => self.chain.take_stale(),
                false => None,
            };
            match stale {
                Some(mut stale) => {
                    session.receive(now, &mut stale, bytes);
                    for entry in stale.mempool() {
                        // Rejected if it was mined meanwhile, which is no change.
                        let _ = self.chain.broadcast(entry.tx.clone());
                    }
                    self.chain.put_stale(stale);
                }
                None => session.receive(now, &mut self.chain, bytes),
            }
        }
        self.announce(now);
    }

    /// Handles that a client closed its sending side.
    pub fn end_of_input(&mut self, now: Duration, peer: Peer) {
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.end_of_input(now);
        }
    }

    /// Returns the chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Returns the status of a script as this server computes it, over its own order of the history.
    pub fn status(&self, script: &Scripthash) -> Option<String> {
        let session = Session::new(self.family, Duration::ZERO);
        let seen = self.chain.stale().filter(|_| session.notices_only_higher_tips());
        session.status(seen.unwrap_or(&self.chain), script)
    }

    /// Changes the chain, and notifies the subscribers once of the result.
    pub fn change<T>(&mut self, now: Duration, change: impl FnOnce(&mut Chain) -> T) -> T {
        let result = change(&mut self.chain);
        self.announce(now);
        result
    }

    /// Returns when to call [`Host::wake`] for this peer at the latest.
    pub fn wake_at(&self, peer: Peer) -> Option<Duration> {
        self.sessions.get(&peer)?.wake_at()
    }

    /// Runs what is due for this peer.
    pub fn wake(&mut self, now: Duration, peer: Peer) {
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.wake(now);
        }
    }

    /// Returns the next action for a peer.
    pub fn action(&mut self, peer: Peer) -> Option<Action> {
        self.sessions.get_mut(&peer)?.action()
    }

    /// Returns the peers that are connected.
    pub fn peers(&self) -> impl Iterator<Item = Peer> {
        self.sessions.keys().copied()
    }

    /// Returns the session of a peer.
    pub fn session(&self, peer: Peer) -> Option<&Session> {
        self.sessions.get(&peer)
    }

    fn announce(&mut self, now: Duration) {
        if self.announced != self.chain.revision() {
            self.announced = self.chain.revision();
            for session in self.sessions.values_mut() {
                let seen = self.chain.stale().filter(|_| session.notices_only_higher_tips());
                session.chain_changed(now, seen.unwrap_or(&self.chain));
            }
        }
    }
}
