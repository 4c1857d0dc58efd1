//! Every operation of protocol 1.1, against the only family of servers that speaks it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use electrum_blocking::proto::operations::legacy::{
    AddressBalance, AddressHistory, AddressMempool, AddressSubscribe, AddressUnspent, GetChunk, GetHeader,
};
use electrum_blocking::proto::operations::{
    AddPeer, Balance, Banner, Broadcast, DonationAddress, EstimateFee, Features, Header, HeadersSubscribe, History,
    Mempool, OPERATIONS, Peers, Ping, RelayFee, ScriptSubscribe, TransactionGet, TransactionMerkle, Unspent,
};
use electrum_blocking::proto::types::{RawTransaction, Script};
use electrum_blocking::proto::{ProtocolVersion, Request, VersionRange};
use electrum_blocking::{Client, Config};
use electrum_testkit::address;
use electrum_testkit::chain;
use electrum_testkit::prelude::*;

const VERSION: ProtocolVersion = ProtocolVersion::V1_1;

/// A client, and the operations that it has made.
struct Session {
    client: Client,
    exercised: BTreeSet<&'static str>,
}

impl Session {
    fn call<R: Request<Response: Send> + Send + 'static>(&mut self, request: R) -> R::Response {
        let name = std::any::type_name::<R>().rsplit("::").next();
        let operation = OPERATIONS.iter().find(|operation| operation.name.rsplit("::").next() == name).unwrap();
        let method = operation.method(VERSION).unwrap();
        assert_eq!(request.method(VERSION).unwrap(), method);
        let result = self.client.call(request).unwrap_or_else(|error| panic!("{}: {error}", operation.name));
        self.exercised.insert(operation.name);
        result
    }
}

#[test]
fn every_operation_of_1_1() {
    let script = script(1);
    let mut chain = Chain::funded();
    let first = chain.pay(&script, 10_000);
    chain.mine(1);
    let second = chain.pay(&script, 20_000);
    let server = Server::builder(Family::Libbitcoin4).chain(chain.clone()).start().unwrap();
    let mut config = Config::new([server.url().parse().unwrap()]);
    config.protocol.versions = VersionRange::new(VERSION, VERSION).unwrap();
    let mut session = Session { client: Client::connect(config).unwrap(), exercised: BTreeSet::new() };

    scripts(&mut session, &chain, &script, [first, second]);
    blocks_and_transactions(&mut session, &chain, first);
    the_server(&mut session, &server);

    let spend = Transaction::spending(OutPoint::new(first, 0), 10_000 - chain::FEE, script);
    let transaction = RawTransaction::new(spend.to_bytes());
    assert_eq!(session.call(Broadcast { transaction }).txid.to_string(), spend.txid().to_string());
    assert!(server.chain(|chain| chain.mempool().iter().any(|entry| entry.tx == spend)));

    let all = OPERATIONS.iter().filter(|operation| operation.method(VERSION).is_some());
    assert_eq!(session.exercised, all.map(|operation| operation.name).collect());
    check_record(&session.exercised);
}

fn scripts(session: &mut Session, chain: &Chain, script: &[u8], [first, second]: [Txid; 2]) {
    let hash = Hash256::of_script(script);
    let status = chain::status_of(&chain.history(&hash));
    let address = || address::of_script(script).unwrap();
    let script = || Script::new(script);
    let ids = [first.to_string(), second.to_string()];
    for balance in [session.call(Balance::new(script())), session.call(AddressBalance { address: address() })] {
        assert_eq!((balance.confirmed.to_sat(), balance.unconfirmed.to_sat()), (10_000, 20_000));
    }
    for history in [session.call(History::new(script())), session.call(AddressHistory { address: address() })] {
        assert_eq!(history.iter().map(|entry| entry.txid.to_string()).collect::<Vec<_>>(), ids);
        assert_eq!(history.iter().map(|entry| entry.height.to_wire()).collect::<Vec<_>>(), [111, 0]);
    }
    for waiting in [session.call(Mempool::new(script())), session.call(AddressMempool { address: address() })] {
        assert_eq!(waiting.iter().map(|entry| entry.txid.to_string()).collect::<Vec<_>>(), ids[1..]);
    }
    for unspent in [session.call(Unspent::new(script())), session.call(AddressUnspent { address: address() })] {
        assert_eq!(unspent.iter().map(|output| output.value.to_sat()).collect::<Vec<_>>(), [10_000, 20_000]);
    }
    for found in [
        session.call(ScriptSubscribe { script: script().into() }),
        session.call(AddressSubscribe { address: address() }),
    ] {
        assert_eq!(found.map(|status| status.to_string()), status);
    }
}

fn blocks_and_transactions(session: &mut Session, chain: &Chain, txid: Txid) {
    let height = chain.height();
    let header = |height| chain.header(height).unwrap().to_bytes();
    assert_eq!(session.call(Header { height }).as_bytes(), &header(height));
    assert_eq!(session.call(GetHeader { height: 7 }).header.as_bytes(), &header(7));
    let tip = session.call(HeadersSubscribe);
    assert_eq!((tip.height, tip.header.as_bytes()), (height, &header(height)));
    let chunk = session.call(GetChunk { index: 0 });
    assert_eq!(
        chunk.iter().map(|header| *header.as_bytes()).collect::<Vec<_>>(),
        (0..=height).map(header).collect::<Vec<_>>()
    );

    let block = chain.block(height).unwrap();
    let position = block.txids.iter().position(|other| *other == txid).unwrap();
    let asked = txid.to_string().parse().unwrap();
    assert_eq!(session.call(TransactionGet::new(asked)).to_hex(), block.transactions[position].to_hex());
    let proof = session.call(TransactionMerkle { txid: asked, height });
    assert_eq!(proof.position as usize, position);
    proof.verify(asked, &tip.header).unwrap();
}

fn the_server(session: &mut Session, server: &Server) {
    session.call(Ping);
    assert_eq!(server.stats().requests("server.ping"), 0);
    // 0.00003488 and 0.000001 coins per 1000 bytes.
    assert_eq!(session.call(EstimateFee::within(6)).unwrap().to_sat_per_kvb(), 3_488);
    assert_eq!(session.call(RelayFee).to_sat_per_kvb(), 100);
    assert!(session.call(Banner).contains("libbitcoin"));
    assert_eq!(session.call(DonationAddress), None);
    let features = session.call(Features);
    assert_eq!((features.protocol_min.as_str(), features.protocol_max.as_str()), ("1.0", "1.7"));
    assert_eq!(session.call(Peers).items, []);
    let features =
        electrum_blocking::proto::serde_json::value::RawValue::from_string("{\"hosts\":{}}".to_owned()).unwrap();
    assert!(!session.call(AddPeer { features }));
}

/// Compares the operations with the record from which `docs/exercised.md` is made. Writes the record if `UPDATE_DOCS`
/// is set.
fn check_record(exercised: &BTreeSet<&'static str>) {
    let mut record = String::new();
    for operation in OPERATIONS.iter().filter(|operation| exercised.contains(operation.name)) {
        writeln!(record, "{} {VERSION}", operation.name).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/docs/exercised/testkit.txt");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &record).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == record, "docs/exercised/testkit.txt is not up to date: run the tests with UPDATE_DOCS=1");
}
