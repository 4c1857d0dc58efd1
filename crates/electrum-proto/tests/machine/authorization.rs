//! The secret that each request carries, and that nothing shows.

use electrum_proto::operations::Banner;
use electrum_proto::{Authorization, Config, TimerKind, Topic};

use crate::driver::{Driver, script};

const SECRET: &str = "eyJhbGciOi.c2VjcmV0";

fn authorization(text: &str) -> Option<Authorization> {
    Some(Authorization::new(text))
}

fn config() -> Config {
    Config { client_name: "me".into(), authorization: authorization("Bearer eyJhbGciOi.c2VjcmV0"), ..Config::default() }
}

/// A driver whose client is ready, and carries an authorization.
fn ready() -> Driver {
    let mut driver = Driver::ready_with(config(), "1.4");
    driver.seen();
    driver
}

#[test]
fn each_request_carries_it_from_the_first_on() {
    let mut driver = Driver::new(Config { genesis_hash: Some("00".repeat(32).parse().unwrap()), ..config() });
    driver.connect();
    assert_eq!(
        driver.write(),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.version\",\"params\":[\"me\",[\"1.4\",\"1.7\"]],\
         \"authorization\":\"Bearer eyJhbGciOi.c2VjcmV0\"}\n"
    );
    driver.read(r#"{"result":["Test 1.0","1.4"],"id":1}"#);
    assert_eq!(
        driver.write(),
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"server.features\",\"params\":[],\
         \"authorization\":\"Bearer eyJhbGciOi.c2VjcmV0\"}\n"
    );

    let mut driver = ready();
    driver.client.subscribe(driver.now, Topic::Script(script())).unwrap();
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    let written = driver.write();
    assert_eq!(written.lines().count(), 2);
    assert!(written.lines().all(|line| line.ends_with(r#"],"authorization":"Bearer eyJhbGciOi.c2VjcmV0"}"#)));
    let mut driver = ready();
    assert_eq!(driver.sleep(), TimerKind::Ping);
    assert!(
        driver
            .write()
            .ends_with("\"method\":\"server.ping\",\"params\":[],\"authorization\":\"Bearer eyJhbGciOi.c2VjcmV0\"}\n")
    );
}

#[test]
fn it_is_text_and_escaped_as_such() {
    let mut driver = ready();
    driver.client.set_authorization(authorization("a\"b\\\n\u{e9}"));
    driver.client.request(driver.now, Banner).unwrap();
    assert!(driver.write().ends_with("\"authorization\":\"a\\\"b\\\\\\n\u{e9}\"}\n"));
}

#[test]
fn it_is_renewed_for_what_is_sent_later_and_on_later_links() {
    let mut driver = ready();
    driver.client.set_authorization(authorization("Bearer other"));
    driver.client.request(driver.now, Banner).unwrap();
    driver.drain();
    assert!(driver.write().ends_with(",\"authorization\":\"Bearer other\"}\n"));
    driver.close(electrum_proto::CloseCause::End);
    driver.sleep();
    driver.connect();
    assert!(driver.write().ends_with(",\"authorization\":\"Bearer other\"}\n"), "in the handshake");
    // On a link that is not open yet, and for no more.
    driver.close(electrum_proto::CloseCause::End);
    driver.client.set_authorization(None);
    driver.sleep();
    driver.connect();
    assert!(!driver.write().contains("authorization"));
}

/// Whatever a client emits for what the server sent, as text.
fn emitted(mut driver: Driver, line: &str) -> String {
    driver.read(line);
    let seen = driver.seen().join("\n");
    let state = format!("{:?}", driver.client);
    assert!(!state.contains(SECRET), "{state}");
    seen
}

#[test]
fn words_of_a_server_do_not_repeat_it() {
    let words = format!("token expired: Bearer {SECRET}");
    // A call, and a subscription.
    for is_call in [true, false] {
        let mut driver = ready();
        if is_call {
            driver.client.request(driver.now, Banner).unwrap();
        } else {
            driver.client.subscribe(driver.now, Topic::Script(script())).unwrap();
        }
        driver.drain();
        driver.write();
        let error = format!(r#"{{"id":2,"error":{{"code":1,"message":"{words}","data":["{SECRET}"]}}}}"#);
        let seen = emitted(driver, &error);
        assert!(seen.contains("token expired: Bearer [redacted]") && !seen.contains(SECRET), "{seen}");
    }
    // The one before, in an answer that comes late.
    let mut driver = ready();
    driver.client.request(driver.now, Banner).unwrap();
    driver.write();
    driver.client.set_authorization(authorization("Bearer other"));
    let seen = emitted(driver, &format!(r#"{{"id":2,"error":"{words}"}}"#));
    assert!(seen.contains("[redacted]") && !seen.contains(SECRET), "{seen}");
}

#[test]
fn the_end_of_a_link_does_not_repeat_it() {
    for line in [
        format!(r#"{{"id":1,"error":{{"code":1,"message":"refused: {SECRET}"}}}}"#),
        format!("HTTP/1.1 401 {SECRET}"),
        // An excerpt ends after 120 characters.
        format!("{}{SECRET}", "x".repeat(110)),
        format!(r#"{{"id":1,"result":["{SECRET}"]}}"#),
    ] {
        let mut driver = Driver::new(config());
        driver.connect();
        driver.write();
        let conn = driver.conn.unwrap();
        driver.client.handle(driver.now, electrum_proto::Input::Read(conn, format!("{line}\n").as_bytes()));
        let mut causes = String::new();
        while let action @ (electrum_proto::Action::Event(_) | electrum_proto::Action::Disconnect(_)) =
            driver.client.poll()
        {
            if let electrum_proto::Action::Event(electrum_proto::Event::Down { cause, .. }) = action {
                causes = format!("{cause} {cause:?}");
            }
        }
        assert!(causes.contains("[redacted]") && !causes.contains(&SECRET[..10]), "{causes}");
    }
}

#[test]
fn no_debug_output_shows_it() {
    let mut driver = ready();
    driver.client.request(driver.now, Banner).unwrap();
    driver.client.set_authorization(authorization("Bearer other-secret"));
    let shown = format!("{:?} {:?} {:?}", config(), driver.client, driver.client.config());
    let as_bytes = format!("{:?}", SECRET.as_bytes());
    for secret in [SECRET, as_bytes.trim_matches(['[', ']']), "other-secret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
