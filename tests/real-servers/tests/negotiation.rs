//! The handshake of both adapters with each release.

mod common;

use common::{BOUND, both, config, tip_of, trying_once};
use electrum_blocking::proto::operations::Features;
use electrum_blocking::proto::{DownCause, Topic};
use real_servers::{Bitcoind, ElectrumX, Kind, Wire, on_every_server, until};
use serde_json::json;

on_every_server!(every_version_is_negotiated);
on_every_server!(what_no_server_speaks_is_refused_in_its_own_words);
on_every_server!(what_is_too_old_is_refused_or_caught);

fn every_version_is_negotiated(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(3);
    let server = ElectrumX::start(kind, &bitcoind);
    for version in kind.versions() {
        let mut config = config([server.address().as_str()]);
        config.protocol.versions = format!("{version}..{version}").parse().expect("a range");
        config.protocol.genesis_hash = Some(bitcoind.block_hash(0).parse().expect("a hash"));
        for client in both(&config) {
            let mut events = client.events();
            let mut tips = client.subscribe([Topic::Headers]);
            assert_eq!(events.ready(), (kind.software().to_owned(), (*version).to_owned()));
            assert_eq!(tips.tip().0, tip_of(&bitcoind), "{version}");
            let features = client.call(Features).expect("features");
            assert_eq!(features.genesis_hash.to_string(), bitcoind.block_hash(0));
        }
    }
    // Of all that a release speaks the newest is taken, if the client does not say otherwise.
    for client in both(&config([server.address().as_str()])) {
        let newest = kind.newest().to_owned();
        assert_eq!(client.events().ready(), (kind.software().to_owned(), newest));
    }
    until(BOUND, "the sessions to end", || (server.sessions() == 0).then_some(()));
}

fn what_no_server_speaks_is_refused_in_its_own_words(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(1);
    let server = ElectrumX::start(kind, &bitcoind);
    let words = Wire::connect(server.port()).try_call("server.version", &json!(["wire", ["2.0", "3.0"]]));
    let mut config = trying_once(config([server.address().as_str()]));
    config.protocol.versions = "2.0..3.0".parse().expect("a range");
    let clients = both(&config);
    for client in &clients {
        match (client.events().down(), &words) {
            (DownCause::Refused { error, .. }, Some(words)) => {
                let words = words.as_ref().expect_err("a refusal");
                assert_eq!((error.code, &error.message), (Some(words.code), &words.message));
                assert!(error.message.contains("unsupported protocol version"), "{error}");
            }
            // Its answer is lost when it closes.
            (DownCause::Closed { .. } | DownCause::Reset { .. }, None) => assert_eq!(kind, Kind::Ex1_18_0),
            other => panic!("{other:?}"),
        }
    }
    // Both are still there, waiting to try again; the server has nothing of them.
    until(BOUND, "the sessions to end", || (server.sessions() == 0).then_some(()));
    drop(clients);
}

fn what_is_too_old_is_refused_or_caught(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(1);
    let server = ElectrumX::start(kind, &bitcoind);
    let mut config = trying_once(config([server.address().as_str()]));
    config.protocol.versions = "1.3..1.4".parse().expect("a range");
    config.protocol.offers = vec!["1.1..1.2".parse().expect("a range")];
    let clients = both(&config);
    for client in &clients {
        match (kind, client.events().down()) {
            (Kind::ElectrumX1_10_0, DownCause::OutOfRange { answered, .. }) => assert_eq!(answered, "1.2"),
            (Kind::Ex1_18_0, DownCause::Closed { .. } | DownCause::Reset { .. }) => {}
            (_, DownCause::Refused { error, .. }) => {
                assert!(error.message.contains("unsupported protocol version"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
    until(BOUND, "the sessions to end", || (server.sessions() == 0).then_some(()));
    drop(clients);
}
