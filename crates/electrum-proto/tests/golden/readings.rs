//! Independent readings of results: plain JSON beside what the crate decoded.

use electrum_proto::operations::{Acceptance, Accepted, HistogramBin, MempoolFees, PackageResult, RecentTransaction};
use electrum_proto::types::{
    CheckpointProof, FeeRate, HeaderRun, HistoryEntry, MerkleNode, MerkleProof, OutPointStatus, PartialList, Peer,
    ProvenHeader, ProvenHeaderRun, ProvenTxid, RawHeader, RawTransaction, ScriptBalance, ScriptStatus, ServerFeatures,
    Tip, Txid, UnspentOutput,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

pub(crate) fn ping(_: &(), value: &Value) {
    let padding = value["data"].as_str();
    assert!(value.is_null() || padding.is_some_and(|padding| padding.bytes().all(|byte| byte == b'0')), "{value}");
}

pub(crate) fn banner(found: &str, value: &Value) {
    assert_eq!(json!(found), *value);
}

pub(crate) fn donation_address(found: &Option<String>, value: &Value) {
    assert_eq!(found.as_deref(), value.as_str().filter(|address| !address.is_empty()));
}

pub(crate) fn truth(found: &bool, value: &Value) {
    assert_eq!(json!(found), *value);
}

pub(crate) fn verbatim(found: &Value, value: &Value) {
    assert_eq!(found, value);
}

pub(crate) fn raw_value(found: &RawValue, value: &Value) {
    assert!(value.is_object());
    assert_eq!(serde_json::from_str::<Value>(found.get()).unwrap(), *value);
}

pub(crate) fn features(found: &ServerFeatures, value: &Value) {
    let mut plain: Map<String, Value> =
        found.more.iter().map(|(key, text)| (key.clone(), serde_json::from_str(text).unwrap())).collect();
    plain.insert("genesis_hash".into(), json!(found.genesis_hash.to_string()));
    plain.insert("server_version".into(), json!(found.server_version));
    plain.insert("protocol_min".into(), json!(found.protocol_min));
    plain.insert("protocol_max".into(), json!(found.protocol_max));
    plain.insert("pruning".into(), json!(found.pruning));
    if let Some(function) = &found.hash_function {
        plain.insert("hash_function".into(), json!(function));
    }
    let mut hosts = Map::new();
    assert_eq!(found.hosts.dropped, 0);
    for host in &found.hosts {
        let ports = [("tcp_port", host.tcp_port), ("ssl_port", host.ssl_port)];
        let ports: Map<_, _> =
            ports.iter().filter_map(|(key, port)| Some((key.to_string(), json!((*port)?)))).collect();
        // electrs up to 0.10 leaves the host's name out.
        match host.host.as_str() {
            "" => hosts.extend(ports),
            name => drop(hosts.insert(name.to_owned(), Value::Object(ports))),
        }
    }
    plain.insert("hosts".into(), Value::Object(hosts));
    assert_eq!(Value::Object(plain), *value);
}

pub(crate) fn peers(found: &PartialList<Peer>, value: &Value) {
    let plain: Vec<Value> = found.iter().map(|peer| json!([peer.address, peer.host, peer.features])).collect();
    assert_eq!(json!(plain), *value);
}

fn hex(header: &RawHeader) -> String {
    header.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hashes(branch: &[MerkleNode]) -> Vec<String> {
    branch.iter().map(ToString::to_string).collect()
}

pub(crate) fn header(found: &RawHeader, value: &Value) {
    assert_eq!(json!(hex(found)), *value);
}

pub(crate) fn tip(found: &Tip, value: &Value) {
    if value.get("hex").is_some() {
        assert_eq!(json!({"height": found.height, "hex": hex(&found.header)}), *value);
    } else {
        assert_eq!(value["block_height"], found.height);
        header_of_pieces(&found.header, value);
    }
}

pub(crate) fn header_of_pieces(found: &RawHeader, value: &Value) {
    let pieces = json!({
        "version": found.version(),
        "prev_block_hash": found.prev_hash().to_string(),
        "merkle_root": found.merkle_root().to_string(),
        "timestamp": found.time(),
        "bits": found.bits(),
        "nonce": found.nonce(),
        "block_height": value["block_height"],
    });
    assert_eq!(pieces, *value);
}

pub(crate) fn chunk(found: &[RawHeader], value: &Value) {
    assert_eq!(json!(found.iter().map(hex).collect::<String>()), *value);
}

fn plain_run(run: &HeaderRun, value: &Value) -> Map<String, Value> {
    let headers: Vec<String> = run.headers.iter().map(hex).collect();
    let mut plain = Map::new();
    plain.insert("count".into(), json!(headers.len()));
    plain.insert("max".into(), json!(run.max));
    if value.get("hex").is_some() {
        plain.insert("hex".into(), json!(headers.concat()));
    } else {
        plain.insert("headers".into(), json!(headers));
    }
    plain
}

fn plain_proof(proof: &CheckpointProof, plain: &mut Map<String, Value>) {
    plain.insert("branch".into(), json!(hashes(&proof.branch)));
    plain.insert("root".into(), json!(proof.root.to_string()));
}

pub(crate) fn headers(found: &HeaderRun, value: &Value) {
    assert_eq!(Value::Object(plain_run(found, value)), *value);
}

pub(crate) fn proven_headers(found: &ProvenHeaderRun, value: &Value) {
    let mut plain = plain_run(&found.run, value);
    if let Some(proof) = &found.proof {
        plain_proof(proof, &mut plain);
    }
    assert_eq!(Value::Object(plain), *value);
}

pub(crate) fn proven_header(found: &ProvenHeader, value: &Value) {
    let mut plain = Map::new();
    plain.insert("header".into(), json!(hex(&found.header)));
    plain_proof(&found.proof, &mut plain);
    assert_eq!(Value::Object(plain), *value);
}

/// A rate in coins per 1000 vbytes, read as the binary fraction that it is not: near enough for what servers send.
fn same_rate(found: FeeRate, value: &Value) {
    let coins = value.as_f64().unwrap();
    assert_eq!(found.to_sat_per_kvb(), (coins * 1e8).round() as u64, "{value}");
}

pub(crate) fn estimate(found: &Option<FeeRate>, value: &Value) {
    match found {
        None => assert_eq!(value.as_f64(), Some(-1.0)),
        Some(rate) => same_rate(*rate, value),
    }
}

pub(crate) fn relay_fee(found: &FeeRate, value: &Value) {
    same_rate(*found, value);
}

pub(crate) fn mempool_info(found: &MempoolFees, value: &Value) {
    same_rate(found.mempool_min, &value["mempoolminfee"]);
    same_rate(found.relay_min, &value["minrelaytxfee"]);
    same_rate(found.incremental_relay, &value["incrementalrelayfee"]);
}

pub(crate) fn histogram(found: &PartialList<HistogramBin>, value: &Value) {
    let bins = value.as_array().unwrap();
    assert_eq!((found.len(), found.dropped), (bins.len(), 0));
    for (found, bin) in found.iter().zip(bins) {
        assert_eq!(found.rate.to_sat_per_kvb(), (bin[0].as_f64().unwrap() * 1e3).floor() as u64, "{bin}");
        assert_eq!(bin[1], found.vsize);
    }
}

pub(crate) fn recent(found: &PartialList<RecentTransaction>, value: &Value) {
    let plain = |entry: &RecentTransaction| json!({"txid": entry.txid.to_string(), "fee": entry.fee.to_sat(), "vsize": entry.vsize});
    assert_eq!(json!(found.iter().map(plain).collect::<Vec<_>>()), *value);
}

pub(crate) fn balance(found: &ScriptBalance, value: &Value) {
    let plain = json!({"confirmed": found.confirmed.to_sat(), "unconfirmed": found.unconfirmed.to_sat()});
    assert_eq!(plain, *value);
}

pub(crate) fn history(found: &[HistoryEntry], value: &Value) {
    let plain = |entry: &HistoryEntry| {
        let mut plain = json!({"tx_hash": entry.txid.to_string(), "height": entry.height.to_wire()});
        if let Some(fee) = entry.fee {
            plain["fee"] = json!(fee.to_sat());
        }
        plain
    };
    let plain = json!(found.iter().map(plain).collect::<Vec<_>>());
    assert_eq!(plain, *value.get("history").unwrap_or(value));
}

pub(crate) fn unspent(found: &[UnspentOutput], value: &Value) {
    let plain = |output: &UnspentOutput| {
        json!({
            "tx_hash": output.txid.to_string(),
            "tx_pos": output.vout,
            "height": output.height.to_wire(),
            "value": output.value.to_sat(),
        })
    };
    let plain = json!(found.iter().map(plain).collect::<Vec<_>>());
    assert_eq!(plain, *value.get("utxos").unwrap_or(value));
}

pub(crate) fn status(found: &Option<ScriptStatus>, value: &Value) {
    assert_eq!(json!(found.map(|status| status.to_string())), *value);
}

pub(crate) fn outpoint(found: &OutPointStatus, value: &Value) {
    let mut plain = Map::new();
    if let Some(height) = found.funder_height {
        plain.insert("funder_height".into(), json!(height.to_wire()));
    }
    if let Some(spender) = found.spender {
        plain.insert("spender_txhash".into(), json!(spender.txid.to_string()));
        plain.insert("spender_height".into(), json!(spender.height.to_wire()));
    }
    assert_eq!(Value::Object(plain), *value);
}

pub(crate) fn transaction(found: &RawTransaction, value: &Value) {
    let hex: String = found.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(json!(hex), *value);
}

pub(crate) fn txid(found: &Txid, value: &Value) {
    // electrs up to 0.10 sends an object.
    assert_eq!(json!(found.to_string()), *value.get("tx_id").unwrap_or(value));
}

pub(crate) fn accepted_txid(found: &Accepted, value: &Value) {
    assert_eq!((json!(found.txid.to_string()), &found.server_said), (value.clone(), &None));
}

pub(crate) fn proven_txid(found: &ProvenTxid, value: &Value) {
    let key = if value.get("tx_id").is_some() { "tx_id" } else { "tx_hash" };
    assert_eq!(json!({key: found.txid.to_string(), "merkle": hashes(&found.branch)}), *value);
}

pub(crate) fn merkle(found: &MerkleProof, value: &Value) {
    let branch = hashes(&found.branch);
    assert_eq!(json!({"block_height": found.height, "pos": found.position, "merkle": branch}), *value);
}

pub(crate) fn package(found: &PackageResult, value: &Value) {
    let errors: Vec<Value> =
        found.errors.iter().map(|error| json!({"txid": error.txid.to_string(), "error": error.error})).collect();
    assert_eq!(value["success"], found.success);
    assert_eq!(json!(errors), value.get("errors").cloned().unwrap_or_else(|| json!([])));
}

pub(crate) fn accepted(found: &[Acceptance], value: &Value) {
    let plain = |verdict: &Acceptance| {
        let mut plain = json!({"txid": verdict.txid.to_string(), "wtxid": verdict.wtxid.to_string()});
        if let Some(allowed) = verdict.allowed {
            plain["allowed"] = json!(allowed);
        }
        if let Some(reason) = &verdict.reason {
            plain["reason"] = json!(reason);
        }
        plain
    };
    assert_eq!(json!(found.iter().map(plain).collect::<Vec<_>>()), *value);
}
