//! The entries of the catalogue, and the scripts that most of them share.

use std::fmt;

use crate::scripted::Step;

/// One hostile server.
///
/// # Example
/// ```
/// use electrum_testkit::hostile::{self, Ask, Expect};
///
/// let entry = hostile::find("refusing").unwrap();
/// assert_eq!(entry.does, "refuses every version");
/// assert_eq!(entry.ask, Ask::Balance);
/// assert!(matches!(entry.expect, Expect::NeverReady(..)));
/// assert_eq!((entry.script)().len(), 3);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The name, which is a valid identifier.
    pub name: &'static str,
    /// What the server does, in one sentence without its subject.
    pub does: &'static str,
    /// The requests that the client must make.
    pub ask: Ask,
    /// The behaviour of a correct client.
    pub expect: Expect,
    /// The time-outs that a test sets short, so that it does not take long.
    pub short: &'static [Timeout],
    /// The script of the server: on every connection if the client never succeeds, otherwise on the first one only.
    pub script: fn() -> Vec<Step>,
}

/// The group of a hostile server: the part of the protocol in which it is hostile.
///
/// # Example
/// ```
/// use electrum_testkit::hostile::{Group, catalogue};
///
/// assert!(Group::Handshake.entries().iter().any(|entry| entry.name == "refusing"));
/// let sum: usize = Group::ALL.iter().map(|group| group.entries().len()).sum();
/// assert_eq!(catalogue().count(), sum);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Group {
    /// The handshake.
    Handshake,
    /// The framing of messages.
    Framing,
    /// JSON-RPC: ids, errors, and messages out of place.
    Rpc,
    /// The content of results.
    Types,
    /// Notifications.
    Notifications,
    /// The amount and the speed of data, and the number of connections.
    Load,
    /// The opening, the frames and the end of a WebSocket. These servers have `ws://` instead of `tcp://` addresses.
    #[cfg(feature = "websocket")]
    WebSocket,
}

/// The requests of a client.
///
/// # Example
/// ```
/// use electrum_testkit::hostile::{Ask, find};
///
/// let method = match find("refusing").unwrap().ask {
///     Ask::Balance => "blockchain.scripthash.get_balance",
///     Ask::Banner => "server.banner",
///     other => panic!("this client cannot ask for {other}"),
/// };
/// assert_eq!(method, "blockchain.scripthash.get_balance");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The balance of a script: 70 000 satoshi, and 5 000 unconfirmed.
    Balance,
    /// The balance twice, the second time after the first answer.
    BalanceTwice,
    /// The history of the script: one confirmed transaction, and one in the mempool.
    History,
    /// The 2016 headers from the first block on, of which there are 112.
    Headers,
    /// The confirmed transaction.
    Transaction,
    /// The proof that it is in block 111.
    Merkle,
    /// The server's banner.
    Banner,
    /// The other servers that the server knows.
    Peers,
    /// The server's features.
    Features,
    /// The fee rates of the mempool.
    FeeHistogram,
    /// Changes of the script.
    WatchScript,
    /// Changes of a hundred scripts.
    WatchMany,
    /// New blocks.
    WatchTip,
    /// Notifications of `hostile.event`, a subscription of this server's own.
    WatchRaw,
    /// 160 calls of 100 kB each at once, which do not change anything.
    Bulk,
}

/// The behaviour of a correct client, in bounded time and memory, and without a panic.
///
/// # Example
/// ```
/// use electrum_testkit::hostile::{Expect, find};
///
/// let expect = find("refusing").unwrap().expect;
/// let Expect::NeverReady(_, words) = expect else { panic!("it refuses every version") };
/// assert_eq!(words, "unsupported protocol version");
/// assert!(expect.is_for_ever());
/// assert!(expect.to_string().starts_with("is never ready"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// The client gets the right answer, and keeps the connection.
    Answer,
    /// The caller gets an error with this text, and the same connection serves the next call.
    Error(&'static str),
    /// The caller gets an error with this text. The server continues.
    Overrun(&'static str),
    /// The caller gets an error with this text, since its answer is downloaded only once. The client closes the
    /// connection, and gets the next answer on the next one.
    TooLarge(&'static str),
    /// The client closes the connection, with a cause of this name and text, reconnects, and gets its answer there.
    Dropped(&'static str, &'static str),
    /// No connection ever becomes ready. Each is given up with a cause of this name and text, and the pauses between
    /// them grow.
    NeverReady(&'static str, &'static str),
    /// Every connection becomes ready and is lost again in this way, and the pauses between them grow.
    KeepsLosing(&'static str, &'static str),
}

/// A time-out of the client.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::hostile::{Timeout, find};
///
/// let entry = find("mute").unwrap();
/// let is_short = entry.short.contains(&Timeout::Handshake);
/// let handshake = if is_short { Duration::from_millis(300) } else { Duration::from_secs(15) };
/// assert_eq!(handshake.as_millis(), 300);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// Until a connection is open, with its layers.
    Connect,
    /// Until a version is agreed on.
    Handshake,
    /// Until a call is answered.
    Answer,
    /// Until silence, or a line without an end, counts as a lost connection.
    Silence,
}

impl Expect {
    /// Returns whether the server plays its script on every connection.
    pub const fn is_for_ever(self) -> bool {
        matches!(self, Self::NeverReady(..) | Self::KeepsLosing(..))
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("gives the right answer and stays"),
            Self::Error(words) => write!(f, "reports an error (\"{words}\") and stays"),
            Self::Overrun(words) => write!(f, "reports an error (\"{words}\")"),
            Self::TooLarge(words) => {
                write!(f, "reports an error (\"{words}\") and gets the next answer on the next connection")
            }
            Self::Dropped(_, words) => write!(f, "leaves (\"{words}\") and gets its answer on the next connection"),
            Self::NeverReady(_, words) => write!(f, "is never ready (\"{words}\"); tries again after growing pauses"),
            Self::KeepsLosing(_, words) => write!(f, "is thrown out (\"{words}\"); tries again after growing pauses"),
        }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Balance => "a balance",
            Self::BalanceTwice => "a balance, twice",
            Self::History => "a history",
            Self::Headers => "2016 headers",
            Self::Transaction => "a transaction",
            Self::Merkle => "a merkle branch",
            Self::Banner => "the banner",
            Self::Peers => "other servers",
            Self::Features => "its features",
            Self::FeeHistogram => "the fee histogram",
            Self::WatchScript => "changes of a script",
            Self::WatchMany => "changes of 100 scripts",
            Self::WatchTip => "new blocks",
            Self::WatchRaw => "notifications of its own",
            Self::Bulk => "16 MB at once",
        })
    }
}

/// A script that begins with an honest handshake on 1.4.
pub(super) fn after_handshake(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    Step::handshake("Hostile 1.0", "1.4").into_iter().chain(steps).collect()
}

/// A script that waits for a call, plays these steps, and is honest from then on.
pub(super) fn once(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    after_handshake([Step::Line].into_iter().chain(steps).chain([Step::Serve]))
}

/// A script that answers the first call with this line, in which `$id` and `$result` are filled in, and is honest from
/// then on.
pub(super) fn line(text: impl Into<String>) -> Vec<Step> {
    once([Step::SendLine(text.into())])
}

/// A script that refuses the first calls in this way, and is honest from then on.
pub(super) fn refuses(calls: usize, refusal: &Step) -> Vec<Step> {
    let refusals = (0..calls).flat_map(|_| [Step::Line, refusal.clone()]);
    after_handshake(refusals.chain([Step::Serve]))
}

/// Sends the right answer to the line last received.
pub(super) fn right() -> Step {
    Step::SendLine(RIGHT.to_owned())
}

pub(super) const CANNOT_BE: Expect = Expect::Error("cannot be right");
pub(super) const CLOSED: Expect = Expect::Dropped("closed", "closed the connection");
pub(super) const NO_JSON_ARRAY: Expect = Expect::Dropped("malformed", "an array is no JSON");
pub(super) const SILENT: Expect = Expect::Dropped("timeout", "no sign of life");
pub(super) const TOO_LONG: Expect = Expect::TooLarge("longer than the limit");

/// A server that is asked for a balance.
pub(super) const fn entry(name: &'static str, does: &'static str, expect: Expect, script: fn() -> Vec<Step>) -> Entry {
    Entry { name, does, ask: Ask::Balance, expect, short: &[], script }
}

pub(super) const RIGHT: &str = r#"{"jsonrpc":"2.0","id":$id,"result":$result}"#;
