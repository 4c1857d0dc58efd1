//! What only reads: each result beside what bitcoind says.

use electrum_blocking::CallError;
use electrum_proto::operations::{
    AddPeer, Balance, Banner, DonationAddress, EstimateFee, EstimateMode, Features, FeeHistogram, Header, Headers,
    HeadersSubscribe, HistogramBin, History, Mempool, MempoolInfo, OutPointGetStatus, OutPointSubscribe,
    OutPointUnsubscribe, PaddedPing, Peers, Ping, ProvenHeader, ProvenHeaders, ProvenTransactionIdAt, RelayFee,
    ScriptSubscribe, ScriptUnsubscribe, TransactionGet, TransactionGetVerbose, TransactionIdAt, TransactionMerkle,
    Unspent,
};
use electrum_proto::types::{FeeRate, OutPoint, OutPointStatus, Script, ScriptRef, Spender, Tip, TxHeight, Txid};
use real_servers::{Coin, until};
use serde_json::{Value, json};

use crate::oracle::{Knowledge, checkpoint_root, satoshi, status};
use crate::scene::{BOUND, DONATION_ADDRESS, Scene};
use crate::session::Session;

pub(crate) fn check(session: &Session, scene: &Scene, known: &Knowledge) {
    scripts(session, scene, known);
    outputs(session, scene);
    headers(session, scene);
    transactions(session, scene);
    fees(session, scene);
    server(session, scene);
}

/// Everything about one script.
pub(crate) fn knowledge(session: &Session, script: &ScriptRef) -> Knowledge {
    Knowledge {
        balance: session.call(Balance::new(script.clone())),
        history: session.call(History::new(script.clone())),
        unspent: session.call(Unspent::new(script.clone())),
    }
}

fn scripts(session: &Session, scene: &Scene, known: &Knowledge) {
    let script = Script::new(scene.script.clone());
    // Only 1.7 must be given the script itself.
    let forms = match session.has::<OutPointGetStatus>() {
        true => vec![ScriptRef::from(script.clone())],
        false => vec![script.clone().into(), script.scripthash().into()],
    };
    for form in &forms {
        let found = knowledge(session, form);
        let waiting: Vec<_> = found.history.iter().filter(|entry| entry.fee.is_some()).copied().collect();
        assert_eq!(session.call(Mempool::new(form.clone())), waiting);
        assert_eq!(waiting.len(), 3);

        // The status is made of the history in the order in which this server lists it.
        let subscribed = session.call(ScriptSubscribe { script: form.clone() }).expect("there is a history");
        assert_eq!(subscribed.to_string(), status(&found.history));
        assert_eq!(electrum_proto::proof::script_status(&found.history), Some(subscribed));
        if session.has::<ScriptUnsubscribe>() {
            assert!(session.call(ScriptUnsubscribe { script: form.clone() }));
            assert!(!session.call(ScriptUnsubscribe { script: form.clone() }));
        }
        assert_eq!(found.canonical(), *known);
    }
    let unused = Script::new(vec![0x51; 9]);
    let nothing = knowledge(session, &unused.clone().into());
    assert_eq!((nothing.history.len(), nothing.unspent.len()), (0, 0));
    assert_eq!(session.call(ScriptSubscribe { script: unused.into() }), None);
}

fn outputs(session: &Session, scene: &Scene) {
    if !session.has::<OutPointGetStatus>() {
        return;
    }
    let spender = |txid: &str, height| Some(Spender { txid: txid.parse().expect("an id"), height });
    let received = Some(TxHeight::Confirmed(Scene::RECEIVED));
    let next = TxHeight::Confirmed(Scene::RECEIVED + 1);
    let unknown = Coin { txid: "5a".repeat(32), ..scene.kept.clone() };
    for (coin, expected) in [
        (&scene.kept, OutPointStatus { funder_height: received, spender: None }),
        (&scene.spent.0, OutPointStatus { funder_height: received, spender: spender(&scene.spent.1, next) }),
        (
            &scene.leaving.0,
            OutPointStatus { funder_height: received, spender: spender(&scene.leaving.1, TxHeight::Unconfirmed) },
        ),
        (
            &scene.passing.0,
            OutPointStatus {
                funder_height: Some(TxHeight::Unconfirmed),
                spender: spender(&scene.passing.1, TxHeight::UnconfirmedParent),
            },
        ),
        (&unknown, OutPointStatus::default()),
    ] {
        let outpoint = OutPoint { txid: coin.txid.parse().expect("an id"), vout: coin.vout };
        let script = Script::new(scene.script.clone());
        assert_eq!(session.call(OutPointGetStatus { outpoint, script: script.clone() }), expected, "{coin:?}");
        assert_eq!(session.call(OutPointSubscribe { outpoint, script }), expected, "{coin:?}");
        assert!(session.call(OutPointUnsubscribe { outpoint }));
        assert!(!session.call(OutPointUnsubscribe { outpoint }));
    }
}

fn headers(session: &Session, scene: &Scene) {
    let expected = |height| scene.header(height);
    let tip = scene.tip();
    for height in [0, 1, Scene::RECEIVED, tip] {
        assert_eq!(session.call(Header { height }), expected(height));
    }
    assert_eq!(session.call(HeadersSubscribe), Tip { height: tip, header: expected(tip) });
    assert!(matches!(session.try_call(Header { height: tip + 1 }), Err(CallError::Server(_))));

    let run = session.call(Headers::new(tip - 4, 10));
    assert_eq!(run.headers, (tip - 4..=tip).map(expected).collect::<Vec<_>>());
    assert_eq!(session.call(Headers::new(tip + 1, 10)).headers, []);
    if !session.has::<ProvenHeader>() {
        return;
    }
    for checkpoint in [9, tip - 1, tip] {
        let root = checkpoint_root(&scene.hashes[..=checkpoint as usize]);
        for height in [0, 5, checkpoint] {
            let proven = session.call(ProvenHeader { height, checkpoint });
            assert_eq!((proven.header, proven.proof.root), (expected(height), root));
            proven.verify(height, checkpoint, root).expect("the proof holds");
            assert!(proven.verify(height ^ 1, checkpoint, root).is_err());
        }
        let proven = session.call(ProvenHeaders { start: 3, count: 7, checkpoint });
        assert_eq!(proven.run.headers, (3..10).map(expected).collect::<Vec<_>>());
        proven.verify(3, checkpoint, root).expect("the proof holds");
        assert!(proven.verify(4, checkpoint, root).is_err());
    }
}

fn transactions(session: &Session, scene: &Scene) {
    let height = Scene::RECEIVED + 1;
    let block = scene.bitcoind.rpc("getblock", &json!([scene.hashes[height as usize], 1]));
    let ids: Vec<Txid> = block["tx"].as_array().expect("a list").iter().map(id).collect();
    assert_eq!(ids.len(), 7);
    for (position, txid) in (0..).zip(&ids) {
        let proof = session.call(TransactionMerkle { txid: *txid, height });
        assert_eq!((proof.height, proof.position), (height, position));
        proof.verify(*txid, &scene.header(height)).expect("the proof holds");
        assert!(proof.verify(*txid, &scene.header(height - 1)).is_err());
        if session.has::<TransactionIdAt>() {
            assert_eq!(session.call(TransactionIdAt { height, position }), *txid);
            let proven = session.call(ProvenTransactionIdAt { height, position });
            assert_eq!((proven.txid, &proven.branch), (*txid, &proof.branch));
            proven.verify(position, &scene.header(height)).expect("the proof holds");
            assert!(proven.verify(position ^ 1, &scene.header(height)).is_err());
        }
    }
    // One in a block, one that waits.
    for txid in [&scene.spent.1, &scene.passing.1] {
        let asked: Txid = txid.parse().expect("an id");
        let raw = scene.bitcoind.rpc("getrawtransaction", &json!([txid]));
        assert_eq!(session.call(TransactionGet::new(asked)).to_hex(), raw);
        let verbose = session.call(TransactionGetVerbose { txid: asked });
        let verbose: Value = serde_json::from_str(verbose.get()).expect("JSON");
        assert_eq!(verbose, scene.bitcoind.rpc("getrawtransaction", &json!([txid, true])));
    }
}

fn fees(session: &Session, scene: &Scene) {
    let rate = |coins: &Value| FeeRate::from_sat_per_kvb(satoshi(coins));
    let info = scene.bitcoind.rpc("getmempoolinfo", &json!([]));
    assert_eq!(session.call(RelayFee), rate(&info["minrelaytxfee"]));
    if session.has::<MempoolInfo>() {
        let fees = session.call(MempoolInfo);
        assert_eq!(fees.mempool_min, rate(&info["mempoolminfee"]));
        assert_eq!(fees.relay_min, rate(&info["minrelaytxfee"]));
        assert_eq!(fees.incremental_relay, rate(&info["incrementalrelayfee"]));
    }
    for mode in [None, Some(EstimateMode::Conservative), Some(EstimateMode::Economical)] {
        let estimate = scene.bitcoind.rpc("estimatesmartfee", &json!([6]));
        let expected = estimate.get("feerate").map(rate);
        assert_eq!(session.call(EstimateFee { blocks: 6, mode }), expected);
    }
    // It is made after the server has begun to listen.
    let dear = HistogramBin { rate: FeeRate::from_sat_per_kvb(1000 * Scene::RATE), vsize: scene.dear };
    let histogram = until(BOUND, "the histogram", || Some(session.call(FeeHistogram)).filter(|bins| !bins.is_empty()));
    assert_eq!(histogram.items, [dear]);
}

fn server(session: &Session, scene: &Scene) {
    session.call(Ping);
    if session.has::<PaddedPing>() {
        session.call(PaddedPing { pong_len: 3000, data: vec![7; 50] });
    }
    let software = session.kind.software();
    let version = software.strip_prefix("ElectrumX ").expect("its name");
    assert!(session.call(Banner).contains(version));
    assert_eq!(session.call(DonationAddress).as_deref(), Some(DONATION_ADDRESS));
    let features = session.call(Features);
    assert_eq!(features.genesis_hash.to_string(), scene.hashes[0]);
    assert_eq!(features.server_version, software);
    let speaks = |text: &str| text.parse::<electrum_proto::ProtocolVersion>().expect("a version");
    assert_eq!(speaks(&features.protocol_max), speaks(session.kind.newest()));
    assert_eq!(speaks(&features.protocol_min), speaks(session.kind.versions()[0]));
    assert_eq!(features.pruning, None);
    // The server is configured not to look for others, and takes none that comes from elsewhere.
    assert_eq!(session.call(Peers).items, []);
    let features = json!({
        "genesis_hash": scene.hashes[0], "hosts": {"203.0.113.1": {"tcp_port": 50001}}, "protocol_max": "1.4",
        "protocol_min": "1.4", "server_version": "none", "hash_function": "sha256", "pruning": null,
    });
    let features = serde_json::value::to_raw_value(&features).expect("JSON");
    assert!(!session.call(AddPeer { features }));
}

fn id(value: &Value) -> Txid {
    value.as_str().expect("an id").parse().expect("an id")
}
