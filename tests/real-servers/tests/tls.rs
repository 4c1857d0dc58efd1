//! TLS with ElectrumX's own service and certificates by openssl.

mod common;

use std::time::Duration;

use common::{BOUND, both, config, fingerprint, tip_of, trying_once};
use electrum_blocking::proto::{DownCause, Origin, Side, Topic};
use electrum_blocking::transport::{Pin, PinState, Route, Trust};
use electrum_blocking::{Config, ConnectionEvent};
use real_servers::{Bitcoind, Certificate, ElectrumX, Kind, Setup, run_on, until};

/// Runs a test with a server of TLS that shows this certificate.
fn with_server(certificate: &Certificate, test: impl Fn(&Bitcoind, ElectrumX)) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(1);
    let server = Setup::new(Kind::Ex2_0_0).tls(certificate).start(&bitcoind);
    test(&bitcoind, server);
}

/// Why a connection could not be made, which is for this side to mend.
#[track_caller]
fn refused(cause: DownCause, by: Side) -> String {
    match cause {
        DownCause::Connect { side, message, .. } if side == by => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_is_pinned_on_first_use_and_a_rotated_one_refused() {
    run_on(Kind::Ex2_0_0, |_| {
        let (old, new) = (Certificate::new(), Certificate::new());
        with_server(&old, |bitcoind, mut server| {
            let base = config([server.tls_address().as_str()]);
            let clients = both(&base).map(|client| (client.events(), client.subscribe([Topic::Headers]), client));
            // The second adapter may be second at the same pins, for both have the same store.
            let mut states = Vec::new();
            let mut clients = clients.map(|(mut events, mut tips, client)| {
                let report = events.secured();
                assert_eq!((report.fingerprint, report.version), (fingerprint(&old), "TLS 1.3"));
                states.push(report.pin);
                assert_eq!(tips.tip(), (tip_of(bitcoind), Origin::Subscribed));
                (events, tips, client)
            });
            assert!(states.contains(&PinState::New), "{states:?}");
            for client in both(&base) {
                assert_eq!(client.events().secured().pin, PinState::Known);
            }

            // Rotated under running clients.
            server.kill();
            server.set_certificate(&new);
            server.restart();
            for (events, ..) in &mut clients {
                let message = events.wait("the changed certificate", |event| match event {
                    ConnectionEvent::Down { cause: DownCause::Connect { side: Side::Caller, message, .. }, .. } => {
                        Some(message.clone())
                    }
                    _ => None,
                });
                for shown in [fingerprint(&old), fingerprint(&new)] {
                    assert!(message.contains(&shown.to_string()), "{message}");
                }
            }
            // They go on trying, and the server has heard nothing from them, nor has half a connection.
            clients.iter_mut().for_each(|(events, ..)| drop((events.down(), events.down())));
            assert_eq!(server.calls("server.version"), 0);

            // What happened meanwhile is emitted once the user accepts it.
            bitcoind.mine(1);
            until(BOUND, "the block", || (server.height() == bitcoind.height()).then_some(()));
            let [old, new] = [&old, &new].map(|certificate| Some(Pin::Certificate(fingerprint(certificate))));
            base.pins.replace("127.0.0.1", server.tls_port(), old, new).expect("a pin");
            for (events, tips, _) in &mut clients {
                let report = events.secured();
                assert_eq!((Some(Pin::Certificate(report.fingerprint)), report.pin), (new, PinState::Known));
                assert_eq!(tips.tip(), (tip_of(bitcoind), Origin::Resumed));
            }
        });
    });
}

#[test]
fn a_name_or_a_time_that_does_not_fit_is_refused_where_a_ca_is_wanted_and_pinned_otherwise() {
    run_on(Kind::Ex2_0_0, |_| {
        let cases = [
            (Certificate::new(), None),
            (Certificate::for_names("DNS:other.example"), Some("name")),
            (Certificate::expired(), Some("expired")),
        ];
        for (certificate, fault) in cases {
            with_server(&certificate, |_, server| {
                let base = config([server.tls_address().as_str()]);
                let strict = Route::direct().with_trust(Trust::CaOnly).with_root(certificate.der());
                for client in both(&trying_once(Config { route: strict, ..base.clone() })) {
                    match fault {
                        None => assert_eq!(client.events().secured().pin, PinState::Ca),
                        Some(fault) => {
                            let message = refused(client.events().down(), Side::Server);
                            assert!(message.to_lowercase().contains(fault), "{message}");
                            assert!(message.contains(&fingerprint(&certificate).to_string()), "{message}");
                        }
                    }
                }
                if fault.is_some() {
                    assert_eq!(server.calls("server.version"), 0);
                }
                // An old certificate of one's own is as good as a new one; so Electrum has it too.
                for client in both(&Config { route: Route::direct(), ..base.clone() }) {
                    assert!(matches!(client.events().secured().pin, PinState::New | PinState::Known));
                }
                let given = Trust::Pinned(fingerprint(&certificate));
                for client in both(&Config { route: Route::direct().with_trust(given), ..base }) {
                    assert_eq!(client.events().secured().pin, PinState::Given);
                }
            });
        }
    });
}

#[test]
fn plain_text_where_tls_is_expected_is_reported_as_what_it_is() {
    run_on(Kind::Ex2_0_0, |_| {
        with_server(&Certificate::new(), |_, server| {
            let plain = server.address().replace("tcp://", "ssl://");
            let mut config = trying_once(config([plain.as_str()]));
            // The server waits for the end of a line that never comes.
            config.protocol.timeouts.connect = Duration::from_secs(2);
            let clients = both(&config);
            for client in &clients {
                match client.events().down() {
                    DownCause::Connect { side: Side::Server, message, .. } => {
                        assert!(message.contains("TLS"), "{message}");
                    }
                    DownCause::Timeout { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
            until(BOUND, "the sessions to end", || (server.sessions() == 0).then_some(()));
            drop(clients);
        });
    });
}
