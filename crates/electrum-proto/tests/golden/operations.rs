//! From a recorded request to the operation that writes it, with an independent reading of its result.

use std::borrow::Borrow;

use electrum_proto::json::{DecodeError, Params, RawJson};
use electrum_proto::operations::legacy::{
    AddressBalance, AddressHistory, AddressMempool, AddressSubscribe, AddressUnspent, GetChunk, GetHeader,
};
use electrum_proto::operations::{
    AddPeer, Balance, Banner, Broadcast, BroadcastPackage, BroadcastPackageVerbose, DonationAddress, EstimateFee,
    EstimateMode, Features, FeeHistogram, Header, Headers, HeadersSubscribe, History, Mempool, MempoolInfo,
    MempoolRecent, OutPointGetStatus, OutPointSubscribe, OutPointUnsubscribe, PaddedPing, Peers, Ping, ProvenHeader,
    ProvenHeaders, ProvenTransactionIdAt, Raw, RelayFee, ScriptSubscribe, ScriptUnsubscribe, TestMempoolAccept,
    TransactionGet, TransactionGetVerbose, TransactionIdAt, TransactionMerkle, Unspent,
};
use electrum_proto::types::{OutPoint, RawTransaction, Script, ScriptHash, ScriptRef, Txid};
use electrum_proto::{NotInVersion, ProtocolVersion, Request};
use serde_json::Value;

use crate::readings as plain;
use crate::recording::Exchange;

/// Why no operation writes such parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwritable {
    /// A value of another type, or beyond its range, or hex in upper case.
    Type,
    TooMany,
    TooFew,
    Named,
}

/// Decodes a result, and compares it with the plain JSON if that is given.
type Check = dyn Fn(ProtocolVersion, RawJson<'_>, Option<&Value>) -> Result<(), DecodeError>;

/// An operation, and how its result is checked.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) method: Result<String, NotInVersion>,
    pub(crate) params: Value,
    /// The recorded request is spelled in another way.
    pub(crate) respelled: bool,
    pub(crate) check: Box<Check>,
}

/// The arguments of a recorded request, taken one after the other as what an operation needs.
struct Arguments<'a> {
    values: std::slice::Iter<'a, Value>,
}

type Argument<T> = Result<T, Unwritable>;

/// The operations whose result the reply is: mostly one. Where the request is only spelled in another way than the
/// operation would, the case is there for its result alone.
pub(crate) fn cases(exchange: &Exchange) -> Argument<Vec<Case>> {
    let case = match case(exchange) {
        Ok(case) => case,
        Err(why) => Case { respelled: true, ..case(&respell(exchange).ok_or(why)?)? },
    };
    let mut cases = vec![case];
    // What another operation makes of the same method.
    if exchange.method == "blockchain.block.get_header" && exchange.version < ProtocolVersion::V1_3 {
        let height =
            u32::try_from(exchange.params[0].as_u64().ok_or(Unwritable::Type)?).map_err(|_| Unwritable::Type)?;
        cases.push(new("Header", exchange.version, Header { height }, plain::header_of_pieces));
    }
    if exchange.method == "server.donation_address" && exchange.version < ProtocolVersion::V1_2 {
        cases.push(new("Ping", exchange.version, Ping, |(), _: &Value| {}));
    }
    if exchange.method == "mempool.get_info" && exchange.version >= ProtocolVersion::V1_6 {
        cases.push(new("RelayFee", exchange.version, RelayFee, |found, value| {
            plain::relay_fee(found, &value["minrelaytxfee"]);
        }));
    }
    Ok(cases)
}

/// The same request as an operation would write it: hex in lower case, numbers and truth values as such,
/// and nothing that is left out when it makes no difference.
fn respell(exchange: &Exchange) -> Option<Exchange> {
    let mut params = exchange.params.as_array()?.clone();
    for param in &mut params {
        if let Some(text) = param.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            *param = text.to_lowercase().into();
        }
    }
    match (exchange.method.as_str(), params.as_mut_slice()) {
        ("blockchain.transaction.get", [_, verbose]) if *verbose == 1 => *verbose = true.into(),
        ("blockchain.transaction.get", [_, verbose]) if *verbose == false => drop(params.pop()),
        ("blockchain.transaction.id_from_pos", [_, _, merkle]) if *merkle == 1 => *merkle = true.into(),
        ("blockchain.transaction.id_from_pos", [_, _]) => params.push(false.into()),
        ("blockchain.transaction.get_merkle", [_, height]) => *height = height.as_str()?.parse::<u32>().ok()?.into(),
        ("blockchain.estimatefee", [_, _]) => drop(params.pop()),
        ("blockchain.headers.subscribe", _) => {
            let raw = (ProtocolVersion::V1_2..ProtocolVersion::V1_4).contains(&exchange.version);
            params = if raw { vec![true.into()] } else { Vec::new() };
        }
        _ => {}
    }
    let params = Value::Array(params);
    (exchange.params != params).then(|| Exchange { params, ..exchange.clone() })
}

/// The operation that the recorded request is.
fn case(exchange: &Exchange) -> Argument<Case> {
    let version = exchange.version;
    let Value::Array(values) = &exchange.params else { return Err(Unwritable::Named) };
    let count = values.len();
    let mut args = Arguments { values: values.iter() };
    let case = match exchange.method.as_str() {
        "server.ping" if count == 0 => new("Ping", version, Ping, plain::ping),
        "server.ping" => {
            let (pong_len, data) = (args.u32()?, args.hex()?);
            new("PaddedPing", version, PaddedPing { pong_len, data }, plain::ping)
        }
        "server.banner" => new("Banner", version, Banner, plain::banner),
        "server.donation_address" => new("DonationAddress", version, DonationAddress, plain::donation_address),
        "server.features" => new("Features", version, Features, plain::features),
        "server.peers.subscribe" => new("Peers", version, Peers, plain::peers),
        "server.add_peer" => {
            let features = serde_json::value::to_raw_value(args.next()?).unwrap();
            new("AddPeer", version, AddPeer { features }, plain::truth)
        }
        "blockchain.block.header" if count < 2 => new("Header", version, Header { height: args.u32()? }, plain::header),
        "blockchain.block.header" => {
            let (height, checkpoint) = (args.u32()?, args.u32()?);
            new("ProvenHeader", version, ProvenHeader { height, checkpoint }, plain::proven_header)
        }
        "blockchain.block.headers" if count < 3 => {
            new("Headers", version, Headers::new(args.u32()?, args.u32()?), plain::headers)
        }
        "blockchain.block.headers" => {
            let (start, count, checkpoint) = (args.u32()?, args.u32()?, args.u32()?);
            new("ProvenHeaders", version, ProvenHeaders { start, count, checkpoint }, plain::proven_headers)
        }
        "blockchain.block.get_header" => {
            new("legacy::GetHeader", version, GetHeader { height: args.u32()? }, plain::tip)
        }
        "blockchain.block.get_chunk" => new("legacy::GetChunk", version, GetChunk { index: args.u32()? }, plain::chunk),
        "blockchain.headers.subscribe" => {
            // What 1.2 and 1.3 do without the parameter is not asked for.
            let raw = (ProtocolVersion::V1_2..ProtocolVersion::V1_4).contains(&version);
            match args.values.next() {
                None if raw => return Err(Unwritable::TooFew),
                Some(Value::Bool(true)) if raw => {}
                None => {}
                Some(_) => return Err(Unwritable::TooMany),
            }
            new("HeadersSubscribe", version, HeadersSubscribe, plain::tip)
        }
        "blockchain.estimatefee" => {
            let (blocks, mode) = (args.u32()?, args.mode()?);
            // Before 1.6 the mode is not written, though some servers take it.
            if mode.is_some() && version < ProtocolVersion::V1_6 {
                return Err(Unwritable::TooMany);
            }
            new("EstimateFee", version, EstimateFee { blocks, mode }, plain::estimate)
        }
        // From 1.6 on `RelayFee` asks for `mempool.get_info`, whatever a server has besides.
        "blockchain.relayfee" if version >= ProtocolVersion::V1_6 => {
            new("Raw", version, Raw::reading(&*exchange.method, values.clone()), plain::verbatim)
        }
        "blockchain.relayfee" => new("RelayFee", version, RelayFee, plain::relay_fee),
        "mempool.get_info" => new("MempoolInfo", version, MempoolInfo, plain::mempool_info),
        "mempool.get_fee_histogram" => new("FeeHistogram", version, FeeHistogram, plain::histogram),
        "mempool.recent" => new("MempoolRecent", version, MempoolRecent, plain::recent),
        method if method.starts_with("blockchain.scripthash.") || method.starts_with("blockchain.scriptpubkey.") => {
            return script_case(exchange, args);
        }
        method if method.starts_with("blockchain.address.") => return address_case(exchange, args),
        "blockchain.outpoint.get_status" => {
            let (outpoint, script) = (args.outpoint()?, args.script()?);
            new("OutPointGetStatus", version, OutPointGetStatus { outpoint, script }, plain::outpoint)
        }
        "blockchain.outpoint.subscribe" => {
            let (outpoint, script) = (args.outpoint()?, args.script()?);
            new("OutPointSubscribe", version, OutPointSubscribe { outpoint, script }, plain::outpoint)
        }
        "blockchain.outpoint.unsubscribe" => {
            new("OutPointUnsubscribe", version, OutPointUnsubscribe { outpoint: args.outpoint()? }, plain::truth)
        }
        method if method.starts_with("blockchain.transaction.") => return transaction_case(exchange, args),
        method => new("Raw", version, Raw::reading(method, args.rest()), plain::verbatim),
    };
    args.end().map(|()| case)
}

fn script_case(exchange: &Exchange, mut args: Arguments<'_>) -> Argument<Case> {
    let version = exchange.version;
    let (family, verb) = exchange.method.rsplit_once('.').unwrap();
    let script: ScriptRef = match family {
        "blockchain.scripthash" => args.hash::<ScriptHash>()?.into(),
        _ => args.script()?.into(),
    };
    let case = match verb {
        "get_balance" => new("Balance", version, Balance { script }, plain::balance),
        "get_history" => new("History", version, History { script }, plain::history),
        "get_mempool" => new("Mempool", version, Mempool { script }, plain::history),
        "listunspent" => new("Unspent", version, Unspent { script }, plain::unspent),
        "subscribe" => new("ScriptSubscribe", version, ScriptSubscribe { script }, plain::status),
        "unsubscribe" => new("ScriptUnsubscribe", version, ScriptUnsubscribe { script }, plain::truth),
        _ => {
            let Value::Array(params) = exchange.params.clone() else { return Err(Unwritable::Named) };
            return Ok(new("Raw", version, Raw::reading(&*exchange.method, params), plain::verbatim));
        }
    };
    args.end().map(|()| case)
}

fn address_case(exchange: &Exchange, mut args: Arguments<'_>) -> Argument<Case> {
    let version = exchange.version;
    let address = args.next()?.as_str().ok_or(Unwritable::Type)?.to_owned();
    let case = match exchange.method.rsplit_once('.').unwrap().1 {
        "get_balance" => new("legacy::AddressBalance", version, AddressBalance { address }, plain::balance),
        "get_history" => new("legacy::AddressHistory", version, AddressHistory { address }, plain::history),
        "get_mempool" => new("legacy::AddressMempool", version, AddressMempool { address }, plain::history),
        "listunspent" => new("legacy::AddressUnspent", version, AddressUnspent { address }, plain::unspent),
        "subscribe" => new("legacy::AddressSubscribe", version, AddressSubscribe { address }, plain::status),
        // Fulcrum's own, on another chain.
        _ => new("Raw", version, Raw::reading(&*exchange.method, vec![address.into()]), plain::verbatim),
    };
    args.end().map(|()| case)
}

fn transaction_case(exchange: &Exchange, mut args: Arguments<'_>) -> Argument<Case> {
    let version = exchange.version;
    let case = match exchange.method.strip_prefix("blockchain.transaction.").unwrap() {
        "get" => {
            let txid = args.hash::<Txid>()?;
            match args.values.next() {
                None => new("TransactionGet", version, TransactionGet::new(txid), plain::transaction),
                Some(Value::Bool(true)) => {
                    new("TransactionGetVerbose", version, TransactionGetVerbose { txid }, plain::raw_value)
                }
                // The same as nothing, and never written.
                Some(Value::Bool(false)) => return Err(Unwritable::TooMany),
                Some(_) => return Err(Unwritable::Type),
            }
        }
        "get_merkle" => {
            let (txid, height) = (args.hash()?, args.u32()?);
            new("TransactionMerkle", version, TransactionMerkle { txid, height }, plain::merkle)
        }
        "id_from_pos" => {
            let (height, position) = (args.u32()?, args.u32()?);
            match args.values.next() {
                // It is written in full, for electrs up to 0.10.
                None => return Err(Unwritable::TooFew),
                Some(Value::Bool(false)) => {
                    new("TransactionIdAt", version, TransactionIdAt { height, position }, plain::txid)
                }
                Some(Value::Bool(true)) => {
                    let request = ProvenTransactionIdAt { height, position };
                    new("ProvenTransactionIdAt", version, request, plain::proven_txid)
                }
                Some(_) => return Err(Unwritable::Type),
            }
        }
        "broadcast" => {
            let transaction = RawTransaction::new(args.hex()?);
            new("Broadcast", version, Broadcast { transaction }, plain::accepted_txid)
        }
        "broadcast_package" => {
            let transactions = args.transactions()?;
            match args.values.next() {
                None => new("BroadcastPackage", version, BroadcastPackage { transactions }, plain::package),
                Some(Value::Bool(true)) => {
                    let request = BroadcastPackageVerbose { transactions };
                    new("BroadcastPackageVerbose", version, request, plain::raw_value)
                }
                Some(_) => return Err(Unwritable::Type),
            }
        }
        "testmempoolaccept" => {
            let transactions = args.transactions()?;
            new("TestMempoolAccept", version, TestMempoolAccept { transactions }, plain::accepted)
        }
        _ => new("Raw", version, Raw::reading(&*exchange.method, args.rest()), plain::verbatim),
    };
    args.end().map(|()| case)
}

/// A case of `request`, whose result must equal the recorded one as `reading` reads that.
fn new<R, T>(name: &'static str, version: ProtocolVersion, request: R, reading: fn(&T, &Value)) -> Case
where
    R: Request + 'static,
    R::Response: Borrow<T>,
    T: ?Sized + 'static,
{
    let params = Params::to_json(|params| request.params(version, params));
    Case {
        name,
        method: request.method(version).map(|method| method.into_owned()),
        params: serde_json::from_slice(&params).unwrap(),
        respelled: false,
        check: Box::new(move |version, result, value| {
            let decoded = request.decode(version, result)?;
            if let Some(value) = value {
                reading(decoded.borrow(), value);
            }
            Ok(())
        }),
    }
}

impl<'a> Arguments<'a> {
    fn next(&mut self) -> Argument<&'a Value> {
        self.values.next().ok_or(Unwritable::TooFew)
    }

    fn rest(&mut self) -> Vec<Value> {
        self.values.by_ref().cloned().collect()
    }

    fn end(mut self) -> Argument<()> {
        if self.values.next().is_some() { Err(Unwritable::TooMany) } else { Ok(()) }
    }

    fn u32(&mut self) -> Argument<u32> {
        self.next()?.as_u64().and_then(|value| value.try_into().ok()).ok_or(Unwritable::Type)
    }

    fn digits(&mut self) -> Argument<&'a str> {
        let text = self.next()?.as_str().ok_or(Unwritable::Type)?;
        if text == text.to_lowercase() { Ok(text) } else { Err(Unwritable::Type) }
    }

    fn hex(&mut self) -> Argument<Vec<u8>> {
        electrum_proto::json::hex::decode(self.digits()?.as_bytes()).map_err(|_| Unwritable::Type)
    }

    fn hash<T: std::str::FromStr>(&mut self) -> Argument<T> {
        self.digits()?.parse().map_err(|_| Unwritable::Type)
    }

    fn script(&mut self) -> Argument<Script> {
        self.hex().map(Script::new)
    }

    fn outpoint(&mut self) -> Argument<OutPoint> {
        Ok(OutPoint { txid: self.hash()?, vout: self.u32()? })
    }

    fn transactions(&mut self) -> Argument<Vec<RawTransaction>> {
        let list = self.next()?.as_array().ok_or(Unwritable::Type)?;
        let transaction = |value: &Value| RawTransaction::from_hex(value.as_str()?).ok();
        list.iter().map(|value| transaction(value).ok_or(Unwritable::Type)).collect()
    }

    fn mode(&mut self) -> Argument<Option<EstimateMode>> {
        match self.values.next().map(Value::as_str) {
            None => Ok(None),
            Some(Some("CONSERVATIVE")) => Ok(Some(EstimateMode::Conservative)),
            Some(Some("ECONOMICAL")) => Ok(Some(EstimateMode::Economical)),
            Some(Some("UNSET")) => Ok(Some(EstimateMode::Unset)),
            Some(_) => Err(Unwritable::Type),
        }
    }
}
