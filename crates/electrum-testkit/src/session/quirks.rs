//! Quirks: behaviour of some servers of a family. All of it is off until a test turns it on.

use std::time::Duration;

use crate::hash::Txid;

/// The quirks of a server, in addition to the behaviour of its family. By default there are none.
///
/// Set it with [`Server::quirks`](crate::Server::quirks) or [`Host::set_quirks`](crate::Host::set_quirks). Counts are
/// those of one connection.
///
/// # Example
/// ```
/// use electrum_testkit::prelude::*;
///
/// let server = Server::start(Family::Fulcrum2_1);
/// server.quirks(|quirks| quirks.max_history = Some(100));
/// server.quirks(|quirks| assert_eq!(*quirks, Quirks { max_history: Some(100), ..Quirks::default() }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quirks {
    /// Transactions of the tip are listed as confirmed and as waiting, their outputs too: what servers show for a
    /// moment after a block.
    pub lists_tip_twice: bool,
    /// Entries that every history lists beside its own, by height: [`BIP30_PAIRS`] for example.
    pub more_history: Vec<(Txid, u32)>,
    /// The server takes one version as a string only, and reacts like this to a pair.
    pub single_version: Option<OnPair>,
    /// `id_from_pos` wants all three parameters and answers with `tx_id`, and `hosts` is flat: electrs 0.10 and
    /// earlier.
    pub early_electrs: bool,
    /// Histories and outputs beyond this count are empty, and balances only count so many outputs, without an error, as
    /// with Fulcrum's `max_history`. The status of a script is not affected.
    pub max_history: Option<usize>,
    /// The connection ends when more bytes than this wait to be read by the client, as with Fulcrum's `max_buffer`. A
    /// [`Server`](crate::Server) counts what its socket has not taken.
    pub max_buffer: Option<usize>,
    /// Requests cost, as with ElectrumX's `COST_SOFT_LIMIT` and `COST_HARD_LIMIT`.
    pub cost: Option<Cost>,
    /// Requests beyond this many, whose answers were not handed over yet, are answered with error -102.
    pub max_in_flight: Option<usize>,
    /// The connection ends without a word when more requests than this come at once.
    pub max_burst: Option<usize>,
    /// The first requests are answered with an error instead.
    pub busy: Option<Busy>,
    /// The connection ends, without an answer, at a request of this method.
    pub closes_at: Option<&'static str>,
    /// Nothing but `server.version` and `server.ping` is answered.
    pub answers_only_pings: bool,
    /// So many first subscriptions are refused with -32603 `unavailable index`, as by an electrs that has just started.
    pub refused_subscriptions: usize,
    /// Any transaction is proved to be anywhere: the branch is empty, and the header of the block is zeros around the
    /// id.
    pub forges_proofs: bool,
}

/// The reaction of a server that takes only one version to a range of versions.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::Family;
/// use electrum_testkit::chain::Chain;
/// use electrum_testkit::session::{Action, OnPair, Quirks, Session};
///
/// // Like Electrum Personal Server.
/// let (mut session, mut chain) = (Session::new(Family::Electrs, Duration::ZERO), Chain::funded());
/// session.set_quirks(Quirks { single_version: Some(OnPair::Close), ..Quirks::default() });
/// let hello = b"{\"id\":0,\"method\":\"server.version\",\"params\":[\"me\",[\"1.2\",\"1.4\"]]}\n";
/// session.receive(Duration::ZERO, &mut chain, hello);
/// assert_eq!(session.action(), Some(Action::Close));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPair {
    /// An error, as with electrs 0.8.6 to 0.9.13.
    Refuse,
    /// The end of the connection, as with Electrum Personal Server.
    Close,
}

/// A budget of one connection. A request costs one unit, and one more for each 5000 bytes of its answer.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::Family;
/// use electrum_testkit::chain::Chain;
/// use electrum_testkit::session::{Action, Cost, Quirks, Session};
///
/// let (mut session, mut chain) = (Session::new(Family::ElectrumX1_16, Duration::ZERO), Chain::funded());
/// let patience = Duration::from_secs(30);
/// let cost = Cost { soft: 10, hard: 10, sleep: Duration::ZERO, concurrent: 10, patience };
/// session.set_quirks(Quirks { cost: Some(cost), ..Quirks::default() });
/// let ping = b"{\"id\":0,\"method\":\"server.ping\",\"params\":[]}\n";
/// session.receive(Duration::ZERO, &mut chain, &ping.repeat(11));
/// let actions: Vec<_> = std::iter::from_fn(|| session.action()).collect();
/// // Ten answers, an error, and the end.
/// assert_eq!((actions.len(), &actions[11]), (12, &Action::Close));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Beyond this cost requests are held up, the more the nearer the hard limit is.
    pub soft: u32,
    /// The request that goes beyond this cost is answered with -101 `excessive resource usage`, and the connection
    /// ends.
    pub hard: u32,
    /// For how long a request is held up at the hard limit.
    pub sleep: Duration,
    /// How many requests are served side by side up to the soft limit; beyond it they are fewer, and one at the hard
    /// limit. The others wait. ElectrumX serves ten.
    pub concurrent: usize,
    /// A request that waits for longer is answered with -102 `server busy - request timed out`, as with ElectrumX after
    /// 30 seconds.
    pub patience: Duration,
}

/// An error in place of answers.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::Family;
/// use electrum_testkit::chain::Chain;
/// use electrum_testkit::session::{Action, Busy, Quirks, Session};
///
/// let (mut session, mut chain) = (Session::new(Family::ElectrumX1_16, Duration::ZERO), Chain::funded());
/// let busy = Busy { requests: 1, code: -101, message: "excessive resource usage".into(), closes: true };
/// session.set_quirks(Quirks { busy: Some(busy), ..Quirks::default() });
/// session.receive(Duration::ZERO, &mut chain, b"{\"id\":0,\"method\":\"server.ping\",\"params\":[]}\n");
/// let Some(Action::Write(answer)) = session.action() else { panic!("no answer") };
/// assert!(String::from_utf8_lossy(&answer).contains("excessive resource usage"));
/// assert_eq!(session.action(), Some(Action::Close));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// How many requests, `server.version` not counted, are answered with it.
    pub requests: usize,
    /// The code: -101 and -102 are those of ElectrumX.
    pub code: i64,
    /// The message.
    pub message: String,
    /// Whether the connection ends after each of them.
    pub closes: bool,
}

/// The two coinbases of the main chain that exist twice, with the heights of both: they came before BIP 30.
pub const BIP30_PAIRS: [(&str, [u32; 2]); 2] = [
    ("d5d27987d2a3dfc724e359870c6644b40e497bdc0589a033220fe15429d88599", [91_812, 91_842]),
    ("e3bf3d07d4b0375638d5f1db5255fe07ba2c4cb067cd81b84ee974b6585fb468", [91_722, 91_880]),
];
