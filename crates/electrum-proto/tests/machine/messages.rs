//! What the server says: arrays, answers to nothing, and that it is too busy.

use electrum_proto::operations::{Banner, Raw};
use electrum_proto::{Action, CloseCause, Config, DownCause, EncodedRequests, Event, Input, KeptReply, Phase};

use crate::driver::Driver;

/// What comes of a line, with `m` for a message.
fn reported(line: &str) -> Vec<String> {
    let mut driver = Driver::ready("1.4");
    driver.seen();
    driver.read(&line.replace('m', r#"{"method":"x","params":[[],"]"]}"#));
    let messages = |word: &String| if word.starts_with("Unknown") { "m".into() } else { word.clone() };
    driver.seen().iter().map(messages).collect()
}

#[test]
fn arrays_of_messages_are_read_as_json_has_them() {
    for (line, messages) in [("[]", 0), (" [ ] ", 0), ("[m]", 1), ("[m]\r", 1), (" [ m , m,m ] ", 3), ("[m,m]", 2)] {
        assert_eq!(reported(line), vec!["m"; messages], "{line}");
    }
    for (line, messages) in [
        ("[m", 0),
        ("[m,", 1),
        ("[m,]", 0),
        ("[m, ]", 0),
        ("[m m]", 0),
        ("[m]]", 1),
        ("[m] m", 1),
        ("[] m", 0),
        ("[,m]", 0),
        ("[m,,m]", 1),
        ("[[m]]", 0),
        ("[m,[m]]", 1),
        ("[", 0),
    ] {
        let mut expected = vec!["m"; messages];
        expected.extend(["disconnect", "down malformed"]);
        assert_eq!(reported(line), expected, "{line}");
    }
}

#[test]
fn a_link_on_which_nothing_is_answered_that_was_asked_is_given_up() {
    let mut config = Config::default();
    config.limits.unknown_replies = 2;
    let mut driver = Driver::ready_with(config, "1.4");
    for round in 1..=2 {
        driver.seen();
        driver.read(r#"{"id":77,"result":1}"#);
        assert!(driver.seen()[0].starts_with("Unknown(Reply"), "{round}");
    }
    driver.read(r#"{"id":77,"result":1}"#);
    assert_eq!(driver.seen(), ["disconnect", "down malformed"]);
}

/// A driver whose client bears so many answers in a row that say no more than that the server is busy.
fn bears(busy_replies: usize) -> Driver {
    let mut config = Config::default();
    config.limits.busy_replies = busy_replies;
    let mut driver = Driver::new(config);
    driver.connect();
    driver
}

/// The error of a server that is too busy.
pub(crate) const BUSY: &str = r#"{"code":-102,"message":"server busy"}"#;

#[test]
fn a_server_that_says_nothing_but_that_it_is_busy_is_given_up() {
    let mut driver = bears(2);
    driver.agree("1.4");
    let ids = driver.request_all(vec![Banner; 7]);
    driver.seen();
    let mut answers = ids.into_iter();
    let mut answer = |driver: &mut Driver, outcome: &str| {
        let id = answers.next().unwrap();
        driver.read(&format!(r#"{{"id":{id},{outcome}}}"#));
        driver.seen()
    };
    let busy = format!(r#""error":{BUSY}"#);
    for outcome in [&busy, &busy, r#""result":"""#, &busy, &busy] {
        assert_eq!(answer(&mut driver, outcome).len(), 1, "what is between them counts");
    }
    let seen = answer(&mut driver, &busy);
    let replies = seen.iter().filter(|word| word.starts_with("reply")).collect::<Vec<_>>();
    assert_eq!([&seen[0], &seen[2]], ["disconnect", "down busy"], "{seen:?}");
    assert_eq!(replies.len(), 2, "the one that was answered, and one that is lost: {seen:?}");
    assert!(replies[0].contains("server busy") && replies[1].contains("Lost"), "{replies:?}");
}

#[test]
fn any_other_error_shows_that_the_server_works() {
    let mut driver = bears(0);
    driver.agree("1.4");
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.read(&format!(r#"{{"id":{id},"error":{{"code":1,"message":"no"}}}}"#));
    assert_eq!(driver.client.phase(), Phase::Ready);
}

#[test]
fn being_busy_during_the_handshake_is_borne_by_no_link_and_is_no_refusal() {
    let mut driver = bears(9);
    let id = driver.written_id("server.version");
    driver.read(&format!(r#"{{"id":{id},"error":{BUSY}}}"#));
    assert_eq!(driver.seen().last().unwrap(), "down busy");
}

#[test]
fn what_is_no_text_ends_the_link_and_is_shown() {
    let mut driver = Driver::ready("1.4");
    let conn = driver.conn.unwrap();
    driver.client.handle(driver.now, Input::Read(conn, b"\x16\x03\x01 hello \xff\n"));
    assert_eq!(driver.client.poll(), Action::Disconnect(conn));
    let Action::Event(Event::Down { cause, .. }) = driver.client.poll() else { panic!("the link is down") };
    let DownCause::Malformed { what, excerpt, .. } = &cause else { panic!("{cause:?}") };
    assert!(what.contains("UTF-8") && excerpt.contains(" hello "), "{cause}");
}

/// Makes a request that is answered with a text of this length. Gives the address of the answer, and keeps it.
fn kept(driver: &mut Driver, length: usize) -> (*const u8, KeptReply) {
    let id = driver.client.request(driver.now, Banner).unwrap().id.number();
    driver.drain();
    let line = format!("{{\"id\":{id},\"result\":\"{}\"}}\n", "x".repeat(length));
    driver.client.handle(driver.now, Input::Read(driver.conn.unwrap(), line.as_bytes()));
    let Action::Event(Event::Reply { result: Ok(reply), .. }) = driver.client.poll() else { panic!("{id}") };
    (reply.result.as_str().as_ptr(), reply.keep())
}

#[test]
fn a_long_answer_is_kept_without_a_copy_and_its_memory_is_used_for_the_next_one() {
    let mut driver = Driver::ready("1.4");
    let mut addresses = Vec::new();
    for length in [65_000, 66_000, 66_000] {
        let (address, kept) = kept(&mut driver, length);
        let text = kept.reply().result.as_str();
        assert_eq!(text.trim_matches('"'), "x".repeat(length));
        assert_eq!(text.as_ptr() == address, length > 64 * 1024, "{length}");
        addresses.push(address);
        drop(kept);
        driver.drain();
    }
    assert_eq!(addresses[1], addresses[2]);
}

#[test]
fn a_request_that_was_encoded_before_is_sent_as_any_other() {
    let mut driver = Driver::ready("1.4");
    let mut encoded = EncodedRequests::new(driver.client.version().unwrap());
    assert!(encoded.is_empty());
    encoded.push(&Banner).unwrap();
    assert_eq!(encoded.len(), 1);
    let deadline = driver.now + Config::default().timeouts.request;
    let ids = [0; 2].map(|_| {
        let request = encoded.get(0).unwrap();
        driver.client.request_encoded(driver.now, deadline, request).unwrap().number()
    });
    let line = format!(r#"{{"jsonrpc":"2.0","id":{},"method":"server.banner","params":[]}}"#, ids[0]);
    assert!(driver.client.outgoing().starts_with(format!("{line}\n").as_bytes()));
    driver.client.handle(driver.now, Input::Wrote(driver.conn.unwrap(), line.len() + 1));
    driver.close(CloseCause::End);
    let seen = driver.seen().join(" ");
    for (id, written) in [(ids[0], true), (ids[1], false)] {
        assert!(seen.contains(&format!("reply {id} Err(Lost {{ written: {written}")), "{seen}");
    }
}

#[test]
fn parameters_may_have_names() {
    let mut driver = Driver::ready("1.4");
    let params = serde_json::Map::from_iter([("b".to_owned(), 1.into()), ("a".to_owned(), serde_json::Value::Null)]);
    let request = Raw::new("x", params);
    assert_eq!(request.params.positional(), [] as [serde_json::Value; 0]);
    driver.client.request(driver.now, request).unwrap();
    let written: serde_json::Value = serde_json::from_str(&driver.write()).unwrap();
    assert_eq!(written["params"], serde_json::json!({"a": null, "b": 1}));
}
