//! Answers as the quirks of a server change them.

use std::time::Duration;

use super::quirks::OnPair;
use super::rpc::{Call, Params};
use super::throttle::Admission;
use super::{Action, Session, State};
use crate::chain::{Chain, HistoryEntry, Unspent};
use crate::family::{Dialect, Failure, Version};
use crate::hash::Txid;
use crate::json::Json;

/// The outcome of a request.
pub(super) enum Answer {
    Result(Json),
    Error(Failure),
    /// The error; then the connection is closed.
    Last(Failure),
    Close,
    /// No answer, neither to this request nor to any later one.
    Dead,
    /// No answer to this request only.
    Silence,
}

impl Session {
    /// Returns the outcome that a quirk gives a request before its method runs, if one does.
    pub(super) fn quirk(&mut self, now: Duration, call: &Call) -> Option<Answer> {
        let quirks = &mut self.settings.quirks;
        if call.method == "server.version" {
            let is_pair = matches!(call.params.get(1, "protocol_version"), Some(Json::Array(_)));
            return match quirks.single_version.filter(|_| is_pair)? {
                OnPair::Refuse => {
                    let message = format!("client requested a range, server supports {}", self.profile.protocol_max);
                    Some(Answer::Error(Failure::new(1, message)))
                }
                OnPair::Close => Some(Answer::Close),
            };
        }
        if quirks.closes_at == Some(call.method.as_str()) {
            return Some(Answer::Close);
        }
        if quirks.answers_only_pings && call.method != "server.ping" {
            return Some(Answer::Silence);
        }
        if let Some(busy) = quirks.busy.as_mut().filter(|busy| busy.requests > 0) {
            busy.requests -= 1;
            let failure = Failure::new(busy.code, busy.message.clone());
            return Some(if busy.closes { Answer::Last(failure) } else { Answer::Error(failure) });
        }
        if let Some(cost) = &quirks.cost {
            match self.throttle.admit(now, cost) {
                Admission::Served => {}
                Admission::TimedOut => {
                    return Some(Answer::Error(Failure::new(-102, "server busy - request timed out")));
                }
                Admission::Excessive => return Some(Answer::Last(Failure::new(-101, "excessive resource usage"))),
            }
        }
        if quirks.max_in_flight.is_some_and(|most| self.quick.len() + self.slow.len() + self.delayed.len() >= most) {
            return Some(Answer::Error(Failure::new(-102, "server busy")));
        }
        if call.method.ends_with(".subscribe") && quirks.refused_subscriptions > 0 {
            quirks.refused_subscriptions -= 1;
            return Some(Answer::Error(Failure::new(-32603, "unavailable index")));
        }
        if quirks.forges_proofs { self.forge(call) } else { None }
    }

    /// Returns a proof for a transaction that is in no block.
    fn forge(&mut self, call: &Call) -> Option<Answer> {
        let argument = |index, name| call.params.get(index, name);
        match call.method.as_str() {
            "blockchain.transaction.get_merkle" => {
                self.forged = argument(0, "tx_hash").and_then(Json::as_text).and_then(|text| text.parse().ok());
                let height = argument(1, "height").cloned().unwrap_or(Json::Null);
                let members = [("block_height", height), ("merkle", Json::array([])), ("pos", 0_u32.into())];
                Some(Answer::Result(Json::object(members)))
            }
            "blockchain.block.header" => Some(Answer::Result(Json::Text(zeros_around(&self.forged?)))),
            _ => None,
        }
    }

    /// Keeps the name of the client.
    pub(super) fn introduced(&mut self, params: &Params) {
        let name = params.get(0, "client_name").and_then(Json::as_text);
        self.client_name = name.unwrap_or_default().to_owned();
    }

    /// Returns the web page that a server answers a broadcast with if it takes the client's name for that of an old
    /// Electrum: Fulcrum reads the version after a slash, ElectrumX the whole name.
    pub(super) fn old_client_page(&self) -> Option<Json> {
        const PAGE: &str = "<br/><br/>Your transaction was successfully broadcast.<br/><br/>\
            However, you are using a VULNERABLE version of Electrum.<br/>\
            Download the new version from the usual place:<br/>https://electrum.org/<br/><br/>";
        let (version, safe): (_, &[u64]) = match self.profile.dialect {
            Dialect::Fulcrum => (self.client_name.split_once('/')?.1, &[3, 3, 4]),
            Dialect::Python => (&self.client_name[..], &[3, 3, 3]),
            _ => return None,
        };
        let version = Version::strict(version)?;
        (!version.at_least(safe)).then(|| PAGE.into())
    }

    /// Applies the quirks to a history: entries are added or left out.
    pub(super) fn listed(&self, chain: &Chain, mut history: Vec<HistoryEntry>) -> Vec<HistoryEntry> {
        let quirks = &self.settings.quirks;
        if quirks.max_history.is_some_and(|most| history.len() > most) {
            return Vec::new();
        }
        if quirks.lists_tip_twice {
            let at_tip = history.iter().filter(|entry| entry.height == i64::from(chain.height()));
            let waiting: Vec<_> =
                at_tip.map(|entry| HistoryEntry { height: 0, fee: Some(0), ..entry.clone() }).collect();
            history.extend(waiting);
        }
        if !quirks.more_history.is_empty() {
            let more = quirks.more_history.iter();
            history.extend(more.map(|(txid, height)| HistoryEntry {
                txid: *txid,
                height: i64::from(*height),
                fee: None,
            }));
            // Transactions of the mempool are listed last.
            history.sort_by_key(|entry| if entry.height > 0 { entry.height } else { i64::MAX });
        }
        history
    }

    /// Applies the quirks to unspent outputs.
    pub(super) fn listed_outputs(&self, chain: &Chain, mut outputs: Vec<Unspent>) -> Vec<Unspent> {
        let quirks = &self.settings.quirks;
        if quirks.max_history.is_some_and(|most| outputs.len() > most) {
            return Vec::new();
        }
        if quirks.lists_tip_twice {
            let at_tip = outputs.iter().filter(|output| output.height == i64::from(chain.height()));
            let waiting: Vec<_> = at_tip.map(|output| Unspent { height: 0, ..output.clone() }).collect();
            outputs.extend(waiting);
        }
        outputs
    }

    /// Closes the connection if too many bytes wait for the client to read them.
    pub(super) fn limit_buffer(&mut self, bytes: usize) {
        self.unwritten += bytes;
        if self.settings.quirks.max_buffer.is_some_and(|most| self.unwritten > most) {
            self.actions.clear();
            self.actions.push_back(Action::Close);
            self.state = State::Closed;
        }
    }
}

/// Returns a header of zeros whose merkle root is this id.
fn zeros_around(txid: &Txid) -> String {
    let root: String = txid.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{:072}{root}{:024}", 0, 0)
}
