//! Notifications of changes to what a connection is subscribed to.

use super::Session;
use super::history::{height_of, status};
use super::methods::{height_json, outpoint_status, script_status, tip};
use super::rpc::notification;
use super::subscriptions::Topic;
use crate::chain::{Chain, HistoryEntry, status_of};
use crate::family::Dialect;
use crate::hash::Scripthash;
use crate::json::Json;

impl Session {
    /// Notifies the client of what has changed: the header first, then scripts, then outpoints.
    pub(super) fn notify(&mut self, chain: &Chain) {
        if self.profile.dialect == Dialect::Electrs {
            self.send_wrong_statuses(chain);
        }
        let header_sent = self.notify_headers(chain);
        let sent = self.notify_scripts(chain) + self.notify_outpoints(chain);
        self.notify_transactions(chain);
        // ElectrumX 2.0 pads with noise after a block that changed little.
        let noisy = self.profile.dialect == Dialect::Python && self.spoken().at_least(&[1, 7]);
        if noisy && header_sent && sent < 2 {
            self.send_notification("server.ping", vec!["0".repeat(128).into()]);
        }
    }

    fn notify_headers(&mut self, chain: &Chain) -> bool {
        let now = (chain.height(), chain.tip().hash());
        let Some(headers) = &mut self.subscriptions.headers else {
            return false;
        };
        if headers.sent == now {
            return false;
        }
        headers.sent = now;
        let tip = tip(chain, headers.raw);
        self.send_notification("blockchain.headers.subscribe", vec![tip]);
        true
    }

    fn notify_scripts(&mut self, chain: &Chain) -> usize {
        let order = self.profile.history_order;
        // ElectrumX notifies of every script that a reorganisation touched, even if its status is the same.
        let repeats = self.profile.dialect == Dialect::Python;
        let mut changes = Vec::new();
        for script in &mut self.subscriptions.scripts {
            let now = status(chain, order, &script.hash);
            let shaken = repeats && chain.was_shaken(&script.hash, script.seen.1);
            script.seen = (chain.height(), chain.revision());
            if script.sent != now || shaken {
                script.sent.clone_from(&now);
                changes.push((script.hash, script.topic.clone(), now));
            }
        }
        let count = changes.len();
        for (hash, topic, status) in changes {
            self.send_status(hash, topic, status);
        }
        count
    }

    /// For a moment after a block electrs lists its transactions twice, as confirmed and in the mempool. It sends such
    /// statuses before the header, and the right ones after it.
    fn send_wrong_statuses(&mut self, chain: &Chain) {
        let tip = i64::from(chain.height());
        let mut changes = Vec::new();
        for script in &self.subscriptions.scripts {
            let mut history = chain.history(&script.hash);
            let right = status_of(&history);
            let mined = history.iter().filter(|entry| entry.height == tip);
            let twice: Vec<_> = mined.map(|entry| HistoryEntry { height: 0, ..entry.clone() }).collect();
            if right != script.sent && script.seen.0 != chain.height() && !twice.is_empty() {
                history.extend(twice);
                changes.push((script.hash, script.topic.clone(), status_of(&history)));
            }
        }
        for (hash, topic, status) in changes {
            self.send_status(hash, topic, status);
        }
    }

    fn send_status(&mut self, hash: Scripthash, topic: Topic, status: Option<String>) {
        let (method, name) = match topic {
            Topic::Scripthash => ("blockchain.scripthash.subscribe", hash.into()),
            Topic::Script => ("blockchain.scriptpubkey.subscribe", hash.into()),
            Topic::Address(address) => ("blockchain.address.subscribe", Json::Text(address)),
            Topic::AddressAsHash => ("blockchain.address.subscribe", hash.into()),
        };
        self.send_notification(method, vec![name, script_status(status)]);
    }

    fn notify_outpoints(&mut self, chain: &Chain) -> usize {
        let mut changes = Vec::new();
        for (outpoint, sent) in &mut self.subscriptions.outpoints {
            let now = chain.outpoint_status(outpoint);
            if *sent != now {
                changes.push((*outpoint, outpoint_status(&now)));
                *sent = now;
            }
        }
        let count = changes.len();
        for (outpoint, status) in changes {
            let params = vec![outpoint.txid.into(), outpoint.index.into(), status];
            self.send_notification("blockchain.outpoint.subscribe", params);
        }
        count
    }

    fn notify_transactions(&mut self, chain: &Chain) {
        let mut changes = Vec::new();
        for (txid, sent) in &mut self.subscriptions.transactions {
            let now = height_of(chain, txid);
            if *sent != now {
                *sent = now;
                changes.push(vec![(*txid).into(), height_json(now)]);
            }
        }
        changes.into_iter().for_each(|params| self.send_notification("blockchain.transaction.subscribe", params));
    }

    fn send_notification(&mut self, method: &str, params: Vec<Json>) {
        let text = self.profile.style.write(&notification(method, Some(params)));
        self.quick.push(text);
    }
}
