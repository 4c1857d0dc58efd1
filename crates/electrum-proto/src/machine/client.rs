//! The client: its inputs, its main loop and its outputs.

use alloc::string::String;

use super::in_flight::Waiting;
use super::link::{Connection, Link, Stage};
use super::phase::{Phase, Transition};
use super::ready::Owner;
use super::shared::Shared;
use super::stream::Received;
use super::timers::{self, TimerKind};
use super::window::Outstanding;
use crate::config::Config;
use crate::error::{DownCause, RequestError};
use crate::event::{Action, ConnId, Event, Input, ServerIndex, Wait};
use crate::time::Timestamp;
use crate::version::ProtocolVersion;

/// A client of Electrum servers, without sockets, clock or threads.
///
/// Report inputs with [`handle`](Self::handle), give commands with [`request`](Self::request),
/// [`subscribe`](Self::subscribe) and the other methods, and carry out the actions that [`poll`](Self::poll) returns
/// until it returns [`Action::Wait`]. Any order of calls is legal; none of them fails or panics because of what a
/// server sent.
///
/// [`poll`](Self::poll) is the main loop. Each turn does the first of these steps that applies:
/// 1. return the oldest action or event of the queue;
/// 2. read one received message and handle it;
/// 3. give up the link if the driver reported its end, or a buffer overflowed;
/// 4. handle a timer that has expired;
/// 5. write the subscriptions that are due, and a nudge, and begin a padded write;
/// 6. wait.
///
/// # Example
/// ```
/// use electrum_proto::{Action, Client, Config, Event, Input, Timestamp, operations::Banner};
///
/// let now = Timestamp::ZERO;
/// let mut client = Client::new(Config::default(), now);
/// let Action::Connect(conn, _) = client.poll() else { panic!("it connects first") };
/// client.handle(now, Input::Connected(conn));
/// assert!(client.outgoing().starts_with(br#"{"jsonrpc":"2.0","id":1,"method":"server.version","#));
/// client.handle(now, Input::Wrote(conn, client.outgoing().len()));
/// client.handle(now, Input::Read(conn, b"{\"id\":1,\"result\":[\"Example 1.0\",\"1.4\"]}\n"));
/// let Action::Event(Event::Ready { software, .. }) = client.poll() else { panic!("it agreed to a version") };
/// assert_eq!(software, "Example 1.0");
/// client.request(now, Banner)?;
/// assert!(client.outgoing().ends_with(b"\"method\":\"server.banner\",\"params\":[]}\n"));
/// # Ok::<(), electrum_proto::Rejected<Banner>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) link: Link,
    pub(super) shared: Shared,
}

/// The state of a client, for people and logs.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::State;
///
/// fn line(state: &State) -> String {
///     match &state.agreed {
///         Some((software, version)) => format!("{}: {software}, protocol {version}", state.phase),
///         None => format!("{} (server {})", state.phase, state.server.0),
///     }
/// }
///
/// # let (client, _) = ready_client();
/// assert_eq!(line(&client.state()), "ready: Example 1.0, protocol 1.4");
/// let client = Client::new(Config::default(), Timestamp::ZERO);
/// assert_eq!(line(&client.state()), "connecting (server 0)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// The phase.
    pub phase: Phase,
    /// The server that is used, being tried, or tried next.
    pub server: ServerIndex,
    /// What the server calls itself and the version that was negotiated, once it is ready.
    #[doc(alias = "protocol_version")]
    pub agreed: Option<(String, ProtocolVersion)>,
}

/// How far a request had come when its link ended.
pub(super) struct Lost {
    written: bool,
    oldest: bool,
    /// How many bytes of its answer were received, if the answer is over the limit.
    too_large: Option<usize>,
}

impl Client {
    /// Makes a client, which connects as soon as it is polled.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// # let _ = ready_client;
    /// let mut client = Client::new(Config::default(), Timestamp::ZERO);
    /// assert!(matches!(client.poll(), Action::Connect(..)));
    /// ```
    #[must_use]
    pub fn new(mut config: Config, now: Timestamp) -> Self {
        config.timeouts = config.timeouts.floored();
        let mut shared = Shared::new(config, now);
        Self { link: Link::open(&mut shared), shared }
    }

    /// Handles an input. An input about an old connection is ignored. Time never goes back: an earlier `now` counts as
    /// the latest one so far.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// # let (mut client, conn) = ready_client();
    /// let now = Timestamp::from_millis(1500);
    /// client.handle(now, Input::Read(conn, b"{\"method\":\"unknown\"}\n"));
    /// assert!(matches!(client.poll(), Action::Event(Event::Unknown(_))));
    /// ```
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>) {
        self.shared.advance_time(now);
        if input.conn() != self.link.conn() {
            return;
        }
        match (&mut self.link, input) {
            (Link::Opening(opening), Input::Connected(conn)) if opening.closed.is_none() => {
                let connection = Connection::new(conn, opening.offer, &mut self.shared);
                self.link.change(Transition::Connected, Link::Open(connection));
            }
            (Link::Opening(opening), Input::Closed(_, cause)) => {
                opening.closed.get_or_insert(cause);
            }
            (Link::Open(connection), Input::Read(_, bytes)) => {
                let limit = connection.line_limit(&self.shared.config.limits);
                connection.stream.read(bytes, limit);
            }
            (Link::Open(connection), Input::Wrote(_, count)) => connection.stream.wrote(count),
            (Link::Open(connection), Input::Closed(_, cause)) => connection.stream.close(cause),
            _ => {}
        }
    }

    /// Returns the next action. It reads at most one message before it returns the actions that follow from it.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// # let (mut client, conn) = ready_client();
    /// loop {
    ///     match client.poll() {
    ///         Action::Wait(wait) => {
    ///             // Sleep until then, or until the socket has bytes.
    ///             assert!(wait.until.is_some());
    ///             break;
    ///         }
    ///         other => println!("{other:?}"),
    ///     }
    /// }
    /// ```
    pub fn poll(&mut self) -> Action<'_> {
        loop {
            if let Some(output) = self.shared.next_output() {
                return output;
            }
            let end = match self.receive() {
                Ok(Received::Text(event, piece)) => match self.link {
                    Link::Open(ref connection) => return Action::Event(connection.stream.event(event, &piece)),
                    Link::Opening(_) | Link::Waiting { .. } | Link::Closed => {
                        debug_assert!(false, "only an open link receives");
                        continue;
                    }
                },
                Ok(Received::Message) => continue,
                Ok(Received::Nothing) => match self.upkeep() {
                    Ok(Some(action)) => return action,
                    Ok(None) => continue,
                    Err(cause) => cause,
                },
                Err(cause) => cause,
            };
            self.lose(end);
        }
    }

    /// Returns the bytes to write on the current connection. Report what was written with [`Input::Wrote`];
    /// until then they stay here.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::operations::Banner;
    ///
    /// # let (mut client, conn) = ready_client();
    /// client.request(Timestamp::ZERO, Banner)?;
    /// assert_eq!(client.outgoing(), b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"server.banner\",\"params\":[]}\n");
    /// let count = client.outgoing().len();
    /// client.handle(Timestamp::ZERO, Input::Wrote(conn, count));
    /// assert_eq!(client.outgoing(), b"");
    /// # Ok::<(), electrum_proto::Rejected<Banner>>(())
    /// ```
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        match &self.link {
            Link::Open(connection) => connection.stream.outbox.bytes(),
            Link::Opening(_) | Link::Waiting { .. } | Link::Closed => &[],
        }
    }

    /// Returns the state of the client, for people and logs.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// # let (client, _) = ready_client();
    /// let (software, version) = client.state().agreed.expect("it is ready");
    /// assert_eq!((software.as_str(), version.to_string().as_str()), ("Example 1.0", "1.4"));
    /// ```
    #[must_use]
    pub fn state(&self) -> State {
        let agreed = self.link.ready().map(|(_, ready)| ready.agreed.clone());
        State {
            phase: self.link.phase(),
            server: self.shared.servers.current(),
            agreed: agreed.map(|agreed| (agreed.software, agreed.version)),
        }
    }

    /// Returns the phase, which is cheaper than [`state`](Self::state).
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::Phase;
    ///
    /// # let (client, _) = ready_client();
    /// assert_eq!(client.phase(), Phase::Ready);
    /// ```
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.link.phase()
    }

    /// Returns the version that was negotiated, if the client is ready.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::ProtocolVersion;
    ///
    /// # let (client, _) = ready_client();
    /// assert_eq!(client.version(), Some(ProtocolVersion::V1_4));
    /// ```
    #[must_use]
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.link.ready().map(|(_, ready)| ready.agreed.version)
    }

    /// Returns the configuration of the client, without its [`authorization`](Config::authorization).
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// # let (client, _) = ready_client();
    /// assert_eq!(client.config().versions.to_string(), "1.4..1.7");
    /// ```
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Reads and handles a message: the first part of a turn.
    ///
    /// # Errors
    /// Why the link must be given up.
    #[inline]
    fn receive(&mut self) -> Result<Received, DownCause> {
        match &mut self.link {
            Link::Open(connection) => connection.receive(&mut self.shared),
            Link::Opening(_) | Link::Waiting { .. } | Link::Closed => Ok(Received::Nothing),
        }
    }

    /// Does the rest of a turn in which no message was read. Returns the action that ends it, or `None` if another turn
    /// follows.
    ///
    /// # Errors
    /// Why the link must be given up.
    fn upkeep(&mut self) -> Result<Option<Action<'static>>, DownCause> {
        if let Some(cause) = self.link.end() {
            return Err(cause);
        }
        if let Some((stream, ready)) = self.link.ready_mut() {
            ready.withdraw_cancelled(stream);
        }
        if let Some(kind) = timers::due(self.link.next_timer(&self.shared), self.shared.now) {
            self.timer_due(kind)?;
            return Ok(None);
        }
        if let Some((stream, ready)) = self.link.ready_mut() {
            ready.write_due(stream, &mut self.shared);
        }
        if let Link::Open(connection) = &mut self.link {
            connection.stream.fill_packet(self.shared.now);
        }
        let room = self.link.ready().map(|(stream, ready)| (ready.requests.outstanding(), stream.outbox.len()));
        self.shared.report_room(room);
        if self.shared.has_outputs() {
            return Ok(None);
        }
        if let Link::Open(connection) = &mut self.link {
            connection.stream.shrink();
        }
        Ok(Some(match self.link {
            Link::Closed => Action::Finished,
            _ => {
                let timers = [self.link.next_timer(&self.shared), self.link.next_packet()];
                let until = timers.into_iter().flatten().min_by_key(|(at, _)| *at);
                Action::Wait(Wait { until, write: !self.outgoing().is_empty() })
            }
        }))
    }

    /// Handles a timer that has expired.
    fn timer_due(&mut self, kind: TimerKind) -> Result<(), DownCause> {
        trace!(?kind, now = %self.shared.now, "timer");
        match &mut self.link {
            Link::Waiting { .. } => {
                let opening = Link::open(&mut self.shared);
                self.link.change(Transition::RetryDue, opening);
                Ok(())
            }
            Link::Open(Connection { stream, stage: Stage::Ready(ready) }) => {
                ready.timer_due(kind, stream, &mut self.shared)
            }
            // The time-out of opening the link, or of the handshake.
            Link::Opening(_) | Link::Open(_) => Err(DownCause::Timeout { waited_for: kind }),
            Link::Closed => Ok(()),
        }
    }

    /// Gives up the link: fails the requests in flight, and schedules the next attempt.
    fn lose(&mut self, mut cause: DownCause) {
        let shared = &mut self.shared;
        shared.credentials.redact_cause(&mut cause);
        let server = shared.servers.current();
        let ready_for = self.link.ready().map(|(_, ready)| shared.now.since(ready.since));
        if let Some((_, ready)) = self.link.ready() {
            let window = shared.servers.window_mut();
            let bytes = window.expects_of(ready.requests.answers());
            window.lost(Outstanding { bytes, ..ready.requests.outstanding() });
            if matches!(cause, DownCause::Timeout { waited_for: TimerKind::Pong }) {
                shared.servers.pong_wait_mut().missed();
            }
        }
        if let Some(question) = self.link.question().filter(|_| !matches!(cause, DownCause::WrongChain { .. })) {
            shared.servers.question_failed(question);
        }
        // After a time-out, late topics are handled by the table of subscriptions. A busy server is left by choice.
        let is_cut = !matches!(cause, DownCause::Timeout { .. } | DownCause::Left { .. } | DownCause::Busy { .. });
        let suspects = self
            .link
            .ready()
            .filter(|_| is_cut)
            .map_or([None; 2], |(stream, ready)| ready.suspects(stream, &shared.subscriptions));
        let retry_at = shared.plan_retry(&cause, self.link.is_offered(), ready_for);
        let link = self.link.change(Transition::Lost, Link::Waiting { retry_at });
        debug!(server = server.0, cause = cause.name(), %retry_at, "link lost");
        if let Some(conn) = link.open_conn() {
            shared.disconnect(conn);
        }
        shared.emit(Event::Down { server, cause, retry_at });
        shared.subscriptions.link_lost(suspects.into_iter().flatten());
        let limit = shared.config.limits.line;
        self.fail_all(link, |lost| match lost {
            Lost { too_large: Some(received), .. } => RequestError::TooLarge { limit, received },
            Lost { written, oldest, .. } => RequestError::Lost { written, oldest },
        });
    }

    /// Fails all requests in flight on a link that has ended, each with the error that `error` makes of how far it had
    /// come.
    pub(super) fn fail_all(&mut self, link: Link, error: impl Fn(Lost) -> RequestError) {
        let Link::Open(Connection { stream, stage: Stage::Ready(mut ready) }) = link else { return };
        self.shared.last_id = ready.requests.last_id();
        let mut all = ready.requests.take_all();
        // If the reply that is too long does not begin with its id, the request is known only if it could answer no
        // other one.
        let mut asked = all.iter().filter(|waiting| {
            let is_short = matches!(waiting.owner, Owner::Ping | Owner::Nudge | Owner::Unsubscribe(_));
            !is_short && stream.may_have_asked(waiting.id)
        });
        let only = asked.next().filter(|_| asked.next().is_none()).map(|waiting| waiting.id);
        let too_large = stream.overlong_reply().or(only).filter(|_| stream.overlong.is_some());
        let oldest = all.front().map(|waiting| waiting.id);
        // The request that is the cause fails before the others.
        if let Some(cause) = all.iter().position(|waiting| too_large == Some(waiting.id)) {
            all.make_contiguous()[..=cause].rotate_right(1);
        }
        for Waiting { id, owner, begin, .. } in all {
            if owner == Owner::Caller {
                let written = stream.outbox.has_begun(begin);
                let lost = Lost {
                    written,
                    oldest: written && oldest == Some(id),
                    too_large: stream.overlong.filter(|_| too_large == Some(id)),
                };
                self.shared.fail(id, error(lost));
            }
        }
    }
}

impl Input<'_> {
    /// Returns the connection that the input is about, if it is about one.
    const fn conn(&self) -> Option<ConnId> {
        match self {
            Self::Tick => None,
            Self::Connected(conn) | Self::Read(conn, _) | Self::Wrote(conn, _) | Self::Closed(conn, _) => Some(*conn),
        }
    }
}
