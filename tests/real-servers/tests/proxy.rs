//! Through microsocks, a SOCKS5 proxy.

mod common;

use common::{both, config, tip_of, trying_once};
use electrum_blocking::proto::operations::Features;
use electrum_blocking::proto::{DownCause, Origin, Side, Topic};
use electrum_blocking::transport::{Route, Trust};
use electrum_blocking::{Config, ConnectionEvent};
use real_servers::{Bitcoind, Certificate, ElectrumX, Kind, Microsocks, Setup, run_on};

/// A server, plain and with TLS.
fn server(bitcoind: &Bitcoind) -> ElectrumX {
    bitcoind.mine(1);
    Setup::new(Kind::Ex2_0_0).tls(&Certificate::new()).start(bitcoind)
}

/// By way of this proxy, with `user:password@` before its address.
fn through(proxy: &Microsocks, login: &str, config: Config) -> Config {
    let proxy = format!("socks5://{login}{}", proxy.address()).parse().expect("a proxy");
    let route = Route::direct().with_proxy(proxy).with_trust(Trust::CaOrPin).with_timeout_factor(1);
    Config { route, ..config }
}

#[test]
fn with_and_without_password_with_and_without_tls() {
    run_on(Kind::Ex2_0_0, |kind| {
        let bitcoind = Bitcoind::start();
        let server = server(&bitcoind);
        let (open, locked) = (Microsocks::start(), Microsocks::with_password("me", "se:cret"));
        for address in [server.address(), server.tls_address()] {
            for (proxy, login) in [(&open, ""), (&open, "me:se%3Acret@"), (&locked, "me:se%3Acret@")] {
                for client in both(&through(proxy, login, config([address.as_str()]))) {
                    let (proxy_shown, has_tls) = client.events().wait("a connection", |event| match event {
                        ConnectionEvent::Ready { link, .. } => Some((link.proxy.clone(), link.tls.is_some())),
                        _ => None,
                    });
                    assert!(proxy_shown.is_some_and(|shown| !shown.contains("cret")));
                    assert_eq!(has_tls, address.starts_with("ssl"));
                    let features = client.call(Features).expect("features");
                    assert_eq!(features.server_version, kind.software());
                }
            }
        }
    });
}

#[test]
fn each_refusal_of_the_proxy_is_explained_in_words() {
    run_on(Kind::Ex2_0_0, |_| {
        let bitcoind = Bitcoind::start();
        let mut server = server(&bitcoind);
        let (open, locked) = (Microsocks::start(), Microsocks::with_password("me", "secret"));
        let explained = |proxy: &Microsocks, login, address: &str, side, words: &str| {
            for client in both(&trying_once(through(proxy, login, config([address])))) {
                match client.events().down() {
                    DownCause::Connect { side: found, message, .. } => {
                        assert_eq!(found, side, "{message}");
                        assert!(message.contains(words), "{message}");
                    }
                    other => panic!("{other:?}"),
                }
            }
        };
        let address = server.address();
        explained(&locked, "", &address, Side::Caller, "needs a password");
        explained(&locked, "me:wrong@", &address, Side::Caller, "refused the user and password");
        // What listens there is no proxy, as the port of the server itself.
        let mistaken = format!("socks5://127.0.0.1:{}", server.port());
        let mut config = trying_once(through(&open, "", config([address.as_str()])));
        config.route = Route::direct().with_proxy(mistaken.parse().expect("a proxy"));
        config.protocol.timeouts.connect = std::time::Duration::from_secs(1);
        for client in both(&config) {
            let cause = client.events().down();
            assert!(matches!(cause.name(), "connect" | "timeout"), "{cause:?}");
        }
        assert_eq!(server.calls("server.version"), 0);
        server.kill();
        explained(&open, "", &address, Side::Server, "refused");
    });
}

#[test]
fn a_proxy_that_dies_in_midstream_is_survived() {
    run_on(Kind::Ex2_0_0, |_| {
        let bitcoind = Bitcoind::start();
        let server = server(&bitcoind);
        let mut proxy = Microsocks::start();
        for address in [server.address(), server.tls_address()] {
            let clients = both(&through(&proxy, "", config([address.as_str()])));
            let mut tips = clients.each_ref().map(|client| client.subscribe([Topic::Headers]));
            tips.iter_mut().for_each(|tips| assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Subscribed)));
            for _ in 0..3 {
                proxy.kill();
                bitcoind.mine(1);
                real_servers::until(common::BOUND, "the block", || {
                    (server.height() == bitcoind.height()).then_some(())
                });
                proxy.restart();
                tips.iter_mut().for_each(|tips| assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Resumed)));
                bitcoind.mine(1);
                tips.iter_mut().for_each(|tips| assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Live)));
            }
        }
    });
}
