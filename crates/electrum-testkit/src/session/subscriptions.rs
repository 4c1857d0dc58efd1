//! The subscriptions of a connection, and what was last sent about each.

use std::collections::HashMap;

use super::history::{height_of, status};
use crate::chain::{Chain, OutPoint, OutpointStatus};
use crate::family::HistoryOrder;
use crate::hash::{BlockHash, Scripthash, Txid};

/// The subscriptions of a connection.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use electrum_testkit::Family;
/// use electrum_testkit::chain::Chain;
/// use electrum_testkit::session::{Session, Subscribed};
///
/// let (mut session, mut chain) = (Session::new(Family::ElectrumX1_16, Duration::ZERO), Chain::funded());
/// let line = b"{\"id\":0,\"method\":\"blockchain.headers.subscribe\",\"params\":[]}\n";
/// session.receive(Duration::ZERO, &mut chain, line);
/// assert_eq!(session.subscribed(), Subscribed { headers: true, ..Subscribed::default() });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscribed {
    /// Headers.
    pub headers: bool,
    /// Scripts, in the order of subscribing.
    pub scripts: Vec<Scripthash>,
    /// Outpoints, in the order of subscribing.
    pub outpoints: Vec<OutPoint>,
}

/// The subscriptions of a connection, and what was last sent about each.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    pub(super) headers: Option<Headers>,
    pub(super) scripts: Vec<Script>,
    script_places: HashMap<Scripthash, usize>,
    pub(super) outpoints: Vec<(OutPoint, OutpointStatus)>,
    /// Fulcrum's own, with the height last sent.
    pub(super) transactions: Vec<(Txid, Option<i64>)>,
}

#[derive(Debug)]
pub(super) struct Headers {
    pub(super) raw: bool,
    pub(super) sent: (u32, BlockHash),
}

/// The form in which a script was subscribed, on which the form of its notifications depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Topic {
    Scripthash,
    /// By the script, as in 1.7. The notification holds the scripthash all the same.
    Script,
    Address(String),
    /// By an address, with the scripthash in the notification.
    AddressAsHash,
}

#[derive(Debug)]
pub(super) struct Script {
    pub(super) hash: Scripthash,
    pub(super) topic: Topic,
    pub(super) sent: Option<String>,
    /// The height and the revision of the chain at the last check.
    pub(super) seen: (u32, u64),
}

impl Subscriptions {
    pub(super) fn subscribed(&self) -> Subscribed {
        Subscribed {
            headers: self.headers.is_some(),
            scripts: self.scripts.iter().map(|script| script.hash).collect(),
            outpoints: self.outpoints.iter().map(|(outpoint, _)| *outpoint).collect(),
        }
    }

    pub(super) fn headers(&mut self, chain: &Chain, raw: bool) {
        self.headers = Some(Headers { raw, sent: (chain.height(), chain.tip().hash()) });
    }

    pub(super) fn drop_headers(&mut self) -> bool {
        self.headers.take().is_some()
    }

    /// Subscribes to a script, or renews its subscription, and returns its status.
    pub(super) fn script(
        &mut self,
        chain: &Chain,
        order: HistoryOrder,
        hash: Scripthash,
        topic: Topic,
    ) -> Option<String> {
        let sent = status(chain, order, &hash);
        let script = Script { hash, topic, sent: sent.clone(), seen: (chain.height(), chain.revision()) };
        match self.script_places.get(&hash) {
            Some(place) => self.scripts[*place] = script,
            None => {
                self.script_places.insert(hash, self.scripts.len());
                self.scripts.push(script);
            }
        }
        sent
    }

    pub(super) fn drop_script(&mut self, hash: &Scripthash) -> bool {
        let Some(place) = self.script_places.remove(hash) else {
            return false;
        };
        self.scripts.remove(place);
        self.script_places.values_mut().filter(|other| **other > place).for_each(|p| *p -= 1);
        true
    }

    pub(super) fn outpoint(&mut self, chain: &Chain, outpoint: OutPoint) -> &OutpointStatus {
        let status = chain.outpoint_status(&outpoint);
        self.drop_outpoint(&outpoint);
        self.outpoints.push((outpoint, status));
        &self.outpoints[self.outpoints.len() - 1].1
    }

    /// Subscribes to the height of a transaction and returns it, 0 in the mempool.
    pub(super) fn transaction(&mut self, chain: &Chain, txid: Txid) -> Option<i64> {
        self.drop_transaction(&txid);
        let height = height_of(chain, &txid);
        self.transactions.push((txid, height));
        height
    }

    pub(super) fn drop_transaction(&mut self, txid: &Txid) -> bool {
        let before = self.transactions.len();
        self.transactions.retain(|(other, _)| other != txid);
        self.transactions.len() < before
    }

    pub(super) fn drop_outpoint(&mut self, outpoint: &OutPoint) -> bool {
        let before = self.outpoints.len();
        self.outpoints.retain(|(other, _)| other != outpoint);
        self.outpoints.len() < before
    }
}
