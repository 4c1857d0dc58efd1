//! Subscriptions, and telling their owner what changed.

use std::collections::HashMap;

use super::Session;
use super::methods::{height_json, outpoint_status, script_status, tip};
use super::rpc::notification;
use crate::chain::{Chain, HistoryEntry, OutPoint, OutpointStatus, status_of};
use crate::family::{Dialect, HistoryOrder};
use crate::hash::{BlockHash, Scripthash, Txid};
use crate::json::Json;

/// What a connection is subscribed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscribed {
    /// Headers.
    pub headers: bool,
    /// Scripts, in the order of subscribing.
    pub scripts: Vec<Scripthash>,
    /// Outpoints, in the order of subscribing.
    pub outpoints: Vec<OutPoint>,
}

/// What a connection is subscribed to, and what it was last told.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    headers: Option<Headers>,
    scripts: Vec<Script>,
    script_places: HashMap<Scripthash, usize>,
    outpoints: Vec<(OutPoint, OutpointStatus)>,
    /// Fulcrum's own, with the height last told.
    transactions: Vec<(Txid, Option<i64>)>,
}

#[derive(Debug)]
struct Headers {
    raw: bool,
    told: (u32, BlockHash),
}

/// By what a script was subscribed, and so how its notifications look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Topic {
    Scripthash,
    /// By the script, as in 1.7. The notification has the scripthash all the same.
    Script,
    Address(String),
    /// By an address, with the scripthash in the notification.
    AddressAsHash,
}

#[derive(Debug)]
struct Script {
    hash: Scripthash,
    topic: Topic,
    told: Option<String>,
    /// The height and the revision of the chain when it was last looked at.
    seen: (u32, u64),
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
        self.headers = Some(Headers { raw, told: (chain.height(), chain.tip().hash()) });
    }

    pub(super) fn drop_headers(&mut self) -> bool {
        self.headers.take().is_some()
    }

    /// Subscribes, again if need be, and gives the status.
    pub(super) fn script(
        &mut self,
        chain: &Chain,
        order: HistoryOrder,
        hash: Scripthash,
        topic: Topic,
    ) -> Option<String> {
        let told = status(chain, order, &hash);
        let script = Script { hash, topic, told: told.clone(), seen: (chain.height(), chain.revision()) };
        match self.script_places.get(&hash) {
            Some(place) => self.scripts[*place] = script,
            None => {
                self.script_places.insert(hash, self.scripts.len());
                self.scripts.push(script);
            }
        }
        told
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

    /// Subscribes to the height of a transaction and gives it, 0 for one that waits.
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

/// The status of a script in the order of the family.
pub(super) fn status(chain: &Chain, order: HistoryOrder, hash: &Scripthash) -> Option<String> {
    status_of(&super::methods::ordered(order, chain.history(hash)))
}

impl Session {
    /// Tells the owner of this connection what it does not know yet: the header first, then the
    /// scripts, then the outpoints.
    pub(super) fn notify(&mut self, chain: &Chain) {
        if self.manners.dialect == Dialect::Electrs {
            self.tell_wrong_statuses(chain);
        }
        let header_told = self.notify_headers(chain);
        let told = self.notify_scripts(chain) + self.notify_outpoints(chain);
        self.notify_transactions(chain);
        // ElectrumX 2.0 makes noise after a block that brought little news.
        let noisy = self.manners.dialect == Dialect::Python && self.spoken().at_least(&[1, 7]);
        if noisy && header_told && told < 2 {
            self.tell("server.ping", vec!["0".repeat(128).into()]);
        }
    }

    fn notify_headers(&mut self, chain: &Chain) -> bool {
        let now = (chain.height(), chain.tip().hash());
        let Some(headers) = &mut self.subscriptions.headers else {
            return false;
        };
        if headers.told == now {
            return false;
        }
        headers.told = now;
        let tip = tip(chain, headers.raw);
        self.tell("blockchain.headers.subscribe", vec![tip]);
        true
    }

    fn notify_scripts(&mut self, chain: &Chain) -> usize {
        let order = self.manners.history_order;
        // ElectrumX tells of every script that a reorganisation touched, the same status or not.
        let repeats = self.manners.dialect == Dialect::Python;
        let mut news = Vec::new();
        for script in &mut self.subscriptions.scripts {
            let now = status(chain, order, &script.hash);
            let shaken = repeats && chain.was_shaken(&script.hash, script.seen.1);
            script.seen = (chain.height(), chain.revision());
            if script.told != now || shaken {
                script.told.clone_from(&now);
                news.push((script.hash, script.topic.clone(), now));
            }
        }
        let count = news.len();
        for (hash, topic, status) in news {
            self.tell_status(hash, topic, status);
        }
        count
    }

    /// For a moment after a block electrs counts what was mined twice: in the block and still waiting.
    /// It tells of that first, before the header, and then of the truth.
    fn tell_wrong_statuses(&mut self, chain: &Chain) {
        let tip = i64::from(chain.height());
        let mut news = Vec::new();
        for script in &self.subscriptions.scripts {
            let mut history = chain.history(&script.hash);
            let right = status_of(&history);
            let mined = history.iter().filter(|entry| entry.height == tip);
            let twice: Vec<_> = mined.map(|entry| HistoryEntry { height: 0, ..entry.clone() }).collect();
            if right != script.told && script.seen.0 != chain.height() && !twice.is_empty() {
                history.extend(twice);
                news.push((script.hash, script.topic.clone(), status_of(&history)));
            }
        }
        for (hash, topic, status) in news {
            self.tell_status(hash, topic, status);
        }
    }

    fn tell_status(&mut self, hash: Scripthash, topic: Topic, status: Option<String>) {
        let (method, name) = match topic {
            Topic::Scripthash => ("blockchain.scripthash.subscribe", hash.into()),
            Topic::Script => ("blockchain.scriptpubkey.subscribe", hash.into()),
            Topic::Address(address) => ("blockchain.address.subscribe", Json::Text(address)),
            Topic::AddressAsHash => ("blockchain.address.subscribe", hash.into()),
        };
        self.tell(method, vec![name, script_status(status)]);
    }

    fn notify_outpoints(&mut self, chain: &Chain) -> usize {
        let mut news = Vec::new();
        for (outpoint, told) in &mut self.subscriptions.outpoints {
            let now = chain.outpoint_status(outpoint);
            if *told != now {
                news.push((*outpoint, outpoint_status(&now)));
                *told = now;
            }
        }
        let count = news.len();
        for (outpoint, status) in news {
            let params = vec![outpoint.txid.into(), outpoint.index.into(), status];
            self.tell("blockchain.outpoint.subscribe", params);
        }
        count
    }

    fn notify_transactions(&mut self, chain: &Chain) {
        let mut news = Vec::new();
        for (txid, told) in &mut self.subscriptions.transactions {
            let now = height_of(chain, txid);
            if *told != now {
                *told = now;
                news.push(vec![(*txid).into(), height_json(now)]);
            }
        }
        news.into_iter().for_each(|params| self.tell("blockchain.transaction.subscribe", params));
    }

    fn tell(&mut self, method: &str, params: Vec<Json>) {
        let text = self.manners.style.write(&notification(method, Some(params)));
        self.quick.push(text);
    }
}

fn height_of(chain: &Chain, txid: &Txid) -> Option<i64> {
    chain.height_of(txid).map(|height| height.max(0))
}
