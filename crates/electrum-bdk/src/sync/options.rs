//! The options of a sync.

use electrum_session::proto::proof::Target;

/// The options of a sync: what it fetches, what it checks, and within which limits.
///
/// ```
/// use electrum_bdk::sync::Options;
///
/// let options = Options { prev_txouts: true, ..Options::default() };
/// # assert_eq!(options.requests_at_once, 20_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether to fetch the outputs that the wallet's transactions spend, which a wallet needs to know the fees of
    /// transactions that it did not fund alone. Off by default: it costs a transaction for each input.
    pub prev_txouts: bool,
    /// The easiest target that a header may have. The default is that of the wallet's network, if the wallet's first
    /// checkpoint is the first block of a known network. A harder one makes forged blocks more expensive: on the main
    /// network today's difficulty is a hundred thousand million times that of the first blocks.
    pub easiest_target: Option<Target>,
    /// How many requests are in flight at most.
    pub requests_at_once: usize,
    /// How often a scan begins again because the chain changed, or because the server contradicted itself.
    pub restarts: u32,
    /// How many bytes of answers are kept at most.
    pub memory: u64,
}

impl Default for Options {
    /// Returns the default: no previous outputs, 20 000 requests at once, 8 restarts, 2 GiB.
    fn default() -> Self {
        Self {
            prev_txouts: false,
            easiest_target: None,
            requests_at_once: 20_000,
            restarts: 8,
            memory: 2 * 1024 * 1024 * 1024,
        }
    }
}
