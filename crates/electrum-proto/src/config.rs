//! Everything that can be set, with the defaults.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::authorization::Authorization;
use crate::error::DownCause;
use crate::types::BlockHash;
use crate::version::{Offer, ProtocolVersion, VersionRange};

/// How a client behaves. A limit of zero means zero, never "unlimited".
///
/// Fields may be added: begin from the default.
///
/// # Example
/// ```
/// use electrum_proto::{Config, Limits};
///
/// let limits = Limits { in_flight: 100, ..Limits::default() };
/// let config = Config { client_name: "my wallet 1.0".into(), limits, ..Config::default() };
/// # assert_eq!((config.limits.in_flight, config.servers), (100, 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What the client calls itself in `server.version`.
    ///
    /// A name that servers would take for an old Electrum is sent in another form: a slash before a version below
    /// 3.3.4 as a space (`wallet/1.0` as `wallet 1.0`), and a name that is such a version with `client` before it. Fulcrum
    /// and ElectrumX answer broadcasts of an old Electrum with a warning instead of the txid.
    pub client_name: String,
    /// The protocol versions that the caller can work with. A server that settles on any other is left.
    pub versions: VersionRange,
    /// What to offer, one after the other to a server that refuses or closes the connection, each on a connection of its
    /// own. What a server accepted is offered to it first from then on.
    ///
    /// Empty, which is the default, means [`versions`](Self::versions), and then, if they contain it, 1.4 alone, which is
    /// what servers speak that take no range. Only a version inside both the offer and `versions` is accepted.
    pub offers: Vec<Offer>,
    /// Whether to accept a version that the server writes as a JSON number (`1.4`). Off by default: as numbers, `1.10` and
    /// `1.1` are the same.
    pub accept_numeric_version: bool,
    /// The first block of the chain that the server must serve. A server of another chain never becomes ready.
    ///
    /// The server is asked for its features, and for its first header if they do not name the chain. If it does not
    /// answer, or ends the connection, it is asked in the other way on the next connection.
    pub genesis_hash: Option<BlockHash>,
    /// A secret that each request carries, those of the handshake included, for servers that ask for one. All servers
    /// get the same. [`Client::set_authorization`](crate::Client::set_authorization) renews it.
    pub authorization: Option<Authorization>,
    /// How many servers there are to choose from, at least one. They are named by index, the preferred one first.
    pub servers: usize,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Limits on sizes and counts.
    pub limits: Limits,
    /// How long to wait before the next attempt to connect.
    pub backoff: Backoff,
    /// How many subscriptions may await an answer at once.
    pub resubscribe_window: usize,
    /// Whether to send a cheap request along to servers that hold back small answers (ElectrumX 1.18 to 2.0): its answer
    /// fills their buffer, and they send at once. It costs about 1.1 kB each way down and a little of the server's session
    /// budget per write, and it makes the traffic look more like a client that asks for block headers.
    pub nudge: bool,
    /// Whether to pad what is written as Electrum does, against observers of an encrypted connection. Off by default.
    ///
    /// Writes then have few sizes, 1024, 2048, 4096, … bytes, by spaces before their last bracket, which every server
    /// takes. Requests wait for one another until they fill 1024 bytes, for a second at most from the last write on; the
    /// first 1024 bytes of a connection do not wait. That hides from an observer which requests are sent, and mostly how
    /// many; it hides neither the moments of writes, nor who talks to whom, nor anything that the server sends (ElectrumX
    /// 1.18 and later pads its side in the same way), nor anything at all on a connection without TLS. Over a WebSocket
    /// each request adds its own header of 6 to 14 bytes to the size.
    ///
    /// It costs a kilobyte at least for each write, at most as much again as the requests, and time: a small call that
    /// follows another one within a second waits for the rest of it, so that calls made one after the other take a second
    /// each. Deadlines go on meanwhile. Make calls in batches. A [`nudge`](Self::nudge) goes into the same write as what
    /// it is for, and costs nothing there.
    pub padding: bool,
    /// The seed of the jitter. Same seed and same inputs give the same actions.
    pub seed: u64,
}

/// Time limits of connections and requests. Each counts as a millisecond at least.
///
/// # Example
/// ```
/// use electrum_proto::{Action, Client, Config, Timeouts, TimerKind, Timestamp};
/// use std::time::Duration;
///
/// let timeouts = Timeouts { connect: Duration::from_secs(3), ..Timeouts::default() };
/// let mut client = Client::new(Config { timeouts, ..Config::default() }, Timestamp::ZERO);
/// assert!(matches!(client.poll(), Action::Connect(..)));
/// let Action::Wait(wait) = client.poll() else { panic!("there is nothing else to do") };
/// assert_eq!(wait.until, Some((Timestamp::from_millis(3000), TimerKind::Connect)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The time to open a link. If there are other servers, the first attempts with each have at most a share of
    /// [`request`](Self::request): a third of it with two servers, a fourth with three, a fifth with more, and twice as much
    /// after each failure. So a request that waits reaches a server that works before its deadline.
    pub connect: Duration,
    /// The time for the handshake, from the open link on. If there are other servers it is shortened as
    /// [`connect`](Self::connect) is.
    pub handshake: Duration,
    /// The time to answer a request that has no deadline of its own. With thousands in flight the end of any deadline
    /// may be noticed some milliseconds late.
    pub request: Duration,
    /// The time after which a ping is sent if no request was sent, or none was answered.
    pub ping_idle: Duration,
    /// The least time that a server has to answer a ping. A server that took longer before has more, and so has one that is
    /// sending something else, up to [`request`](Self::request).
    pub pong: Duration,
}

/// Limits on sizes and counts, which bound the memory of a client.
///
/// # Example
/// ```
/// use electrum_proto::types::Script;
/// use electrum_proto::{Client, Config, Limits, RejectReason, Timestamp, Topic};
///
/// let limits = Limits { subscriptions: 1, ..Limits::default() };
/// let mut client = Client::new(Config { limits, ..Config::default() }, Timestamp::ZERO);
/// client.subscribe(Timestamp::ZERO, Topic::Headers)?;
/// let second = client.subscribe(Timestamp::ZERO, Topic::Script(Script::new([0x51])));
/// assert_eq!(second.expect_err("one is the limit").reason, RejectReason::Subscriptions { limit: 1 });
/// # Ok::<(), electrum_proto::Rejected<Topic>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in a line from the server. Servers pad their lines up to twice their length. A request whose answer is longer fails
    /// with [`RequestError::TooLarge`](crate::RequestError::TooLarge).
    pub line: usize,
    /// Bytes in a line from the server before it is ready.
    pub line_before_ready: usize,
    /// Bytes that wait to be written, without their padding.
    pub outgoing: usize,
    /// Requests that wait for an answer.
    pub in_flight: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Replies within a minute that answer no request.
    pub unknown_replies: usize,
    /// Answers in a row that say only that the server is too busy. Those to subscriptions that were made at once count
    /// once.
    pub busy_replies: usize,
}

/// When to try again after a link is lost. Each wait counts as a millisecond at least.
///
/// After a link that lasted the first attempt is made at once, spread over a few milliseconds so that the clients of one
/// server do not reconnect at the same moment.
///
/// # Example
/// ```
/// use electrum_proto::{Action, Backoff, Client, CloseCause, Config, Event, Input, Timestamp};
/// use std::time::Duration;
///
/// let backoff = Backoff { reconnect: Duration::from_secs(1), jitter_permille: 0, ..Backoff::default() };
/// let mut client = Client::new(Config { backoff, ..Config::default() }, Timestamp::ZERO);
/// let (mut now, mut waits) = (Timestamp::ZERO, vec![]);
/// while waits.len() < 3 {
///     match client.poll() {
///         Action::Connect(conn, _) => client.handle(now, Input::Closed(conn, CloseCause::Failed("refused".into()))),
///         Action::Event(Event::Down { retry_at, .. }) => {
///             waits.push(retry_at.since(now).as_secs());
///             now = retry_at;
///             client.handle(now, Input::Tick);
///         }
///         other => panic!("{other:?}"),
///     }
/// }
/// assert_eq!(waits, [1, 2, 4]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first attempt for which no connection could be opened. It doubles with every further one.
    pub reconnect: Duration,
    /// The wait after the first connection that was accepted and did not last. It doubles with every further one.
    pub initial: Duration,
    /// The longest wait.
    pub cap: Duration,
    /// By how many thousandths a wait may be shortened at random.
    pub jitter_permille: u32,
    /// How long a link must have been ready for the next failure to count as the first.
    pub stable_after: Duration,
    /// How long a server that refuses our versions or serves another chain is set aside if there are others.
    pub set_aside: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_name: concat!("electrum-proto ", env!("CARGO_PKG_VERSION")).into(),
            versions: VersionRange::default(),
            offers: vec![],
            accept_numeric_version: false,
            genesis_hash: None,
            authorization: None,
            servers: 1,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            backoff: Backoff::default(),
            resubscribe_window: 500,
            nudge: true,
            padding: false,
            seed: 0,
        }
    }
}

impl Default for Timeouts {
    /// 10 s to connect, 15 s for the handshake, 30 s for an answer; a ping after 60 s, to be answered in 20 s.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            handshake: Duration::from_secs(15),
            request: Duration::from_secs(30),
            ping_idle: Duration::from_secs(60),
            pong: Duration::from_secs(20),
        }
    }
}

impl Default for Limits {
    /// Room for the largest transaction that consensus allows and for a history of 125 000 entries, padding included.
    fn default() -> Self {
        Self {
            line: 16 * 1024 * 1024,
            line_before_ready: 64 * 1024,
            outgoing: 32 * 1024 * 1024,
            in_flight: 100_000,
            subscriptions: 100_000,
            unknown_replies: 1_000,
            busy_replies: 16,
        }
    }
}

impl Limits {
    /// Limits for a device with little memory: one link with ten subscriptions then needs at most 64 KiB of heap.
    ///
    /// Answers may be up to 8 KiB long, padding included: balances, statuses, headers and histories of some thirty
    /// entries, but not all transactions.
    /// ```
    /// use electrum_proto::{Config, Limits};
    ///
    /// let config = Config { limits: Limits::small(), ..Config::default() };
    /// # assert_eq!(config.limits.line, 8 * 1024);
    /// ```
    #[must_use]
    pub fn small() -> Self {
        Self {
            line: 8 * 1024,
            line_before_ready: 4 * 1024,
            outgoing: 4 * 1024,
            in_flight: 16,
            subscriptions: 16,
            ..Self::default()
        }
    }
}

impl Default for Backoff {
    /// From 50 ms, or half a second after a connection that did not last, to a minute, each wait shortened by up to a half
    /// at random. A link that was ready for three seconds starts over.
    fn default() -> Self {
        Self {
            reconnect: Duration::from_millis(50),
            initial: Duration::from_millis(500),
            cap: Duration::from_secs(60),
            jitter_permille: 500,
            stable_after: Duration::from_secs(3),
            set_aside: Duration::from_secs(600),
        }
    }
}

/// The shortest time-out and pause. A timer of zero would be due again at once, and nothing else would ever be done.
pub(crate) const LEAST: Duration = Duration::from_millis(1);

impl Timeouts {
    /// Returns the time-outs, each raised to [`LEAST`] if it is shorter.
    pub(crate) fn floored(self) -> Self {
        let floored = |timeout: Duration| timeout.max(LEAST);
        Self {
            connect: floored(self.connect),
            handshake: floored(self.handshake),
            request: floored(self.request),
            ping_idle: floored(self.ping_idle),
            pong: floored(self.pong),
        }
    }
}

impl Config {
    /// Returns the offer to a server at this attempt, counted from zero.
    pub(crate) fn offer(&self, attempt: usize) -> Offer {
        match self.offers.get(attempt) {
            Some(offer) => *offer,
            None if self.offers.is_empty() && attempt == 1 => Offer::Single(SINGLE),
            None => self.offers.first().copied().unwrap_or(Offer::Range(self.versions)),
        }
    }

    /// How many offers there are to a server that refuses for this cause.
    pub(crate) fn offers_after(&self, cause: &DownCause) -> usize {
        match (self.offers.len(), cause) {
            // A server that settles on another version takes ranges: the single version would be no better.
            (0, DownCause::OutOfRange { .. }) => 1,
            (0, _) if self.versions.contains(SINGLE) => 2,
            (0, _) => 1,
            (count, _) => count,
        }
    }
}

/// The version of the servers that take one version only.
const SINGLE: ProtocolVersion = ProtocolVersion::V1_4;
