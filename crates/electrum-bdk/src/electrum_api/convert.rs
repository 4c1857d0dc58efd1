//! Converts parameters and results between the operations and the types of `electrum-client`.

use std::io;

use electrum_blocking::proto::operations::{MempoolFees, PackageResult};
use electrum_blocking::proto::types::{
    FeeRate, HeaderRun, HistoryEntry, MerkleNode, MerkleProof, ProvenTxid, ScriptBalance, ScriptStatus, ServerFeatures,
    Tip, UnspentOutput,
};
use electrum_client::{
    BroadcastPackageError, BroadcastPackageRes, Error, GetBalanceRes, GetHeadersRes, GetHistoryRes, GetMerkleRes,
    ListUnspentRes, MempoolInfoRes, Param, RawHeaderNotification, ServerFeaturesRes, TxidFromPosRes,
};
use serde_json::{Value, json};

/// Converts a number of the caller to the width of the protocol.
pub(super) fn number(value: usize) -> Result<u32, Error> {
    u32::try_from(value)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, format!("{value} is too large")).into())
}

/// Converts the parameters of a raw call.
pub(super) fn params(params: impl IntoIterator<Item = Param>) -> Result<Vec<Value>, Error> {
    params.into_iter().map(|param| Ok(serde_json::to_value(param)?)).collect()
}

pub(super) fn tip(tip: &Tip) -> RawHeaderNotification {
    RawHeaderNotification { height: tip.height as usize, header: tip.header.as_bytes().to_vec() }
}

pub(super) fn headers(run: HeaderRun) -> Result<GetHeadersRes, Error> {
    // The type has a private field, so it can only be made from JSON.
    let mut headers: GetHeadersRes = serde_json::from_value(json!({ "max": run.max, "count": run.headers.len() }))?;
    headers.headers = run.headers.into_iter().map(Into::into).collect();
    Ok(headers)
}

pub(super) fn status(status: ScriptStatus) -> electrum_client::ScriptStatus {
    (*status.as_display_bytes()).into()
}

pub(super) fn balance(balance: ScriptBalance) -> GetBalanceRes {
    GetBalanceRes { confirmed: balance.confirmed.to_sat(), unconfirmed: balance.unconfirmed.to_sat() }
}

pub(super) fn history(history: Vec<HistoryEntry>) -> Result<Vec<GetHistoryRes>, Error> {
    let entry = |entry: HistoryEntry| {
        let height = entry.height.to_wire();
        let height = i32::try_from(height).map_err(|_| Error::InvalidResponse(json!({ "height": height })))?;
        Ok(GetHistoryRes { height, tx_hash: entry.txid.into(), fee: entry.fee.map(|fee| fee.to_sat()) })
    };
    history.into_iter().map(entry).collect()
}

/// Converts unspent outputs, in the order of the chain, as `electrum-client` sorts them.
pub(super) fn unspent(outputs: Vec<UnspentOutput>) -> Vec<ListUnspentRes> {
    let output = |output: UnspentOutput| ListUnspentRes {
        height: output.height.confirmed().unwrap_or(0) as usize,
        tx_hash: output.txid.into(),
        tx_pos: output.vout as usize,
        value: output.value.to_sat(),
    };
    let mut outputs: Vec<_> = outputs.into_iter().map(output).collect();
    outputs.sort_by_key(|output| (output.height, output.tx_pos));
    outputs
}

pub(super) fn merkle(proof: MerkleProof) -> GetMerkleRes {
    GetMerkleRes { block_height: proof.height as usize, pos: proof.position as usize, merkle: branch(&proof.branch) }
}

pub(super) fn txid_with_merkle(proven: ProvenTxid) -> TxidFromPosRes {
    TxidFromPosRes { tx_hash: proven.txid.into(), merkle: branch(&proven.branch) }
}

fn branch(nodes: &[MerkleNode]) -> Vec<[u8; 32]> {
    nodes.iter().map(|node| *node.as_display_bytes()).collect()
}

pub(super) fn features(features: ServerFeatures) -> ServerFeaturesRes {
    ServerFeaturesRes {
        server_version: features.server_version,
        genesis_hash: *features.genesis_hash.as_display_bytes(),
        protocol_min: features.protocol_min,
        protocol_max: features.protocol_max,
        hash_function: features.hash_function,
        pruning: features.pruning.and_then(|height| i64::try_from(height).ok()),
    }
}

/// Converts a fee rate to bitcoin per 1000 virtual bytes.
#[expect(clippy::cast_precision_loss, reason = "no rate that can be paid has more than 53 bits")]
pub(super) fn fee_rate(rate: FeeRate) -> f64 {
    rate.to_sat_per_kvb() as f64 / 1e8
}

pub(super) fn mempool(fees: &MempoolFees) -> MempoolInfoRes {
    MempoolInfoRes {
        mempoolminfee: fee_rate(fees.mempool_min),
        minrelaytxfee: fee_rate(fees.relay_min),
        incrementalrelayfee: fee_rate(fees.incremental_relay),
    }
}

pub(super) fn package(result: PackageResult) -> BroadcastPackageRes {
    let errors = result.errors.into_iter();
    let errors = errors.map(|error| BroadcastPackageError { txid: error.txid.into(), error: error.error }).collect();
    BroadcastPackageRes { success: result.success, errors }
}

#[cfg(test)]
mod tests {
    use electrum_blocking::proto::types::{Amount, TxHeight, Txid};

    use super::*;

    #[test]
    fn heights_are_those_of_the_wire() {
        let entry = |height| HistoryEntry { txid: Txid::from_display_bytes([7; 32]), height, fee: Amount::from_sat(3) };
        let entries = [TxHeight::Confirmed(5), TxHeight::Unconfirmed, TxHeight::UnconfirmedParent].map(entry);
        let converted = history(entries.to_vec()).unwrap();
        let found: Vec<_> = converted.iter().map(|entry| (entry.height, entry.fee)).collect();
        assert_eq!(found, [(5, Some(3)), (0, Some(3)), (-1, Some(3))]);
        assert!(history(vec![entry(TxHeight::Confirmed(u32::MAX))]).is_err(), "no block has such a height");
    }

    #[test]
    fn rates_are_in_bitcoin_per_1000_vbytes() {
        assert!((fee_rate(FeeRate::from_sat_per_kvb(3488)) - 3.488e-5).abs() < 1e-12);
    }
}
