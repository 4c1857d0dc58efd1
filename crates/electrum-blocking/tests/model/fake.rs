//! A session and a server that are simple enough for the model checker: a request and its reply are one byte each.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use electrum_session::Step;
use electrum_session::proto::{Action, Client, CloseCause, Config, ConnId, Input, Timestamp};
use electrum_session::transport::{DialHost, DialTarget};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread::{self, JoinHandle};

use crate::engine::{Backend, Engine};
use crate::socket::{Limits, Pipe, serve};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Replied,
    TimedOut,
    Closed,
}

/// The session, and the threads that it started.
pub(crate) struct Fake {
    session: Mutex<Session>,
    engine: Weak<Engine<Self>>,
    limits: Limits,
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Session {
    /// Gives out connection ids, which only the machine makes.
    machine: Client,
    link: Link,
    outgoing: VecDeque<u8>,
    calls: BTreeMap<u8, Call>,
    next_id: u8,
    now: Timestamp,
    steps: VecDeque<Step>,
    is_closed: bool,
}

enum Link {
    Down,
    Opening(ConnId),
    Open(ConnId),
}

#[derive(Default)]
struct Call {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
    deadline: Option<Timestamp>,
}

impl Call {
    /// Notes the outcome, and returns the waker for when the session is unlocked.
    fn end(&mut self, outcome: Outcome) -> Option<Waker> {
        if self.outcome.is_none() {
            self.outcome = Some(outcome);
        }
        self.waker.take()
    }
}

impl Fake {
    pub(crate) fn engine(limits: Limits) -> Arc<Engine<Self>> {
        Arc::new_cyclic(|engine| {
            let session = Session {
                machine: Client::new(Config::default(), Timestamp::ZERO),
                link: Link::Down,
                outgoing: VecDeque::new(),
                calls: BTreeMap::new(),
                next_id: 0,
                now: Timestamp::ZERO,
                steps: VecDeque::new(),
                is_closed: false,
            };
            let threads = Mutex::new(Vec::new());
            Engine::new(Self { session: Mutex::new(session), engine: Weak::clone(engine), limits, threads })
        })
    }

    /// Makes a call, which ends at `deadline` if there is one.
    pub(crate) fn call(engine: &Arc<Engine<Self>>, deadline: Option<Timestamp>) -> Reply {
        let mut session = engine.backend.session.lock().unwrap();
        let id = session.next_id;
        session.next_id += 1;
        let outcome = session.is_closed.then_some(Outcome::Closed);
        session.calls.insert(id, Call { outcome, waker: None, deadline });
        if matches!(session.link, Link::Open(_)) {
            session.outgoing.push_back(id);
        }
        drop(session);
        engine.turn();
        Reply { engine: Arc::clone(engine), id }
    }

    pub(crate) fn close(engine: &Engine<Self>) {
        engine.backend.session.lock().unwrap().is_closed = true;
        engine.turn();
    }

    /// Changes the session, and wakes whom that concerns after unlocking it.
    fn with<T>(&self, change: impl FnOnce(&mut Session, &mut Vec<Waker>) -> T) -> T {
        let mut wakers = Vec::new();
        let result = change(&mut self.session.lock().unwrap(), &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
        result
    }
}

impl Session {
    fn end_calls(&mut self, outcome: Outcome, which: impl Fn(&Call) -> bool, wakers: &mut Vec<Waker>) {
        for call in self.calls.values_mut().filter(|call| which(call)) {
            wakers.extend(call.end(outcome));
        }
    }

    /// The next connection of the machine.
    fn next_conn(&mut self) -> ConnId {
        loop {
            match self.machine.poll() {
                Action::Connect(conn, _) => return conn,
                Action::Wait(wait) => {
                    let (until, _) = wait.until.expect("it connects again");
                    self.machine.handle(until, Input::Tick);
                }
                _ => {}
            }
        }
    }
}

impl Backend for Fake {
    type Socket = Pipe;
    type Dialling = ();

    fn poll(&self) -> Step {
        self.with(|session, wakers| {
            if let Some(step) = session.steps.pop_front() {
                return step;
            }
            if session.is_closed {
                session.end_calls(Outcome::Closed, |_| true, wakers);
                return match std::mem::replace(&mut session.link, Link::Down) {
                    Link::Down => Step::Finished,
                    Link::Opening(conn) | Link::Open(conn) => Step::Disconnect(conn, vec![u8::MAX]),
                };
            }
            let now = session.now;
            session.end_calls(Outcome::TimedOut, |call| call.deadline.is_some_and(|deadline| deadline <= now), wakers);
            if let Link::Down = session.link {
                let conn = session.next_conn();
                session.link = Link::Opening(conn);
                return Step::Connect(
                    conn,
                    DialTarget { host: DialHost::Name("server".into()), port: 1, websocket: None },
                );
            }
            let waiting = session.calls.values().filter(|call| call.outcome.is_none());
            let until = waiting.filter_map(|call| call.deadline).min();
            Step::Wait { until, write: !session.outgoing.is_empty() }
        })
    }

    /// The ticker, which alone asks, is about to sleep until then.
    fn until(&self, moment: Timestamp) -> Duration {
        self.with(|session, _| session.now = session.now.max(moment));
        Duration::ZERO
    }

    fn dial(&self, conn: ConnId, _: DialTarget) -> io::Result<()> {
        let engine = self.engine.upgrade().unwrap();
        let limits = self.limits.clone();
        let thread = thread::spawn(move || {
            let pipe = Pipe::new(limits);
            let server = pipe.clone();
            let server = thread::spawn(move || serve(&server));
            engine.run_connection(conn, Ok(pipe.clone()));
            // Dropping a socket ends its connection.
            crate::engine::Socket::shutdown(&pipe);
            server.join().unwrap();
        });
        self.threads.lock().unwrap().push(thread);
        Ok(())
    }

    fn connected(&self, conn: ConnId) {
        self.with(|session, _| {
            if matches!(session.link, Link::Opening(opening) if opening == conn) {
                session.link = Link::Open(conn);
                // Those that a lost connection left unanswered are made again.
                let waiting = session.calls.iter().filter(|(_, call)| call.outcome.is_none());
                session.outgoing = waiting.map(|(id, _)| *id).collect();
            }
        });
    }

    fn received(&self, conn: ConnId, bytes: &[u8]) {
        self.with(|session, wakers| {
            if matches!(session.link, Link::Open(open) if open == conn) {
                for id in bytes {
                    let call = session.calls.get_mut(id).expect("a reply to a request");
                    wakers.extend(call.end(Outcome::Replied));
                }
            }
        });
    }

    fn take_outgoing(&self, _: ConnId, piece: &mut Vec<u8>) {
        // Less than there may be, so that a thread that writes has to look for more.
        self.with(|session, _| piece.extend(session.outgoing.pop_front()));
    }

    fn closed(&self, conn: ConnId, cause: CloseCause) {
        self.with(|session, _| {
            if matches!(session.link, Link::Opening(current) | Link::Open(current) if current == conn) {
                session.link = Link::Down;
                session.outgoing.clear();
                let now = Timestamp::ZERO;
                session.machine.handle(now, Input::Closed(conn, cause));
            }
        });
    }
}

/// The reply to a call, in time.
pub(crate) struct Reply {
    engine: Arc<Engine<Fake>>,
    id: u8,
}

impl Future for Reply {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut session = self.engine.backend.session.lock().unwrap();
        let call = session.calls.get_mut(&self.id).unwrap();
        match call.outcome {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                call.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
