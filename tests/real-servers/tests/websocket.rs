//! ElectrumX's own WebSockets, with and without TLS.

mod common;

use common::{BOUND, both, config, fingerprint, tip_of};
use electrum_blocking::proto::operations::{Banner, Raw};
use electrum_blocking::proto::{DownCause, Origin, Topic};
use electrum_blocking::transport::PinState;
use real_servers::{Bitcoind, Certificate, Kind, Setup, run_on, until};

fn websockets(kind: Kind) {
    run_on(kind, |kind| {
        let certificate = Certificate::new();
        let bitcoind = Bitcoind::start();
        bitcoind.mine(30);
        let mut server = Setup::new(kind).tls(&certificate).websocket().start(&bitcoind);
        for address in [server.ws_address(), server.wss_address()] {
            let is_tls = address.starts_with("wss");
            for client in both(&config([address.as_str()])) {
                let (mut events, mut tips) = (client.events(), client.subscribe([Topic::Headers]));
                if is_tls {
                    let report = events.secured();
                    assert_eq!(report.fingerprint, fingerprint(&certificate));
                    assert!(matches!(report.pin, PinState::New | PinState::Known));
                } else {
                    events.ready();
                }
                assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Subscribed));
                client.call(Banner).expect("a banner");
                // An answer of several frames' worth, and many answers at once.
                let headers = client.call(Raw::reading("blockchain.block.headers", vec![0.into(), 30.into()]));
                assert!(headers.expect("headers").to_string().len() > 4000);
                bitcoind.mine(1);
                assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Live), "{address}");
            }
        }

        // It comes back by itself.
        let addresses = [server.ws_address(), server.wss_address()];
        let clients: Vec<_> = addresses.iter().flat_map(|address| both(&config([address.as_str()]))).collect();
        let mut watched: Vec<_> =
            clients.iter().map(|client| (client.events(), client.subscribe([Topic::Headers]))).collect();
        for (events, tips) in &mut watched {
            events.ready();
            assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Subscribed));
        }
        server.kill();
        bitcoind.mine(1);
        server.restart();
        until(BOUND, "the block", || (server.height() == bitcoind.height()).then_some(()));
        for (events, tips) in &mut watched {
            events.ready();
            assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Resumed));
        }
    });
}

#[test]
fn electrumx_2_0() {
    websockets(Kind::Ex2_0_0);
}

#[test]
fn electrumx_1_16() {
    websockets(Kind::Ex1_16_0);
}

#[test]
fn a_port_without_a_websocket_is_named_so() {
    run_on(Kind::Ex2_0_0, |kind| {
        let bitcoind = Bitcoind::start();
        bitcoind.mine(1);
        let server = Setup::new(kind).start(&bitcoind);
        let mut config = config([server.address().replace("tcp://", "ws://").as_str()]);
        config.protocol.timeouts.connect = std::time::Duration::from_secs(3);
        for client in both(&config) {
            match client.events().down() {
                // It answers the lines of the request as it answers any others, or hangs up.
                DownCause::Connect { message, .. } => assert!(message.contains("WebSocket"), "{message}"),
                other => panic!("{other:?}"),
            }
        }
    });
}
