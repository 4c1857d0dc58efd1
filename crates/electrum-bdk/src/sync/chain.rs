//! The checked headers of the server's chain.

use std::collections::{BTreeMap, BTreeSet};

use electrum_session::proto::proof::{Target, check_links, check_work};
use electrum_session::proto::types::{BlockHash, RawHeader, Tip};

use super::ask::Ask;

/// How many headers servers send at most, as long as no answer says otherwise.
const MOST: u32 = 2016;
/// How many headers below the tip are always fetched: they are part of the wallet's update, and show most
/// reorganisations.
pub(crate) const SUFFIX: u32 = 8;
/// Runs of headers that are nearer to each other than this are fetched as one.
const NEAR: u32 = 16;

/// The headers of the server's chain, from its tip down, as far as a scan needs them.
///
/// A header is *linked* if the headers above it lead to the tip, or to a checkpoint of the wallet that the server's
/// chain has.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    linked: BTreeMap<u32, RawHeader>,
    tip: Option<Tip>,
    /// Headers that the server has sent and that are not checked yet.
    unchecked: BTreeMap<u32, RawHeader>,
    /// The tip that the server reported, and the height from which its headers are fetched.
    reported: Option<(Tip, u32)>,
    /// The height after the server's last header, if an answer ended there.
    end: Option<u32>,
}

impl Chain {
    /// Begins a scan with the tip that the server reports. `wallet` is the height of the wallet's tip.
    pub(crate) fn begin(&mut self, reported: Tip, wallet: Option<u32>) {
        self.unchecked.clear();
        self.end = None;
        if self.tip == Some(reported) {
            self.reported = None;
            return;
        }
        self.tip = None;
        let linked = self.linked.last_key_value().map(|(height, _)| *height);
        let known = linked.or_else(|| wallet.filter(|height| *height > 0));
        let known = known.map_or(reported.height, |height| height.min(reported.height));
        self.reported = Some((reported, known.saturating_sub(SUFFIX - 1)));
    }

    /// Returns the tip, once the headers up to it are checked.
    pub(crate) fn tip(&self) -> Option<Tip> {
        self.tip
    }

    /// Forgets which header is the last one, so that it is fetched again.
    pub(crate) fn forget_tip(&mut self) {
        self.tip = None;
    }

    /// Returns the lowest height that is fetched to find the tip, until the tip is known.
    pub(crate) fn start(&self) -> Option<u32> {
        self.reported.map(|(_, start)| start)
    }

    /// Returns the linked header at a height.
    pub(crate) fn header(&self, height: u32) -> Option<&RawHeader> {
        self.linked.get(&height)
    }

    /// Returns the hash of the server's block at a height, linked or not.
    pub(crate) fn server_hash(&self, height: u32) -> Option<BlockHash> {
        self.linked.get(&height).or_else(|| self.unchecked.get(&height)).map(RawHeader::block_hash)
    }

    /// Records an answer to a request for `count` headers.
    ///
    /// # Errors
    /// If the server sends none of them though its tip is above.
    pub(crate) fn record(&mut self, start: u32, count: u32, headers: &[RawHeader], max: u32) -> Result<(), String> {
        self.unchecked.extend((start..).zip(headers.iter().copied()));
        let received = u32::try_from(headers.len()).unwrap_or(u32::MAX);
        match self.tip {
            None if received < count.min(max.max(1)) => {
                let end = start.saturating_add(received);
                self.end = Some(self.end.map_or(end, |known| known.min(end)));
                Ok(())
            }
            Some(tip) if received == 0 && start <= tip.height => Err(format!("it has no header of height {start}")),
            _ => Ok(()),
        }
    }

    /// Returns what to ask for to find the tip: nothing once [`tip`](Self::tip) is known.
    ///
    /// # Errors
    /// If the headers are not a chain.
    pub(crate) fn find_tip(&mut self, limit: Target) -> Result<Vec<Ask>, String> {
        let Some((reported, start)) = self.reported else { return Ok(Vec::new()) };
        // Asks beyond the reported tip, so that the answer shows where the chain ends.
        let mut last = reported.height.saturating_add(SUFFIX);
        if let Some(end) = self.end {
            if end <= start {
                if start == 0 {
                    return Err("it has no headers".into());
                }
                // The server's chain is shorter than reported.
                self.reported = Some((reported, end.saturating_sub(SUFFIX)));
                self.end = None;
                return self.find_tip(limit);
            }
            last = end - 1;
        } else if self.unchecked.contains_key(&last) {
            last = self.unchecked.last_key_value().map_or(last, |(height, _)| height.saturating_add(MOST));
        }
        let missing = self.missing(start, last);
        if !missing.is_empty() {
            return Ok(runs(&missing));
        }
        self.settle(start, last, limit)?;
        Ok(Vec::new())
    }

    /// Checks the headers from `start` to the tip and joins them with the linked ones below.
    fn settle(&mut self, start: u32, last: u32, limit: Target) -> Result<(), String> {
        let run: Vec<_> = self.unchecked.range(start..=last).map(|(_, header)| *header).collect();
        let linked = check_links(None, &run).and_then(|_| check_work(limit, &run));
        linked.map_err(|error| format!("its headers from height {start} on are no chain: {error}"))?;
        let common = (start..=last)
            .rev()
            .find(|height| self.linked.get(height).is_some_and(|header| Some(header) == self.unchecked.get(height)));
        let follows = start.checked_sub(1).and_then(|before| self.linked.get(&before)).map(RawHeader::block_hash);
        match (common, run.first()) {
            (Some(common), _) => drop(self.linked.split_off(&common.saturating_add(1))),
            (None, Some(first)) if follows == Some(first.prev_hash()) => drop(self.linked.split_off(&start)),
            _ => self.linked.clear(),
        }
        self.linked.extend((start..).zip(run.iter().copied()));
        self.tip = run.last().map(|header| Tip { height: last, header: *header });
        self.reported = None;
        Ok(())
    }

    /// Links the headers at these heights. Returns what to ask for first.
    ///
    /// # Errors
    /// If the server's headers do not lead to its tip or to the wallet's checkpoints.
    pub(crate) fn link(
        &mut self,
        targets: &BTreeSet<u32>,
        trusted: &BTreeMap<u32, BlockHash>,
        limit: Target,
    ) -> Result<Vec<Ask>, String> {
        let (mut missing, mut fetched_to) = (Vec::new(), None);
        for &height in targets {
            if self.linked.contains_key(&height) || fetched_to.is_some_and(|last| height <= last) {
                continue;
            }
            let above = self.linked.range(height..).next().map(|(above, header)| (above - 1, header.prev_hash()));
            let checkpoint = trusted.range(height..).next().map(|(height, hash)| (*height, *hash));
            let nearest = above.into_iter().chain(checkpoint).min_by_key(|(height, _)| *height);
            let Some((last, hash)) = nearest else { return Err(format!("there is no chain above height {height}")) };
            let gaps = self.missing(height, last);
            if gaps.is_empty() {
                self.link_run(height, last, hash, limit)?;
            } else {
                missing.extend(gaps);
                fetched_to = Some(last);
            }
        }
        Ok(runs(&missing))
    }

    fn link_run(&mut self, first: u32, last: u32, hash: BlockHash, limit: Target) -> Result<(), String> {
        let run: Vec<_> = self.unchecked.range(first..=last).map(|(_, header)| *header).collect();
        let checked = check_links(None, &run).and_then(|found| check_work(limit, &run).map(|()| found));
        match checked {
            Ok(Some(found)) if found == hash => {
                self.linked.extend((first..).zip(run));
                Ok(())
            }
            Ok(_) => Err(format!("its header of height {last} is not on the chain that leads to its tip")),
            Err(error) => Err(format!("its headers from height {first} on are no chain: {error}")),
        }
    }

    fn missing(&self, first: u32, last: u32) -> Vec<u32> {
        (first..=last).filter(|height| !self.unchecked.contains_key(height)).collect()
    }
}

/// Returns the requests for the headers at these heights, which rise.
fn runs(heights: &[u32]) -> Vec<Ask> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &height in heights {
        match runs.last_mut() {
            Some((start, last)) if height <= last.saturating_add(NEAR) && height - *start < MOST => {
                *last = height.max(*last);
            }
            _ => runs.push((height, height)),
        }
    }
    runs.into_iter().map(|(start, last)| Ask::Headers { start, count: last - start + 1 }).collect()
}

#[cfg(test)]
mod tests {
    use electrum_session::proto::proof::Target;
    use electrum_testkit::chain::Chain as Fake;

    use super::*;

    const LIMIT: Target = Target::REGTEST_LIMIT;

    fn header(fake: &Fake, height: u32) -> RawHeader {
        RawHeader::from_bytes(fake.header(height).unwrap().to_bytes())
    }

    fn tip(fake: &Fake) -> Tip {
        Tip { height: fake.height(), header: header(fake, fake.height()) }
    }

    fn answer(chain: &mut Chain, fake: &Fake, asks: &[Ask]) {
        for ask in asks {
            let Ask::Headers { start, count } = ask else { panic!("{ask:?}") };
            let end = (start + count).min(fake.height() + 1);
            let headers: Vec<_> = (*start..end).map(|height| header(fake, height)).collect();
            chain.record(*start, *count, &headers, 2016).unwrap();
        }
    }

    fn find_tip(chain: &mut Chain, fake: &Fake) -> u32 {
        for round in 0..10 {
            let asks = chain.find_tip(LIMIT).unwrap();
            if asks.is_empty() {
                return round;
            }
            answer(chain, fake, &asks);
        }
        panic!("the tip is not found");
    }

    #[test]
    fn the_tip_is_found_in_one_round_and_known_the_next_time() {
        let mut fake = Fake::funded();
        let mut chain = Chain::default();
        chain.begin(tip(&fake), None);
        assert_eq!((find_tip(&mut chain, &fake), chain.tip()), (1, Some(tip(&fake))));
        chain.begin(tip(&fake), None);
        assert_eq!((find_tip(&mut chain, &fake), chain.tip()), (0, Some(tip(&fake))));
        // A tip that is outdated when it is reported.
        let outdated = tip(&fake);
        fake.mine(30);
        let mut chain = Chain::default();
        chain.begin(outdated, None);
        find_tip(&mut chain, &fake);
        assert_eq!(chain.tip(), Some(tip(&fake)));
    }

    #[test]
    fn a_reorganisation_unlinks_what_it_replaced() {
        let mut fake = Fake::funded();
        let mut chain = Chain::default();
        chain.begin(tip(&fake), None);
        find_tip(&mut chain, &fake);
        let replaced = chain.header(109).copied().unwrap();
        fake.reorganise(3, 4);
        chain.begin(tip(&fake), None);
        find_tip(&mut chain, &fake);
        assert_eq!(chain.tip(), Some(tip(&fake)));
        assert_eq!(chain.header(107), Some(&header(&fake, 107)));
        assert_ne!(chain.header(109), Some(&replaced));
        // Deeper than what is fetched: nothing of before is left.
        fake.reorganise(60, 61);
        chain.begin(tip(&fake), None);
        find_tip(&mut chain, &fake);
        assert_eq!((chain.tip(), chain.header(50)), (Some(tip(&fake)), None));
    }

    #[test]
    fn headers_are_linked_to_the_tip_or_a_checkpoint_and_others_refused() {
        let fake = Fake::funded();
        let mut chain = Chain::default();
        chain.begin(tip(&fake), None);
        find_tip(&mut chain, &fake);
        let trusted = BTreeMap::from([(40, header(&fake, 40).block_hash())]);
        let targets = BTreeSet::from([20, 90, 95]);
        let asks = chain.link(&targets, &trusted, LIMIT).unwrap();
        assert_eq!(asks, [Ask::Headers { start: 20, count: 21 }, Ask::Headers { start: 90, count: 13 }]);
        answer(&mut chain, &fake, &asks);
        assert_eq!(chain.link(&targets, &trusted, LIMIT), Ok(Vec::new()));
        assert!(targets.iter().all(|height| chain.header(*height) == Some(&header(&fake, *height))));

        // Headers of another branch.
        let mut other = fake.clone();
        other.reorganise(60, 61);
        let targets = BTreeSet::from([70]);
        let asks = chain.link(&targets, &trusted, LIMIT).unwrap();
        answer(&mut chain, &other, &asks);
        assert!(chain.link(&targets, &trusted, LIMIT).is_err());
        assert_eq!(chain.header(70), None);
    }
}
