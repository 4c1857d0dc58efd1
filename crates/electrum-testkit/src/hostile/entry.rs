//! What an entry of the catalogue is, and the scripts that most of them share.

use std::fmt;

use crate::scripted::Step;

/// One hostile server.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it is called, in the letters of identifiers.
    pub name: &'static str,
    /// What it does, in one sentence without its subject.
    pub does: &'static str,
    /// What the client is to ask it.
    pub ask: Ask,
    /// What a correct client makes of it.
    pub expect: Expect,
    /// The time-outs that a test sets short, so as not to wait for long.
    pub short: &'static [Timeout],
    /// What it plays: on every connection if the client never gets anywhere, else on the first one only.
    pub script: fn() -> Vec<Step>,
}

/// What a server is hostile in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Group {
    /// Before a version is agreed on.
    Handshake,
    /// How bytes become messages.
    Framing,
    /// Which message answers what.
    Rpc,
    /// What stands in a result.
    Types,
    /// What it sends unasked.
    Notifications,
    /// How much, how fast, how often.
    Load,
    /// How a WebSocket opens, its frames, and how it ends. These are reached by `ws://` instead of `tcp://`.
    #[cfg(feature = "websocket")]
    WebSocket,
}

/// What a client asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The balance of a script: 70 000 satoshi, and 5 000 unconfirmed.
    Balance,
    /// The same twice, the second time when the first is answered.
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
    /// Which other servers it knows.
    Peers,
    /// What it says of itself.
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

/// What a correct client makes of it, in bounded time and memory, and without a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// It gets the right answer, and goes on with the same connection.
    Answer,
    /// The caller gets an error with these words, and the same connection serves the next call.
    Error(&'static str),
    /// The caller gets an error with these words; the server goes on as it does.
    Overrun(&'static str),
    /// The caller gets an error with these words, for its answer is downloaded once only. The client leaves, and gets
    /// the next answer on the next connection.
    TooLarge(&'static str),
    /// It leaves, for a cause of this name and with these words, connects again, and gets its answer there.
    Dropped(&'static str, &'static str),
    /// No connection ever becomes ready. Each is given up for a cause of this name and with these words, and the
    /// pauses between them grow.
    NeverReady(&'static str, &'static str),
    /// Every connection becomes ready and is lost again in this way, and the pauses between them grow.
    KeepsLosing(&'static str, &'static str),
}

/// A time-out of the client's.
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
    /// Whether the server does on every connection what it does.
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

/// Waits for a call, sends what is given, and is honest from then on.
pub(super) fn once(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    after_handshake([Step::Line].into_iter().chain(steps).chain([Step::Serve]))
}

/// Answers the first call with this line, in which `$id` and `$result` are filled in, and is honest from then on.
pub(super) fn line(text: impl Into<String>) -> Vec<Step> {
    once([Step::SendLine(text.into())])
}

/// The right answer to the line last received.
pub(super) fn right() -> Step {
    Step::SendLine(RIGHT.to_owned())
}

pub(super) const RIGHT: &str = r#"{"jsonrpc":"2.0","id":$id,"result":$result}"#;
