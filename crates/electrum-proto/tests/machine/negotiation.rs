//! Servers that negotiate in their own way: one version as a string, no word about their chain, escaped keys.

use core::time::Duration;
use electrum_proto::operations::Banner;
use electrum_proto::{CloseCause, Config, Phase, TimerKind, Topic};

use crate::driver::Driver;

const MAINNET: &str = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
const HEADER_0: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f61\
                        7fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";
/// A header that the client can read, of another chain.
const ANOTHER_HEADER_0: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f61\
                                7fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000";

/// The parameters of the `server.version` that the client has written.
fn offered(driver: &mut Driver) -> serde_json::Value {
    let written = driver.write();
    let request: serde_json::Value = serde_json::from_str(&written).expect("one line");
    assert_eq!(request["method"], "server.version");
    request["params"][1].clone()
}

fn refuse(driver: &mut Driver, id: u64, code: i64, message: &str) {
    driver.read(&format!(r#"{{"id":{id},"error":{{"code":{code},"message":"{message}"}}}}"#));
}

#[test]
fn a_server_that_refuses_or_closes_on_a_pair_is_offered_one_version_on_the_next_link_and_remembered() {
    for closes in [false, true] {
        let mut driver = Driver::new(Config::default());
        driver.connect();
        assert_eq!(offered(&mut driver), serde_json::json!(["1.4", "1.7"]));
        if closes {
            driver.close(CloseCause::End);
        } else {
            // The first request of a client has the id 1.
            refuse(&mut driver, 1, 1, "unsupported protocol version");
        }
        assert_eq!(driver.client.outgoing(), b"", "one offer per link");
        driver.sleep();
        driver.connect();
        driver.seen();
        let line = String::from_utf8_lossy(driver.client.outgoing()).into_owned();
        assert!(line.ends_with(",\"1.4\"]}\n"), "{line}");
        driver.agree("1.4");
        assert_eq!(driver.seen(), ["ready 1.4 Test 1.0"]);
        driver.close(CloseCause::End);
        driver.sleep();
        driver.connect();
        assert_eq!(offered(&mut driver), "1.4", "what worked goes first");
    }
}

#[test]
fn no_version_outside_the_range_is_offered() {
    let mut driver = Driver::new(Config { versions: "1.6..1.7".parse().unwrap(), ..Config::default() });
    for _ in 0..4 {
        driver.connect();
        assert_eq!(offered(&mut driver), serde_json::json!(["1.6", "1.7"]));
        driver.close(CloseCause::End);
        driver.sleep();
    }
}

#[test]
fn the_first_header_tells_the_chain_where_the_features_do_not() {
    for (header, seen) in [
        (Some(HEADER_0), "ready 1.4 Test 1.0"),
        (Some(ANOTHER_HEADER_0), "down wrong_chain"),
        (None, "down unknown_chain"),
    ] {
        let mut driver = Driver::ready_with(Config { genesis_hash: MAINNET.parse().ok(), ..Config::default() }, "1.4");
        let id = driver.written_id("server.features");
        refuse(&mut driver, id, -32601, "unknown method");
        driver.seen();
        // What was not reported as written is still outgoing.
        let line = driver.write();
        let line = line.lines().find(|line| line.contains("blockchain.block.header")).expect("header 0 is asked for");
        let request: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(request["params"][0], 0, "{line}");
        let id = request["id"].as_u64().unwrap();
        match header {
            Some(header) => driver.read(&format!(r#"{{"id":{id},"result":"{header}"}}"#)),
            None => refuse(&mut driver, id, -32601, "unknown method"),
        }
        assert!(driver.seen().iter().any(|word| word == seen), "{header:?}");
    }
}

#[test]
fn a_server_that_does_not_answer_for_its_chain_is_asked_in_the_other_way_next_time() {
    let end: fn(&mut Driver) = |driver| driver.close(CloseCause::End);
    let wait: fn(&mut Driver) = |driver| assert_eq!(driver.sleep(), TimerKind::Handshake);
    for fail in [end, wait] {
        let mut driver = Driver::new(Config { genesis_hash: MAINNET.parse().ok(), ..Config::default() });
        let connect = |driver: &mut Driver, answer: Option<&str>| {
            if driver.client.phase() == Phase::Backoff {
                driver.sleep_until(TimerKind::Retry);
            }
            driver.connect();
            driver.agree("1.4");
            let lines = driver.write();
            let line = lines.lines().last().unwrap();
            let request: serde_json::Value = serde_json::from_str(line).unwrap();
            let method = request["method"].as_str().unwrap().to_owned();
            match answer {
                Some(header) => driver.read(&format!(r#"{{"id":{},"result":"{header}"}}"#, request["id"])),
                None => fail(driver),
            }
            method
        };
        // Not answered in any way, it is asked in the first one again.
        for method in ["server.features", "blockchain.block.header", "server.features"] {
            assert_eq!(connect(&mut driver, None), method);
        }
        driver.seen();
        assert_eq!(connect(&mut driver, Some(HEADER_0)), "blockchain.block.header");
        assert!(driver.seen().contains(&"ready 1.4 Test 1.0".to_owned()));
        driver.close(CloseCause::End);
        // What was answered is asked first from then on, and a wrong answer is no reason to ask in another way.
        for _ in 0..2 {
            assert_eq!(connect(&mut driver, Some(ANOTHER_HEADER_0)), "blockchain.block.header");
            assert!(driver.seen().contains(&"down wrong_chain".to_owned()));
        }
    }
}

#[test]
fn a_server_that_closes_when_it_is_asked_for_its_chain_has_not_refused_a_version() {
    let mut driver = Driver::new(Config { genesis_hash: MAINNET.parse().ok(), ..Config::default() });
    for _ in 0..2 {
        driver.connect();
        assert_eq!(offered(&mut driver), serde_json::json!(["1.4", "1.7"]));
        driver.read(r#"{"id":1,"result":["Test 1.0","1.4"]}"#);
        driver.close(CloseCause::End);
        driver.sleep_until(TimerKind::Retry);
    }
}

#[test]
fn a_reply_under_another_id_is_no_answer_to_the_handshake() {
    let mut driver = Driver::new(Config { genesis_hash: MAINNET.parse().ok(), ..Config::default() });
    driver.connect();
    let mut answers = |method, result: &str| {
        let id = driver.written_id(method);
        driver.seen();
        driver.read(&format!(r#"{{"id":{},"result":{result}}}"#, id + 1));
        assert!(driver.seen()[0].starts_with("Unknown(Reply"), "{method}");
        assert_eq!((driver.client.phase(), driver.client.outgoing()), (Phase::Handshaking, &b""[..]));
        driver.read(&format!(r#"{{"id":{id},"result":{result}}}"#));
        driver.client.phase()
    };
    assert_eq!(answers("server.version", r#"["Test 1.0","1.4"]"#), Phase::Handshaking);
    let features = format!(
        r#"{{"genesis_hash":"{MAINNET}","server_version":"x","protocol_min":"1.4","protocol_max":"1.4","hosts":{{}}}}"#
    );
    assert_eq!(answers("server.features", &features), Phase::Ready);
}

#[test]
fn a_server_that_is_too_busy_for_the_handshake_has_not_refused_a_version() {
    for (code, message) in [(-101, "excessive resource usage"), (-102, "server busy - request timed out")] {
        let mut driver = Driver::new(Config { servers: 2, ..Config::default() });
        let start = driver.now;
        for _ in 0..6 {
            if driver.client.phase() == Phase::Backoff {
                assert_eq!(driver.sleep(), TimerKind::Retry);
            }
            driver.connect();
            assert_eq!(offered(&mut driver), serde_json::json!(["1.4", "1.7"]));
            driver.seen();
            // The id is not needed for an error: only this request is in flight.
            driver.read(&format!(r#"{{"id":null,"error":{{"code":{code},"message":"{message}"}}}}"#));
            assert_eq!(driver.seen()[..2], ["disconnect", "down busy"], "{message}");
        }
        assert!(driver.now.since(start) < Duration::from_secs(60), "no server is set aside");
        driver.sleep();
        driver.connect();
        driver.agree("1.7");
        assert!(driver.seen().contains(&"ready 1.7 Test 1.0".to_owned()));
    }
}

#[test]
fn a_server_that_is_too_busy_to_say_its_chain_is_not_set_aside() {
    let genesis_hash = MAINNET.parse().ok();
    let mut driver = Driver::new(Config { genesis_hash, servers: 2, ..Config::default() });
    let start = driver.now;
    let mut asked = Vec::new();
    for _ in 0..6 {
        if driver.client.phase() == Phase::Backoff {
            assert_eq!(driver.sleep(), TimerKind::Retry);
        }
        driver.connect();
        driver.agree("1.4");
        while driver.client.phase() == Phase::Handshaking {
            let line = driver.write();
            let request: serde_json::Value = serde_json::from_str(&line).unwrap();
            asked.push(request["method"].as_str().unwrap().to_owned());
            refuse(&mut driver, request["id"].as_u64().unwrap(), -102, "server busy");
        }
        let seen = driver.seen();
        assert!(seen.contains(&"down busy".to_owned()), "{seen:?}");
    }
    assert!(driver.now.since(start) < Duration::from_secs(60), "{asked:?}");
    assert!(["server.features", "blockchain.block.header"].iter().all(|method| asked.contains(&(*method).to_owned())));
}

#[test]
fn escaped_keys_are_the_keys_that_they_spell() {
    let mut driver = Driver::ready("1.4");
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.seen();
    driver.read(&format!(r#"{{"\u0069d":{id},"re\u0073ult":"hello"}}"#));
    assert_eq!(driver.seen(), [format!(r#"reply {id} Ok("\"hello\"")"#)]);
}

#[test]
fn a_topic_that_is_accepted_after_a_refusal_says_so_though_its_value_is_known() {
    let tip = format!(r#"{{"height":0,"hex":"{HEADER_0}"}}"#);
    let mut driver = Driver::ready("1.4");
    driver.client.subscribe(driver.now, Topic::Headers).unwrap();
    driver.drain();
    driver.answer("blockchain.headers.subscribe", &tip);
    driver.close(CloseCause::End);
    driver.reconnect("1.4");
    driver.seen();
    // A refusal for a moment is not worth a word, a lasting one is.
    let is_reported = (0..20).any(|_| {
        let id = loop {
            if let [id] = driver.written_ids("blockchain.headers.subscribe")[..] {
                break id;
            }
            driver.sleep();
        };
        refuse(&mut driver, id, -32603, "unavailable index");
        driver.seen().iter().any(|word| word.starts_with("SubscriptionRefused"))
    });
    assert!(is_reported);
    while !String::from_utf8_lossy(driver.client.outgoing()).contains("blockchain.headers.subscribe") {
        driver.sleep();
    }
    driver.answer("blockchain.headers.subscribe", &tip);
    let seen = driver.seen();
    assert!(seen.iter().any(|word| word.starts_with("SubscriptionRestored")), "{seen:?}");
}
