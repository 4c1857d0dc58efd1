//! A scan as a state machine without I/O: it returns what to ask for, takes the answers, and decides when they are
//! complete and from the same state of the chain.
//!
//! Each round derives what is missing from what is known. So a request without an answer is sent again, and a scan that
//! was interrupted continues where it stopped.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bdk_core::{BlockId, CheckPoint, ConfirmationBlockTime};
use bitcoin::Txid;
use electrum_session::CallError;
use electrum_session::proto::proof::Target;
use electrum_session::proto::types::{BlockHash, HistoryEntry, MerkleProof, Network, Tip};

use super::agreement::{Agreement, agreement, extended, with_blocks};
use super::ask::{Answer, Ask, Budget, ENTRY};
use super::cache::Cache;
use super::chain::SUFFIX;
use super::error::SyncError;
use super::items::{Found, Items, Known};
use super::listing::Listing;
use super::options::Options;
use super::problem::{Problem, Stop};
use super::progress::Progress;
use super::scripts::{Histories, Scripts};

/// The next step of a scan.
#[derive(Debug, PartialEq)]
pub(crate) enum Round {
    /// Report the server's tip with [`Plan::begin`], after a pause if the server contradicted itself.
    Begin { pause: bool },
    /// Send these requests, and report all answers.
    Ask(Vec<Ask>),
    /// The scan is complete.
    Done,
}

/// The state of a scan.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) start_time: u64,
    pub(crate) cache: Cache,
    pub(crate) histories: Histories,
    pub(crate) options: Options,
    pub(crate) budget: Budget,
    pub(crate) progress: Progress,
    wallet: Option<CheckPoint>,
    items: Items,
    proofs: HashMap<(Txid, u32), MerkleProof>,
    /// Transactions that the server does not have.
    gone: HashSet<Txid>,
    /// The last checkpoint in common, and the heights above at which the server has other blocks than the wallet.
    common: Option<(CheckPoint, Vec<u32>)>,
    /// The wallet's checkpoints that the server has.
    trusted: BTreeMap<u32, BlockHash>,
    has_begun: bool,
    /// The tip that the server reported before the histories were asked for.
    reported: Option<Tip>,
    /// Whether subscriptions report which histories change.
    is_live: bool,
    /// Whether the tip was still the same after the last history came.
    is_checked: bool,
    problem: Option<Problem>,
    restarts: u32,
}

impl Plan {
    pub(crate) fn new(
        start_time: u64,
        wallet: Option<CheckPoint>,
        items: Items,
        cache: Cache,
        options: Options,
    ) -> Self {
        Self {
            start_time,
            cache,
            histories: Histories::new(),
            budget: Budget::new(options.memory),
            options,
            progress: Progress::default(),
            wallet,
            items,
            proofs: HashMap::new(),
            gone: HashSet::new(),
            common: None,
            trusted: BTreeMap::new(),
            has_begun: false,
            reported: None,
            is_live: false,
            is_checked: false,
            problem: None,
            restarts: 0,
        }
    }

    /// Begins or continues with this tip of the server.
    pub(crate) fn begin(&mut self, tip: Tip) {
        self.cache.chain.begin(tip, self.wallet.as_ref().map(CheckPoint::height));
        (self.common, self.reported, self.is_checked, self.has_begun) = (None, Some(tip), false, true);
        self.trusted.clear();
    }

    /// Makes this the plan of a follower, to which subscriptions report the histories that change.
    pub(crate) fn live(&mut self) {
        self.is_live = true;
    }

    /// Handles a tip that the server reported to a follower. Returns whether it is new.
    pub(crate) fn moved_to(&mut self, tip: Tip) -> bool {
        let is_new = self.cache.chain.tip() != Some(tip);
        if is_new {
            self.forget_moment();
            self.has_begun = false;
        }
        is_new
    }

    /// Forgets the histories that a new block probably changes: those that list an unconfirmed transaction.
    fn forget_moment(&mut self) {
        let is_waiting =
            |history: &Vec<_>| history.iter().any(|entry: &HistoryEntry| entry.height.confirmed().is_none());
        let waiting = self.histories.iter().filter(|(_, history)| is_waiting(history));
        let waiting: Vec<_> = waiting.map(|(script, _)| script.clone()).collect();
        waiting.iter().for_each(|script| self.forget(script));
    }

    /// Forgets the history of a script, so that it is fetched again.
    pub(crate) fn forget(&mut self, script: &bitcoin::Script) {
        if let Some(history) = self.histories.remove(script) {
            self.budget.give_back(history.len() * ENTRY);
        }
    }

    /// Makes `wallet` the chain that the next update extends.
    pub(crate) fn applied(&mut self, wallet: Option<CheckPoint>) {
        (self.wallet, self.common, self.restarts) = (wallet, None, 0);
        self.trusted.clear();
    }

    /// Handles the answer to a request.
    ///
    /// # Errors
    /// If the call failed. The scan can continue later.
    pub(crate) fn answer(&mut self, ask: &Ask, answer: Result<Answer, CallError>) -> Result<(), SyncError> {
        self.progress.answered += 1;
        match (ask, answer) {
            (Ask::History(script), Ok(Answer::History(history))) => {
                self.progress.scripts += 1;
                self.histories.insert(script.clone(), history);
                self.is_checked = false;
            }
            (Ask::Transaction(txid), Ok(Answer::Transaction(transaction))) => {
                self.progress.transactions += 1;
                self.cache.transactions.insert(*txid, transaction);
            }
            (Ask::Proof(txid, height), Ok(Answer::Proof(proof))) => {
                self.proofs.insert((*txid, *height), proof);
            }
            (Ask::Headers { start, count }, Ok(Answer::Headers { headers, max })) => {
                if let Err(what) = self.cache.chain.record(*start, *count, &headers, max) {
                    self.problem = Some(Problem::Untrue(what));
                }
            }
            (Ask::Check(_), Ok(Answer::Headers { headers, .. })) => {
                let tip = self.cache.chain.tip().map(|tip| tip.header);
                if tip.as_slice() == headers {
                    self.is_checked = true;
                } else {
                    self.problem = Some(Problem::Moved("its tip changed".into()));
                }
            }
            (Ask::History(script), Err(error @ CallError::Server(_))) => {
                return Err(SyncError::NoHistory { script: script.clone(), error });
            }
            (Ask::Transaction(txid), Err(CallError::Server(_))) => drop(self.gone.insert(*txid)),
            (Ask::Proof(txid, height), Err(CallError::Server(error))) => {
                self.problem = Some(Problem::Untrue(format!("it does not prove {txid} at height {height}: {error}")));
            }
            (Ask::Headers { .. } | Ask::Check(_), Err(error @ (CallError::Server(_) | CallError::Decode(_)))) => {
                self.problem = Some(Problem::Untrue(error.to_string()));
            }
            (_, Err(CallError::Decode(_))) if self.budget.is_exceeded() => return Err(SyncError::TooLarge),
            (_, Err(CallError::Decode(error))) => return Err(SyncError::Untrue { what: error.to_string() }),
            (_, Err(error)) => return Err(SyncError::Call(error)),
            // The answer is always of the kind of its request.
            (_, Ok(_)) => {}
        }
        Ok(())
    }

    /// Returns what to do next.
    ///
    /// # Errors
    /// If the server's answers cannot be true, or did not become consistent.
    pub(crate) fn next(&mut self, scripts: &mut dyn Scripts) -> Result<Round, SyncError> {
        if self.problem.is_none() && self.has_begun {
            match self.missing(scripts) {
                Ok(asks) if asks.is_empty() => return Ok(Round::Done),
                Ok(mut asks) => {
                    asks.truncate(self.options.requests_at_once.max(1));
                    self.progress.rounds += 1;
                    self.progress.asked += asks.len() as u64;
                    return Ok(Round::Ask(asks));
                }
                Err(Stop::Problem(problem)) => self.problem = Some(problem),
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        let Some(problem) = self.problem.take() else { return Ok(Round::Begin { pause: false }) };
        match problem {
            Problem::Moved(_) if self.is_live && self.restarts == 0 => self.forget_moment(),
            _ => self.forget_histories(),
        }
        self.proofs.clear();
        self.gone.clear();
        self.cache.chain.forget_tip();
        self.has_begun = false;
        if self.restarts >= self.options.restarts {
            self.restarts = 0;
            return Err(problem.into());
        }
        self.restarts += 1;
        Ok(Round::Begin { pause: true })
    }

    /// Forgets all histories, which may be outdated. Transactions, anchors and linked headers stay valid.
    fn forget_histories(&mut self) {
        let entries: usize = self.histories.values().map(Vec::len).sum();
        self.budget.give_back(entries * ENTRY);
        self.histories.clear();
        self.progress.scripts = 0;
    }

    /// Returns the requests for everything that is known to be missing.
    fn missing(&mut self, scripts: &mut dyn Scripts) -> Result<Vec<Ask>, Stop> {
        let limit = self.easiest_target();
        let mut asks = Vec::new();
        // Before the headers are checked, since those of another network break the rules of this one.
        self.find_common(&mut asks)?;
        asks.extend(self.cache.chain.find_tip(limit).map_err(Problem::Untrue)?);
        self.find_common(&mut asks)?;
        if self.cache.chain.tip().is_some_and(|tip| self.reported.take_if(|reported| *reported != tip).is_some()) {
            // The reported tip was outdated, so the histories may be outdated too.
            match self.is_live {
                true => self.forget_moment(),
                false => self.forget_histories(),
            }
        }
        let known = Known { histories: &self.histories, transactions: &self.cache.transactions, gone: &self.gone };
        let found = self.items.find(&known);
        let mut histories = scripts.missing(&self.histories);
        histories.extend_from_slice(&found.scripts);
        let listing = self.listing(scripts, &found)?;
        let mut transactions = found.transactions;
        transactions.extend(listing.missing(&self.cache.transactions));
        if self.options.prev_txouts {
            let parents = listing.spent(&self.cache.transactions).map(|outpoint| outpoint.txid);
            transactions.extend(parents.filter(|txid| !self.cache.transactions.contains_key(txid)));
        }
        if let Some(txid) = transactions.iter().find(|txid| self.gone.contains(*txid)) {
            return Err(Problem::Moved(format!("it no longer has the transaction {txid}")).into());
        }
        if self.cache.chain.tip().is_some() {
            self.prove(&listing, limit, &mut asks)?;
        }
        let has_histories = !histories.is_empty();
        asks.extend(histories.into_iter().map(Ask::History));
        asks.extend(transactions.into_iter().map(Ask::Transaction));
        let mut seen = HashSet::new();
        asks.retain(|ask| seen.insert(ask.clone()));
        match self.cache.chain.tip() {
            // Sent after the last history came: if the tip is the same, all histories are from the same state of the
            // chain.
            Some(tip) if !has_histories && !self.is_checked => asks.push(Ask::Check(tip.height)),
            _ => {}
        }
        if asks.is_empty() {
            listing.check(&self.histories, &self.cache.transactions)?;
            if self.options.prev_txouts {
                listing.spent_outputs(&self.cache.transactions)?;
            }
        }
        Ok(asks)
    }

    /// Returns the transactions that belong to the update, with their places.
    pub(crate) fn listing(&self, scripts: &dyn Scripts, found: &Found) -> Result<Listing, Stop> {
        let mut listing = Listing::default();
        for script in scripts.counted(&self.histories) {
            if let Some(history) = self.histories.get(script) {
                listing.add_history(script, history)?;
            }
        }
        for (txid, entry) in &found.listed {
            listing.add(*txid, *entry)?;
        }
        Ok(listing)
    }

    /// Returns the transactions of the whole update, once the scan is complete.
    pub(crate) fn complete_listing(&self, scripts: &dyn Scripts) -> Listing {
        let known = Known { histories: &self.histories, transactions: &self.cache.transactions, gone: &self.gone };
        self.listing(scripts, &self.items.find(&known)).unwrap_or_default()
    }

    fn find_common(&mut self, asks: &mut Vec<Ask>) -> Result<(), Stop> {
        let (Some(wallet), None) = (&self.wallet, &self.common) else { return Ok(()) };
        let chain = &self.cache.chain;
        let (height, start) = match (chain.tip(), chain.start()) {
            (Some(tip), _) => (tip.height, None),
            // All checkpoints are below the headers that are fetched for the tip: a new wallet.
            (None, Some(start)) if wallet.height() < start => (start, Some(start)),
            _ => return Ok(()),
        };
        let server = |height| chain.server_hash(height).map(Into::into);
        match agreement(wallet, height, server) {
            // Until the tip is known, checkpoints above may still differ.
            Agreement::At(..) if start.is_some() => {}
            Agreement::At(common, above) => {
                let trusted = common.iter().map(|checkpoint| (checkpoint.height(), checkpoint.hash().into()));
                self.trusted = trusted.collect();
                self.common = Some((common, above));
            }
            Agreement::Ask(heights) => asks.extend(heights.into_iter().map(|start| Ask::Headers { start, count: 1 })),
            Agreement::Nowhere => return Err(Stop::Failed(SyncError::OtherNetwork)),
        }
        Ok(())
    }

    /// Proves that the transactions are in their blocks, or asks for the headers and proofs that this needs.
    fn prove(&mut self, listing: &Listing, limit: Target, asks: &mut Vec<Ask>) -> Result<(), Stop> {
        let (Some(tip), true) = (self.cache.chain.tip(), self.wallet.is_none() || self.common.is_some()) else {
            return Ok(());
        };
        if let Some((_, height)) = listing.confirmed().find(|(_, height)| *height > tip.height) {
            return Err(Problem::Moved(format!("it lists a transaction at height {height}, above its tip")).into());
        }
        let mut targets: BTreeSet<u32> = BTreeSet::new();
        for (txid, height) in listing.confirmed() {
            if !self.is_proven(txid, height) {
                targets.insert(height);
                if !self.proofs.contains_key(&(txid, height)) {
                    asks.push(Ask::Proof(txid, height));
                }
            }
        }
        if let Some((common, above)) = &self.common {
            targets.extend(above);
            targets.extend(Some(common.height()).filter(|height| *height > 0));
        }
        asks.extend(self.cache.chain.link(&targets, &self.trusted, limit).map_err(Problem::Untrue)?);
        for (txid, height) in listing.confirmed() {
            let (Some(header), Some(proof)) = (self.cache.chain.header(height), self.proofs.get(&(txid, height)))
            else {
                continue;
            };
            if self.is_proven(txid, height) {
                continue;
            }
            let proven = proof.verify(txid.into(), header);
            proven
                .map_err(|error| Problem::Untrue(format!("its proof for {txid} at height {height} fails: {error}")))?;
            let block_id = BlockId { height, hash: header.block_hash().into() };
            let anchor = ConfirmationBlockTime { block_id, confirmation_time: header.time().into() };
            self.cache.anchors.insert(txid, anchor);
            self.progress.anchors += 1;
        }
        Ok(())
    }

    /// Whether a transaction was proved to be in the server's block at this height.
    fn is_proven(&self, txid: Txid, height: u32) -> bool {
        self.anchor(txid, height).is_some()
    }

    /// Returns the proven anchor of a transaction in the server's chain.
    pub(crate) fn anchor(&self, txid: Txid, height: u32) -> Option<ConfirmationBlockTime> {
        let anchor = self.cache.anchors.get(&txid).filter(|anchor| anchor.block_id.height == height)?;
        (self.hash(height)? == anchor.block_id.hash).then_some(*anchor)
    }

    /// Returns the hash of the block at a height, if it is linked or a checkpoint of the wallet.
    fn hash(&self, height: u32) -> Option<bitcoin::BlockHash> {
        let linked = self.cache.chain.header(height).map(|header| header.block_hash());
        linked.or_else(|| self.trusted.get(&height).copied()).map(Into::into)
    }

    /// Returns the wallet's chain updated to the server's, with the blocks of these anchors.
    pub(crate) fn chain_update(&self, anchors: impl IntoIterator<Item = ConfirmationBlockTime>) -> Option<CheckPoint> {
        let (wallet, (common, above), tip) = (self.wallet.as_ref()?, self.common.as_ref()?, self.cache.chain.tip()?);
        let block = |height| Some(BlockId { height, hash: self.hash(height)? });
        let mut update = match above.is_empty() && tip.height < wallet.height() {
            // The server lags behind, so the wallet keeps its chain.
            true => wallet.clone(),
            false => {
                let suffix = tip.height.saturating_sub(SUFFIX - 1)..=tip.height;
                extended(common, above.iter().copied().chain(suffix).filter_map(block))
            }
        };
        let anchors = anchors.into_iter().map(|anchor| anchor.block_id);
        update = with_blocks(update, anchors);
        Some(update)
    }

    fn easiest_target(&self) -> Target {
        let genesis = || self.wallet.as_ref()?.iter().last().filter(|checkpoint| checkpoint.height() == 0);
        let network = || Network::of_genesis(genesis()?.hash().into());
        self.options.easiest_target.unwrap_or_else(|| match network() {
            Some(Network::Bitcoin | Network::Testnet3 | Network::Testnet4) => Target::MAINNET_LIMIT,
            Some(Network::Signet) => Target::SIGNET_LIMIT,
            _ => Target::REGTEST_LIMIT,
        })
    }
}
