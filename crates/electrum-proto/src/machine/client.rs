//! The machine: facts and wishes in, actions out.

use alloc::collections::VecDeque;
use alloc::string::String;

use super::in_flight::InFlight;
use super::link::{Link, Owner, Piece};
use super::negotiation;
use super::phase::{Change, Phase};
use super::random::Random;
use super::servers::Servers;
use super::step::{Received, Step, UnknownKind};
use super::subscriptions::Subscriptions;
use super::timers::{TimerKind, Timers};
use crate::config::Config;
use crate::error::{DownCause, RequestError};
use crate::event::{Action, ConnId, Event, Input, Reply, RequestId, ServerIndex, Unknown, Wait};
use crate::json::RawJson;
use crate::time::Timestamp;
use crate::version::ProtocolVersion;

/// A client of Electrum servers, without sockets, clock or threads.
///
/// Tell it facts with [`handle`](Self::handle), wishes with [`request`](Self::request),
/// [`subscribe`](Self::subscribe) and their kin, and carry out what [`poll`](Self::poll) says until it says
/// [`Action::Wait`]. Any order of calls is right; none of them fails or panics because of what a server sent.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) config: Config,
    pub(super) now: Timestamp,
    pub(super) phase: Phase,
    pub(super) link: Option<Link>,
    pub(super) last_conn: u64,
    pub(super) requests: InFlight<Owner>,
    /// Replies that are due to callers whose requests will not be answered any more.
    pub(super) failed: VecDeque<(RequestId, RequestError)>,
    pub(super) subscriptions: Subscriptions,
    pub(super) timers: Timers,
    pub(super) servers: Servers,
    pub(super) random: Random,
    /// What is to be told before anything else.
    pub(super) actions: VecDeque<Action<'static>>,
    /// The room for want of which wishes were refused.
    pub(super) wanted_room: WantedRoom,
}

/// The room that would do for the least of the wishes that were refused for want of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WantedRoom {
    pub(super) requests: Option<usize>,
    pub(super) bytes: Option<usize>,
    pub(super) topics: bool,
}

/// Where a client stands, for people and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// The phase.
    pub phase: Phase,
    /// The server in use, or being tried, or to be tried next.
    pub server: ServerIndex,
    /// What the server calls itself and the version that was negotiated, once it is ready.
    pub agreed: Option<(String, ProtocolVersion)>,
}

impl Client {
    /// A client that will connect as soon as it is polled.
    #[must_use]
    pub fn new(mut config: Config, now: Timestamp) -> Self {
        config.timeouts = config.timeouts.floored();
        let mut client = Self {
            now,
            phase: Phase::Connecting,
            link: None,
            last_conn: 0,
            requests: InFlight::default(),
            failed: VecDeque::new(),
            subscriptions: Subscriptions::default(),
            timers: Timers::default(),
            servers: Servers::new(config.servers),
            random: Random::new(config.seed),
            actions: VecDeque::new(),
            wanted_room: WantedRoom::default(),
            config,
        };
        client.connect();
        client
    }

    /// Takes in a fact. Facts about an old link change nothing; time that runs backwards stands still.
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>) {
        self.pass_time(now);
        let limit = self.line_limit();
        let Some(link) = self.link.as_mut() else { return };
        match input {
            Input::Connected(conn) if conn == link.conn && self.phase == Phase::Connecting => {
                self.advance(Change::Connected);
                self.start_handshake();
            }
            Input::Read(conn, bytes)
                if conn == link.conn
                    && self.phase != Phase::Connecting
                    && link.closed.is_none()
                    && link.overflow.is_none() =>
            {
                link.overflow = link.inbox.push(bytes, limit).err();
                link.progress = link.progress.saturating_add(bytes.len());
            }
            Input::Wrote(conn, count) if conn == link.conn => {
                link.outbox.wrote(count);
                if link.outbox.len() > 0 {
                    link.progress = link.progress.saturating_add(count);
                }
            }
            Input::Closed(conn, cause) if conn == link.conn => {
                link.closed.get_or_insert(cause);
            }
            _ => {}
        }
    }

    /// The next thing to do. Parses one message at most before it answers with what follows from it.
    pub fn poll(&mut self) -> Action<'_> {
        let step = loop {
            if let Some(step) = self.step() {
                break step;
            }
        };
        let text = |piece: &Piece| RawJson::new(self.link.as_ref().map_or("null", |link| link.text(piece)));
        match step {
            Step::Action(action) => action,
            Step::Reply(id, version, piece) => {
                Action::Event(Event::Reply { id, result: Ok(Reply { version, result: text(&piece) }) })
            }
            Step::Unknown(kind, piece) => Action::Event(Event::Unknown(match kind {
                UnknownKind::Reply => Unknown::Reply(text(&piece)),
                UnknownKind::Notification => Unknown::Notification(text(&piece)),
                UnknownKind::Request => Unknown::Request(text(&piece)),
            })),
        }
    }

    /// The bytes that are to be written on the current link. Report what was written with [`Input::Wrote`];
    /// until then they stay here.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        self.link.as_ref().map_or(&[], |link| link.outbox.bytes())
    }

    /// Where the client stands.
    #[must_use]
    pub fn state(&self) -> State {
        let agreed = self.ready_link().and_then(|link| link.agreed.clone());
        State {
            phase: self.phase,
            server: self.servers.current(),
            agreed: agreed.map(|agreed| (agreed.software, agreed.version)),
        }
    }

    /// The phase alone, which costs nothing to look at.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// What the client goes by.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// One turn: what is due first, or nothing if something changed inside and the next turn may say more.
    fn step(&mut self) -> Option<Step> {
        if let Some(action) = self.actions.pop_front() {
            return match action {
                // Whoever ended it does not want to hear of it any more.
                Action::Event(Event::SubscriptionRefused { sub, .. }) if !self.subscriptions.is_wanted(sub) => None,
                action => Some(Step::Action(action)),
            };
        }
        if let Some((id, error)) = self.failed.pop_front() {
            return Some(Step::Action(Action::Event(Event::Reply { id, result: Err(error) })));
        }
        if self.phase == Phase::Closed {
            return Some(Step::Action(Action::Finished));
        }
        match self.receive() {
            Received::Nothing => {}
            Received::Inside => return None,
            Received::Step(step) => return Some(step),
        }
        if let Some(cause) = self.link_end() {
            self.lose(cause);
            return None;
        }
        if let Some(kind) = self.due_timer() {
            self.fire(kind);
            return None;
        }
        self.write_what_is_due();
        self.tell_of_room();
        if let Some(action) = self.actions.pop_front() {
            return Some(Step::Action(action));
        }
        self.set_following_timers();
        if let Some(link) = self.link.as_mut() {
            link.inbox.rest();
        }
        Some(Step::Action(Action::Wait(Wait {
            until: self.timers.next(),
            write: self.link.as_ref().is_some_and(|link| link.outbox.len() > 0),
        })))
    }

    pub(super) fn pass_time(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    pub(super) fn advance(&mut self, change: Change) {
        if let Some(phase) = self.phase.after(change) {
            self.phase = phase;
        }
    }

    pub(super) fn ready_link(&self) -> Option<&Link> {
        self.link.as_ref().filter(|_| self.phase == Phase::Ready)
    }

    pub(super) fn version(&self) -> Option<ProtocolVersion> {
        self.ready_link()?.agreed.as_ref().map(|agreed| agreed.version)
    }

    pub(super) const fn line_limit(&self) -> usize {
        match self.phase {
            Phase::Ready => self.config.limits.line,
            _ => self.config.limits.line_before_ready,
        }
    }

    /// Asks for a new link.
    pub(super) fn connect(&mut self) {
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        let offered = self.config.offer(self.servers.offer());
        self.link = Some(Link::new(conn, offered, self.now));
        self.timers.clear();
        self.timers.set(TimerKind::Connect, Some(self.now + self.config.timeouts.connect));
        self.actions.push_back(Action::Connect(conn, self.servers.current()));
    }

    /// The version goes first on every link, and nothing else goes before its answer was accepted.
    pub(super) fn start_handshake(&mut self) {
        self.timers.clear();
        self.timers.set(TimerKind::Handshake, Some(self.now + self.config.timeouts.handshake));
        let Some(link) = self.link.as_mut() else { return };
        let (name, offered) = (&self.config.client_name, link.offered);
        let id = self.requests.draw_id();
        let begin = link.write(id, negotiation::METHOD, |params| negotiation::params(name, offered, params));
        self.requests.add(Owner::Version, Timestamp::MAX, begin);
        link.last_sent = self.now;
    }

    /// Gives the link up: everybody who waits is told, and the next attempt is planned.
    pub(super) fn lose(&mut self, cause: DownCause) {
        let Some(link) = self.link.take() else { return };
        if link.closed.is_none() {
            // Before what else this turn told: there is nothing to write on it any more.
            self.actions.push_front(Action::Disconnect(link.conn));
        }
        self.fail_all(&link, |written| RequestError::Lost { written });
        self.subscriptions.link_lost();
        let server = self.servers.current();
        let has_other_offers = cause.refuses_offer() && !self.servers.refused_offer(self.config.offers.len());
        let (backoff, random) = (&self.config.backoff, &mut self.random);
        let retry_at = if has_other_offers {
            self.servers.again(self.now, backoff, random)
        } else {
            let ready_for = link.ready_since.map(|since| self.now.since(since));
            self.servers.failed(self.now, ready_for, cause.sets_aside(), backoff, random)
        };
        self.timers.clear();
        self.timers.set(TimerKind::Retry, Some(retry_at));
        self.actions.push_back(Action::Event(Event::Down { server, cause, retry_at }));
        self.advance(Change::Lost);
    }

    /// No request that waits will be answered: their callers get the error that follows from whether they were begun.
    pub(super) fn fail_all(&mut self, link: &Link, error: impl Fn(bool) -> RequestError) {
        for waiting in self.requests.take_all() {
            if waiting.owner == Owner::Caller {
                let written = link.outbox.has_begun(waiting.begin);
                self.failed.push_back((RequestId(waiting.id), error(written)));
            }
        }
    }
}
