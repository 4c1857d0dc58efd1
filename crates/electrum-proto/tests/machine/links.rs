//! One link after another: which inputs count, and why a link ends.

use core::time::Duration;

use electrum_proto::operations::Banner;
use electrum_proto::{
    Action, CloseCause, Config, DownCause, Event, Input, Layer, Phase, ProtocolVersion, Side, TimerKind,
};

use crate::driver::Driver;

#[test]
fn a_client_shows_what_it_was_made_with_and_where_it_stands() {
    let config = Config { client_name: "me".into(), ..Config::default() };
    let mut driver = Driver::new(config.clone());
    assert_eq!(driver.client.config(), &config);
    driver.connect();
    assert_eq!((driver.client.state().phase, driver.client.state().agreed), (Phase::Handshaking, None));
    assert_eq!(driver.client.version(), None);
    driver.agree("1.4");
    assert_eq!(driver.client.version(), Some(ProtocolVersion::V1_4));
    let state = driver.client.state();
    assert_eq!((state.phase, state.agreed), (Phase::Ready, Some(("Test 1.0".into(), ProtocolVersion::V1_4))));
}

#[test]
fn a_link_that_is_reported_to_be_open_twice_has_one_handshake() {
    let mut driver = Driver::new(Config::default());
    driver.connect();
    let conn = driver.conn.unwrap();
    driver.client.handle(driver.now, Input::Connected(conn));
    driver.drain();
    assert_eq!(String::from_utf8_lossy(driver.client.outgoing()).matches("server.version").count(), 1);
    driver.agree("1.4");
    driver.client.handle(driver.now, Input::Connected(conn));
    driver.drain();
    assert_eq!(driver.client.outgoing(), b"");
    assert_eq!(driver.client.phase(), Phase::Ready);
}

#[test]
fn a_link_that_has_ended_does_not_open_any_more() {
    let mut driver = Driver::new(Config::default());
    driver.drain();
    driver.seen();
    let conn = driver.conn.unwrap();
    driver.client.handle(driver.now, Input::Closed(conn, CloseCause::Failed("no route".into())));
    driver.client.handle(driver.now, Input::Connected(conn));
    assert_eq!(driver.client.outgoing(), b"");
    driver.drain();
    assert_eq!((driver.seen(), driver.client.phase()), (vec!["down connect".to_owned()], Phase::Backoff));
}

#[test]
fn what_is_reported_of_an_old_link_does_not_count_for_the_next() {
    let mut driver = Driver::ready("1.4");
    let old = driver.conn.unwrap();
    driver.close(CloseCause::End);
    driver.sleep();
    driver.client.handle(driver.now, Input::Connected(old));
    driver.drain();
    assert_eq!(driver.client.phase(), Phase::Connecting);
    assert_eq!(driver.client.outgoing(), b"");
    driver.connect();
    let begun = driver.client.outgoing().to_vec();
    driver.client.handle(driver.now, Input::Wrote(old, 10));
    assert_eq!(driver.client.outgoing(), begun);
}

#[test]
fn what_is_read_before_a_link_opened_or_after_it_ended_is_passed_over() {
    let mut driver = Driver::new(Config::default());
    driver.drain();
    driver.seen();
    driver.read("{\"method\":\"too early\"}");
    assert_eq!(driver.seen(), [""; 0]);
    driver.connect();
    driver.agree("1.4");
    driver.seen();
    let conn = driver.conn.unwrap();
    driver.client.handle(driver.now, Input::Read(conn, b"{\"method\":\"in time\"}\n"));
    driver.client.handle(driver.now, Input::Closed(conn, CloseCause::End));
    driver.client.handle(driver.now, Input::Read(conn, b"{\"method\":\"too late\"}\n"));
    driver.client.handle(driver.now, Input::Closed(conn, CloseCause::Failed("reported again".into())));
    driver.drain();
    let seen = driver.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[0].contains("in time"), "{seen:?}");
    assert_eq!(seen[1], "down closed");
}

#[test]
fn lines_may_be_longer_once_the_server_is_known() {
    let mut driver = Driver::ready("1.4");
    let length = 2 * Config::default().limits.line_before_ready;
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.seen();
    driver.read(&format!(r#"{{"id":{id},"result":"{}"}}"#, "x".repeat(length)));
    let seen = driver.seen();
    assert!(seen[0].starts_with(&format!("reply {id} Ok")) && seen[0].len() > length, "{:.100}", seen[0]);
}

#[test]
fn a_link_that_cannot_be_opened_says_whose_fault_it_is() {
    let layer = |side| CloseCause::Layer { layer: Some(Layer::Tls), side, message: "why".into() };
    for (close, side) in [
        (CloseCause::Failed("why".into()), Side::Network),
        (CloseCause::End, Side::Network),
        (layer(Side::Server), Side::Server),
        (layer(Side::Caller), Side::Caller),
        (CloseCause::TooLong { bytes: 100 }, Side::Server),
        (CloseCause::Malformed("why".into()), Side::Server),
    ] {
        let mut driver = Driver::new(Config::default());
        driver.drain();
        driver.client.handle(driver.now, Input::Closed(driver.conn.unwrap(), close.clone()));
        let Action::Event(Event::Down { cause, .. }) = driver.client.poll() else { panic!("{close:?}") };
        assert_eq!((cause.name(), cause.side()), ("connect", side));
        let is_layer = matches!(close, CloseCause::Layer { .. });
        assert!(
            matches!(cause, DownCause::Connect { layer, .. } if layer == is_layer.then_some(Layer::Tls)),
            "{cause:?}"
        );
        assert!(cause.to_string().starts_with("cannot connect: "), "{cause}");
    }
    let mut driver = Driver::ready("1.4");
    driver.seen();
    driver.close(layer(Side::Server));
    assert_eq!(driver.seen(), ["down reset"]);
    // A layer of whole messages finds the faults that the machine finds in lines.
    for cause in [CloseCause::TooLong { bytes: 100 }, CloseCause::Malformed("a masked frame".into())] {
        let mut driver = Driver::ready("1.4");
        driver.seen();
        driver.close(cause);
        assert_eq!(driver.seen(), ["down malformed"]);
    }
}

#[test]
fn a_server_that_hangs_up_on_tls_or_a_websocket_is_tried_again_as_rarely_as_one_that_hangs_up_on_the_handshake() {
    let layer = |layer, side| CloseCause::Layer { layer, side, message: "it hung up".into() };
    for (close, waits) in [
        (CloseCause::Failed("connection refused".into()), [50, 100, 200]),
        (layer(Some(Layer::Proxy), Side::Server), [50, 100, 200]),
        (layer(Some(Layer::Tls), Side::Server), [500, 1000, 2000]),
        (layer(Some(Layer::Tls), Side::Network), [500, 1000, 2000]),
        (layer(Some(Layer::WebSocket), Side::Server), [500, 1000, 2000]),
    ] {
        let mut config = Config::default();
        config.backoff.jitter_permille = 0;
        let mut driver = Driver::new(config);
        let found = waits.map(|_| {
            driver.drain();
            driver.close(close.clone());
            let before = driver.now;
            assert_eq!(driver.sleep(), TimerKind::Retry);
            driver.now.since(before).as_millis()
        });
        assert_eq!(found, waits, "{close:?}");
    }
}

#[test]
fn a_server_that_refuses_is_made_every_offer_before_the_next_server_is_tried() {
    let offers = ["1.6..1.7", "1.4..1.4.2"].map(|range| range.parse().unwrap()).to_vec();
    let mut driver = Driver::new(Config { offers, servers: 2, ..Config::default() });
    let mut offered = String::new();
    for _ in 0..3 {
        if driver.client.phase() == Phase::Backoff {
            assert_eq!(driver.sleep(), TimerKind::Retry);
        }
        driver.connect();
        offered += &String::from_utf8_lossy(driver.client.outgoing());
        let id = driver.written_id("server.version");
        driver.read(&format!(r#"{{"id":{id},"error":{{"code":1,"message":"unsupported protocol version"}}}}"#));
    }
    let versions = offered.lines().map(|line| line.rsplit_once(",[").unwrap().1);
    assert_eq!(versions.collect::<Vec<_>>(), [r#""1.6","1.7"]]}"#, r#""1.4","1.4.2"]]}"#, r#""1.6","1.7"]]}"#]);
    let seen = driver.seen();
    assert_eq!(seen.iter().filter(|word| *word == "down refused").count(), 3);
    assert_eq!(
        seen.iter().filter(|word| word.starts_with("connect")).collect::<Vec<_>>(),
        ["connect 0", "connect 0", "connect 1"]
    );
}

#[test]
fn a_version_without_features_cannot_tell_the_chain() {
    let genesis = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
    let versions = "1.0".parse().unwrap();
    let mut driver =
        Driver::ready_with(Config { versions, genesis_hash: genesis.parse().ok(), ..Config::default() }, "1.0");
    assert_eq!(driver.seen(), ["connect 0", "disconnect", "down unknown_chain"]);
}

#[test]
fn a_server_that_breaks_down_is_made_the_same_offer_again() {
    let offers = ["1.6..1.7", "1.4..1.4.2"].map(|range| range.parse().unwrap()).to_vec();
    let mut driver = Driver::new(Config { offers, ..Config::default() });
    driver.connect();
    driver.close(CloseCause::Failed("reset by peer".into()));
    driver.sleep();
    driver.connect();
    assert!(driver.write().contains("[\"1.6\",\"1.7\"]"));
}

#[test]
fn a_server_that_hangs_up_on_an_offer_that_it_accepted_before_is_made_it_again() {
    let offers = ["1.4..1.4.2", "1.6..1.7"].map(|range| range.parse().unwrap()).to_vec();
    let mut driver = Driver::ready_with(Config { offers, ..Config::default() }, "1.4.2");
    for _ in 0..2 {
        driver.close(CloseCause::End);
        driver.sleep();
        driver.connect();
    }
    assert!(driver.write().contains("[\"1.4\",\"1.4.2\"]"));
}

#[test]
fn of_two_servers_that_were_left_the_one_that_was_left_first_is_tried() {
    let mut driver = Driver::new(Config { servers: 2, ..Config::default() });
    for _ in 0..3 {
        driver.connect();
        driver.agree("1.4");
        driver.now = driver.now + Duration::from_secs(10);
        driver.close(CloseCause::Left("it is too slow".into()));
    }
    driver.seen.retain(|word| word.starts_with("connect"));
    assert_eq!(driver.seen(), ["connect 0", "connect 1", "connect 0", "connect 1"]);
}

#[test]
fn what_the_caller_must_mend_is_no_refused_offer() {
    let offers = ["1.6..1.7", "1.4..1.4.2"].map(|range| range.parse().unwrap()).to_vec();
    let mut driver = Driver::new(Config { offers, servers: 2, ..Config::default() });
    // A changed certificate pin, or a route that cannot work.
    let cause = CloseCause::Layer {
        layer: Some(Layer::Tls),
        side: Side::Caller,
        message: "another certificate than before".into(),
    };
    driver.drain();
    driver.close(cause.clone());
    assert_eq!(driver.seen(), ["connect 0", "down connect", "connect 1"], "not the same server again");
    driver.close(cause);
    driver.sleep();
    assert_eq!(driver.seen(), ["down connect", "connect 0"]);
    driver.connect();
    assert!(driver.write().contains("[\"1.6\",\"1.7\"]"), "and the first offer is not lost");
}

#[test]
fn closing_says_nothing_of_a_link_that_ended_by_itself() {
    let mut driver = Driver::ready("1.4");
    driver.seen();
    driver.client.handle(driver.now, Input::Closed(driver.conn.unwrap(), CloseCause::End));
    driver.client.close(driver.now);
    driver.drain();
    assert_eq!(driver.seen(), [""; 0], "there is nothing to disconnect");
    driver.client.close(driver.now);
    assert_eq!(driver.client.poll(), Action::Finished);
}

#[test]
fn the_connection_and_the_handshake_must_come_in_time() {
    let mut driver = Driver::new(Config::default());
    let begin = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Connect);
    assert_eq!(driver.now.since(begin), Config::default().timeouts.connect);
    assert_eq!(driver.seen(), ["connect 0", "disconnect", "down timeout"]);
    driver.sleep();
    driver.connect();
    let begin = driver.now;
    assert_eq!(driver.sleep(), TimerKind::Handshake);
    assert_eq!(driver.now.since(begin), Config::default().timeouts.handshake);
}
