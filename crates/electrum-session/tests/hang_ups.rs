//! How soon a server is tried again that hangs up before the layers below the protocol are ready.

#![cfg(feature = "tls")]

use std::time::Duration;

use electrum_session::proto::{CloseCause, DownCause, Side, Timestamp};
use electrum_session::transport::{Proxy, Route};
use electrum_session::{Config, ConnectionEvent, Session, SessionEvent, Step};

/// Lets an attempt end in this way, before or after the socket was opened. Returns the cause, and the wait for the next
/// attempt.
fn attempt(route: &Route, is_opened: bool, cause: &CloseCause) -> (DownCause, Duration) {
    let mut config = Config::new(["ssl://electrum.example:50002".parse().unwrap()]);
    config.route = route.clone();
    config.protocol.backoff.jitter_permille = 0;
    let mut session = Session::new(config, Timestamp::ZERO);
    let mut down = None;
    let mut poll = |session: &mut Session| {
        session.poll(Timestamp::ZERO, |event| {
            if let SessionEvent::Connection(ConnectionEvent::Down { cause, retry_in, .. }) = event {
                down = Some((cause, retry_in));
            }
        })
    };
    let Step::ReadPin(conn, _) = poll(&mut session) else { panic!("the pin comes first") };
    session.pin_read(Timestamp::ZERO, conn, Ok(None));
    assert!(matches!(poll(&mut session), Step::Connect(..)));
    if is_opened {
        session.connected(Timestamp::ZERO, conn, 1_750_000_000);
        let written = session.outgoing().len();
        session.wrote(Timestamp::ZERO, conn, written);
    }
    session.closed(Timestamp::ZERO, conn, cause.clone());
    assert!(matches!(poll(&mut session), Step::Wait { .. }));
    down.expect("it is down")
}

#[test]
fn a_server_that_hangs_up_during_the_tls_handshake_is_not_taken_for_one_that_is_restarted() {
    let (direct, reset) = (Route::direct(), CloseCause::Failed("connection reset by peer".into()));
    let proxied = Route::direct().with_proxy("socks5://127.0.0.1:9050".parse::<Proxy>().unwrap());
    let (soon, later) = (Duration::from_millis(50), Duration::from_millis(500));
    for (route, is_opened, cause, wait) in [
        (&direct, false, &reset, soon),
        (&direct, true, &reset, later),
        (&direct, true, &CloseCause::End, later),
        // The proxy could not reach the server.
        (&proxied, true, &reset, soon),
        (&proxied, true, &CloseCause::End, soon),
    ] {
        let (down, retry_in) = attempt(route, is_opened, cause);
        assert_eq!(retry_in, wait, "{route:?}, {is_opened}, {cause:?}");
        if *cause == reset {
            assert_eq!(
                (down.side(), down.to_string()),
                (Side::Network, "cannot connect: connection reset by peer".into())
            );
        }
    }
}
