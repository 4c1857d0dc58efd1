//! The same questions, answered by bitcoind alone.

use std::collections::BTreeSet;

use electrum_proto::types::{
    Amount, HistoryEntry, MerkleNode, ScriptBalance, SignedAmount, TxHeight, Txid, UnspentOutput,
};
use real_servers::{Bitcoind, from_hex, to_hex};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What there is to know of a script, in canonical order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Knowledge {
    pub(crate) balance: ScriptBalance,
    pub(crate) history: Vec<HistoryEntry>,
    pub(crate) unspent: Vec<UnspentOutput>,
}

impl Knowledge {
    /// The waiting part of a history and all unspent outputs come in the server's own order.
    pub(crate) fn canonical(mut self) -> Self {
        let confirmed = self.history.iter().take_while(|entry| entry.height.confirmed().is_some()).count();
        self.history[confirmed..].sort_by_key(|entry| (entry.height, entry.txid));
        self.unspent.sort_by_key(|output| (output.height, output.txid, output.vout));
        self
    }

    /// Reads all blocks and the whole mempool.
    pub(crate) fn of(script: &[u8], bitcoind: &Bitcoind) -> Self {
        let script = to_hex(script);
        let waiting = bitcoind.rpc("getrawmempool", &json!([true]));
        let waiting: Vec<Waiting> = waiting
            .as_object()
            .expect("a mempool")
            .iter()
            .map(|(txid, entry)| Waiting::read(bitcoind, txid, entry))
            .collect();
        let gone: BTreeSet<(String, u64)> = waiting
            .iter()
            .flat_map(|waiting| waiting.spends.iter().map(|spent| (spent.txid.clone(), spent.vout)))
            .collect();

        let mut history = Vec::new();
        for height in 0..=bitcoind.height() {
            let block = bitcoind.rpc("getblock", &json!([bitcoind.block_hash(height), 3]));
            for transaction in list(&block["tx"]) {
                let ins = list(&transaction["vin"]).iter().map(|input| &input["prevout"]);
                if ins.chain(list(&transaction["vout"])).any(|output| output["scriptPubKey"]["hex"] == *script) {
                    history.push(HistoryEntry {
                        txid: txid(&transaction["txid"]),
                        height: TxHeight::Confirmed(height),
                        fee: None,
                    });
                }
            }
        }
        let found = bitcoind.rpc("scantxoutset", &json!(["start", [format!("raw({script})")]]));
        let confirmed = Amount::from_sat(satoshi(&found["total_amount"])).expect("within the supply");
        let mut unspent: Vec<UnspentOutput> = list(&found["unspents"])
            .iter()
            .filter(|output| !gone.contains(&place(output)))
            .map(|output| UnspentOutput {
                txid: txid(&output["txid"]),
                vout: u32::try_from(place(output).1).expect("outputs are few"),
                height: TxHeight::Confirmed(
                    u32::try_from(output["height"].as_u64().expect("a height")).expect("a small height"),
                ),
                value: Amount::from_sat(satoshi(&output["amount"])).expect("within the supply"),
            })
            .collect();

        let mut unconfirmed = 0;
        for waiting in &waiting {
            let paid: Vec<&Output> = waiting.pays.iter().filter(|output| output.script == script).collect();
            let spent: Vec<&Output> = waiting.spends.iter().filter(|output| output.script == script).collect();
            if paid.is_empty() && spent.is_empty() {
                continue;
            }
            unconfirmed += signed(&paid);
            unconfirmed -= signed(&spent);
            history.push(HistoryEntry {
                txid: waiting.txid.parse().expect("an id"),
                height: waiting.height,
                fee: Amount::from_sat(waiting.fee),
            });
            let left = paid.iter().filter(|output| !gone.contains(&(output.txid.clone(), output.vout)));
            unspent.extend(left.map(|output| UnspentOutput {
                txid: output.txid.parse().expect("an id"),
                vout: u32::try_from(output.vout).expect("outputs are few"),
                height: TxHeight::Unconfirmed,
                value: Amount::from_sat(output.value).expect("within the supply"),
            }));
        }
        let unconfirmed = SignedAmount::from_sat(unconfirmed).expect("within the supply");
        Self { balance: ScriptBalance { confirmed, unconfirmed }, history, unspent }.canonical()
    }
}

/// A transaction of the mempool.
struct Waiting {
    txid: String,
    height: TxHeight,
    fee: u64,
    pays: Vec<Output>,
    spends: Vec<Output>,
}

struct Output {
    txid: String,
    vout: u64,
    script: String,
    value: u64,
}

impl Waiting {
    fn read(bitcoind: &Bitcoind, txid: &str, entry: &Value) -> Self {
        let transaction = |txid: &Value| bitcoind.rpc("getrawtransaction", &json!([txid, true]));
        let output = |txid: &Value, output: &Value| Output {
            txid: txid.as_str().expect("an id").to_owned(),
            vout: output["n"].as_u64().expect("a number"),
            script: output["scriptPubKey"]["hex"].as_str().expect("a script").to_owned(),
            value: satoshi(&output["value"]),
        };
        let own = transaction(&txid.into());
        let spent = |input: &Value| {
            let vout = usize::try_from(input["vout"].as_u64().expect("a number")).expect("a small number");
            output(&input["txid"], &transaction(&input["txid"])["vout"][vout])
        };
        let has_parent = !list(&entry["depends"]).is_empty();
        Self {
            txid: txid.to_owned(),
            height: if has_parent { TxHeight::UnconfirmedParent } else { TxHeight::Unconfirmed },
            fee: satoshi(&entry["fees"]["base"]),
            pays: list(&own["vout"]).iter().map(|paid| output(&own["txid"], paid)).collect(),
            spends: list(&own["vin"]).iter().map(spent).collect(),
        }
    }
}

/// The root over the hashes of all blocks up to a checkpoint, a lone node joined with itself.
pub(crate) fn checkpoint_root(hashes: &[String]) -> MerkleNode {
    let mut level: Vec<Vec<u8>> = hashes.iter().map(|hash| reversed(&from_hex(hash))).collect();
    while level.len() > 1 {
        let join = |pair: &[Vec<u8>]| {
            let both = [&pair[0][..], pair.last().expect("a node")].concat();
            Sha256::digest(Sha256::digest(both)).to_vec()
        };
        level = level.chunks(2).map(join).collect();
    }
    to_hex(&reversed(&level[0])).parse().expect("a hash")
}

/// The status of a history that is listed in this order, as the protocol defines it.
pub(crate) fn status(history: &[HistoryEntry]) -> String {
    let text: String = history.iter().map(|entry| format!("{}:{}:", entry.txid, entry.height.to_wire())).collect();
    to_hex(&Sha256::digest(text))
}

/// Satoshis, or satoshis per 1000 bytes. Exact: amounts are so small that the nearest integer is the right one.
pub(crate) fn satoshi(coins: &Value) -> u64 {
    (coins.as_f64().expect("an amount") * 1e8).round() as u64
}

fn signed(outputs: &[&Output]) -> i64 {
    let sum: u64 = outputs.iter().map(|output| output.value).sum();
    i64::try_from(sum).expect("within the supply")
}

fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().rev().copied().collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn txid(value: &Value) -> Txid {
    value.as_str().expect("an id").parse().expect("an id")
}

fn place(output: &Value) -> (String, u64) {
    (output["txid"].as_str().expect("an id").to_owned(), output["vout"].as_u64().expect("a number"))
}
