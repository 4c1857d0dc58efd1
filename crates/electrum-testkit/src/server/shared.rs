//! The state that the threads of a server share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::log::Stats;
use crate::host::Host;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) epoch: Instant,
    pub(super) state: Mutex<State>,
    /// Something that [`Server::wait_until`] may wait for has happened.
    pub(super) changed: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) host: Host,
    pub(super) running: bool,
    pub(super) paused: bool,
    pub(super) connections: Vec<Connection>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl Shared {
    /// Locks the state, and ignores poison: a test that panicked elsewhere does not stop the server.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
}

impl State {
    /// Hands the actions of all sessions to their writers.
    pub(super) fn dispatch(&mut self) {
        for connection in &mut self.connections {
            connection.collect(&mut self.host);
        }
    }

    pub(super) fn kill(&mut self) {
        for connection in &mut self.connections {
            connection.kill(&mut self.host);
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = Stats { connections: self.connections.len(), ..Stats::default() };
        for connection in &self.connections {
            let open = connection.peer.is_some();
            let session = connection.session(&self.host);
            stats.open += usize::from(open);
            stats.ready += usize::from(open && session.is_some_and(|s| s.version().is_some()));
            for (method, count) in session.into_iter().flat_map(|s| s.requests()) {
                *stats.requests.entry(method.clone()).or_default() += count;
            }
        }
        stats
    }
}
