//! Implements the trait `ElectrumApi` with the typed operations of the blocking client.

use std::borrow::Borrow;

use bitcoin::{Script, Txid};
use electrum_blocking::proto::operations::{
    Balance, Broadcast, BroadcastPackage, EstimateFee, EstimateMode, Features, Header, Headers, HeadersSubscribe,
    History, MempoolInfo, Ping, ProvenTransactionIdAt, Raw, RelayFee, TransactionGet, TransactionIdAt,
    TransactionMerkle, Unspent,
};
use electrum_blocking::proto::types::RawTransaction;
use electrum_client::{
    Batch, BroadcastPackageRes, ElectrumApi, Error, EstimationMode, GetBalanceRes, GetHeadersRes, GetHistoryRes,
    GetMerkleRes, ListUnspentRes, MempoolInfoRes, Param, RawHeaderNotification, ScriptStatus, ServerFeaturesRes,
    TxidFromPosRes,
};
use serde_json::Value;

use super::client::Client;
use super::{convert, error};

/// The status of a script that has no history any more: `None` is taken for an empty queue.
const NO_HISTORY: [u8; 32] = [0; 32];

/// The answer of servers that have no estimate.
const NO_ESTIMATE: f64 = -1.0;

/// Each `batch_*` sends its requests at once and fails with the first error among the results, as in `electrum-client`.
impl ElectrumApi for Client {
    fn raw_call(&self, method: &str, params: impl IntoIterator<Item = Param>) -> Result<Value, Error> {
        self.call(Raw::new(method, convert::params(params)?))
    }

    fn batch_call(&self, batch: &Batch) -> Result<Vec<Value>, Error> {
        let call = |(method, params): &(String, Vec<Param>)| {
            Ok(Raw::new(method.as_str(), convert::params(params.iter().cloned())?))
        };
        self.batch(batch.iter().map(call).collect::<Result<_, Error>>()?)
    }

    /// Returns the server's present tip. From the first call on, later headers are queued.
    fn block_headers_subscribe_raw(&self) -> Result<RawHeaderNotification, Error> {
        let subscribed = self.notifications().subscribe_headers(self.inner(), self.timeout())?;
        let tip = match subscribed {
            Some(tip) => self.counted(1, tip),
            None => self.call(HeadersSubscribe)?,
        };
        Ok(convert::tip(&tip))
    }

    /// Returns the oldest queued header, without waiting. At most 5,000 are kept; an error reports once how many older
    /// ones were dropped, before the headers that are left.
    fn block_headers_pop_raw(&self) -> Result<Option<RawHeaderNotification>, Error> {
        Ok(self.notifications().pop_header()?.map(|tip| convert::tip(&tip)))
    }

    fn block_header_raw(&self, height: usize) -> Result<Vec<u8>, Error> {
        let header = self.call(Header { height: convert::number(height)? })?;
        Ok(header.as_bytes().to_vec())
    }

    fn block_headers(&self, start_height: usize, count: usize) -> Result<GetHeadersRes, Error> {
        convert::headers(self.call(Headers::new(convert::number(start_height)?, convert::number(count)?))?)
    }

    fn estimate_fee(&self, number: usize, mode: Option<EstimationMode>) -> Result<f64, Error> {
        let mode = mode.map(|mode| match mode {
            EstimationMode::Conservative => EstimateMode::Conservative,
            EstimationMode::Economical => EstimateMode::Economical,
        });
        let rate = self.call(EstimateFee { blocks: convert::number(number)?, mode })?;
        Ok(rate.map_or(NO_ESTIMATE, convert::fee_rate))
    }

    /// Works on all versions: from 1.6 on the rate is taken from `mempool.get_info`.
    fn relay_fee(&self) -> Result<f64, Error> {
        Ok(convert::fee_rate(self.call(RelayFee)?))
    }

    fn script_subscribe(&self, script: &Script) -> Result<Option<ScriptStatus>, Error> {
        Ok(self.batch_script_subscribe([script])?.into_iter().next().flatten())
    }

    fn batch_script_subscribe<'s, I>(&self, scripts: I) -> Result<Vec<Option<ScriptStatus>>, Error>
    where
        I: IntoIterator + Clone,
        I::Item: Borrow<&'s Script>,
    {
        let scripts: Vec<&Script> = scripts.into_iter().map(|script| *script.borrow()).collect();
        let statuses = self.notifications().subscribe_scripts(self.inner(), self.timeout(), &scripts)?;
        let statuses = self.counted(scripts.len(), statuses).into_iter();
        Ok(statuses.map(|status| status.map(convert::status)).collect())
    }

    /// Ends the subscription. If the version has a method for it, the server is asked to end it too.
    fn script_unsubscribe(&self, script: &Script) -> Result<bool, Error> {
        self.notifications().unsubscribe_script(script).map(|()| true)
    }

    /// Returns the oldest queued status, without waiting. A script that has no history any more has the status of 32
    /// zeros. At most 100 are kept; an error reports once how many older ones were dropped, before those that are left.
    fn script_pop(&self, script: &Script) -> Result<Option<ScriptStatus>, Error> {
        let status = self.notifications().pop_status(script)?;
        Ok(status.map(|status| status.map_or_else(|| NO_HISTORY.into(), convert::status)))
    }

    fn script_get_balance(&self, script: &Script) -> Result<GetBalanceRes, Error> {
        self.call(Balance::new(script)).map(convert::balance)
    }

    fn batch_script_get_balance<'s, I>(&self, scripts: I) -> Result<Vec<GetBalanceRes>, Error>
    where
        I: IntoIterator + Clone,
        I::Item: Borrow<&'s Script>,
    {
        let balances = self.batch(scripts.into_iter().map(|script| Balance::new(*script.borrow())).collect())?;
        Ok(balances.into_iter().map(convert::balance).collect())
    }

    fn script_get_history(&self, script: &Script) -> Result<Vec<GetHistoryRes>, Error> {
        convert::history(self.call(History::new(script))?)
    }

    fn batch_script_get_history<'s, I>(&self, scripts: I) -> Result<Vec<Vec<GetHistoryRes>>, Error>
    where
        I: IntoIterator + Clone,
        I::Item: Borrow<&'s Script>,
    {
        let histories = self.batch(scripts.into_iter().map(|script| History::new(*script.borrow())).collect())?;
        histories.into_iter().map(convert::history).collect()
    }

    fn script_list_unspent(&self, script: &Script) -> Result<Vec<ListUnspentRes>, Error> {
        self.call(Unspent::new(script)).map(convert::unspent)
    }

    fn batch_script_list_unspent<'s, I>(&self, scripts: I) -> Result<Vec<Vec<ListUnspentRes>>, Error>
    where
        I: IntoIterator + Clone,
        I::Item: Borrow<&'s Script>,
    {
        let outputs = self.batch(scripts.into_iter().map(|script| Unspent::new(*script.borrow())).collect())?;
        Ok(outputs.into_iter().map(convert::unspent).collect())
    }

    /// Returns the transaction, after checking that it has this id.
    fn transaction_get_raw(&self, txid: &Txid) -> Result<Vec<u8>, Error> {
        self.call(TransactionGet::new((*txid).into())).map(RawTransaction::into_bytes)
    }

    fn batch_transaction_get_raw<'t, I>(&self, txids: I) -> Result<Vec<Vec<u8>>, Error>
    where
        I: IntoIterator + Clone,
        I::Item: Borrow<&'t Txid>,
    {
        let request = |txid: I::Item| TransactionGet::new((**txid.borrow()).into());
        let transactions = self.batch(txids.into_iter().map(request).collect())?;
        Ok(transactions.into_iter().map(RawTransaction::into_bytes).collect())
    }

    fn batch_block_header_raw<I>(&self, heights: I) -> Result<Vec<Vec<u8>>, Error>
    where
        I: IntoIterator + Clone,
        I::Item: Borrow<u32>,
    {
        let headers = self.batch(heights.into_iter().map(|height| Header { height: *height.borrow() }).collect())?;
        Ok(headers.into_iter().map(|header| header.as_bytes().to_vec()).collect())
    }

    fn batch_estimate_fee<I>(&self, numbers: I) -> Result<Vec<f64>, Error>
    where
        I: IntoIterator + Clone,
        I::Item: Borrow<usize>,
    {
        let request = |blocks: I::Item| Ok(EstimateFee::within(convert::number(*blocks.borrow())?));
        let rates = self.batch(numbers.into_iter().map(request).collect::<Result<_, Error>>()?)?;
        Ok(rates.into_iter().map(|rate| rate.map_or(NO_ESTIMATE, convert::fee_rate)).collect())
    }

    fn transaction_broadcast_raw(&self, raw_tx: &[u8]) -> Result<Txid, Error> {
        self.call(Broadcast { transaction: RawTransaction::new(raw_tx) }).map(|accepted| accepted.txid.into())
    }

    fn transaction_broadcast_package_raw<T: AsRef<[u8]>>(&self, raw_txs: &[T]) -> Result<BroadcastPackageRes, Error> {
        let transactions = raw_txs.iter().map(|transaction| RawTransaction::new(transaction.as_ref())).collect();
        self.call(BroadcastPackage { transactions }).map(convert::package)
    }

    fn transaction_get_merkle(&self, txid: &Txid, height: usize) -> Result<GetMerkleRes, Error> {
        let request = TransactionMerkle { txid: (*txid).into(), height: convert::number(height)? };
        self.call(request).map(convert::merkle)
    }

    fn batch_transaction_get_merkle<I>(&self, txids_and_heights: I) -> Result<Vec<GetMerkleRes>, Error>
    where
        I: IntoIterator + Clone,
        I::Item: Borrow<(Txid, usize)>,
    {
        let request = |wanted: I::Item| {
            let (txid, height) = wanted.borrow();
            Ok(TransactionMerkle { txid: (*txid).into(), height: convert::number(*height)? })
        };
        let proofs = self.batch(txids_and_heights.into_iter().map(request).collect::<Result<_, Error>>()?)?;
        Ok(proofs.into_iter().map(convert::merkle).collect())
    }

    fn txid_from_pos(&self, height: usize, tx_pos: usize) -> Result<Txid, Error> {
        let (height, position) = (convert::number(height)?, convert::number(tx_pos)?);
        self.call(TransactionIdAt { height, position }).map(Into::into)
    }

    fn txid_from_pos_with_merkle(&self, height: usize, tx_pos: usize) -> Result<TxidFromPosRes, Error> {
        let (height, position) = (convert::number(height)?, convert::number(tx_pos)?);
        self.call(ProvenTransactionIdAt { height, position }).map(convert::txid_with_merkle)
    }

    fn server_features(&self) -> Result<ServerFeaturesRes, Error> {
        self.call(Features).map(convert::features)
    }

    /// Returns the version that was negotiated on the current connection, without asking the server.
    fn protocol_version(&self) -> Result<String, Error> {
        let state = self.inner().ready(self.timeout()).map_err(|error| error::of_not_ready(&error))?;
        let (_, version) = state.agreed.ok_or_else(|| Error::Message("no version is negotiated".to_owned()))?;
        Ok(version.to_string())
    }

    fn mempool_get_info(&self) -> Result<MempoolInfoRes, Error> {
        self.call(MempoolInfo).map(|fees| convert::mempool(&fees))
    }

    fn ping(&self) -> Result<(), Error> {
        self.call(Ping)
    }

    /// Returns how many calls were made. Each member of a batch counts; requests that the client sends by itself do
    /// not.
    fn calls_made(&self) -> Result<usize, Error> {
        Ok(self.calls())
    }
}
