//! Scripts are played as written.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use electrum_testkit::chain::Chain;
use electrum_testkit::scripted::{Scripted, Step};

const BOUND: Duration = Duration::from_secs(10);

fn connect(server: &Scripted) -> TcpStream {
    let stream = TcpStream::connect(server.addr()).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    stream
}

fn to_end(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn answers_carry_the_id_of_the_line_before() {
    let mut script = Step::handshake("fake", "1.4").to_vec();
    script.extend([Step::Line, Step::error(-32601, "unknown")]);
    let server = Scripted::start(script);
    let mut stream = connect(&server);
    stream.write_all(b"{\"id\":\"a\",\"method\":\"server.version\"}\n{\"id\":8}\n").unwrap();
    assert_eq!(
        to_end(&mut stream),
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":[\"fake\",\"1.4\"]}\n\
         {\"jsonrpc\":\"2.0\",\"id\":8,\"error\":{\"code\":-32601,\"message\":\"unknown\"}}\n"
    );
    assert!(server.wait_done(1, BOUND));
    assert_eq!(server.lines()[0][1], "{\"id\":8}");
    server.check();
}

#[test]
#[should_panic(expected = "the script was not followed")]
fn another_line_than_the_expected_is_noticed() {
    let server = Scripted::start(vec![Step::Exactly("ping".to_owned())]);
    let mut stream = connect(&server);
    stream.write_all(b"pong\n").unwrap();
    assert_eq!(to_end(&mut stream), "");
    server.check();
}

#[test]
fn each_connection_plays_its_own_script() {
    let server = Scripted::in_turn(vec![vec![Step::send("one")], vec![Step::send("more")]]);
    for expected in ["one", "more", "more"] {
        assert_eq!(to_end(&mut connect(&server)), expected);
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn a_reset_is_a_reset() {
    let server = Scripted::start(vec![Step::Line, Step::Reset]);
    let mut stream = connect(&server);
    stream.write_all(b"hello\n").unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn bytes_come_one_by_one() {
    let server = Scripted::start(vec![Step::Drip(b"abc".to_vec(), Duration::from_millis(1))]);
    assert_eq!(to_end(&mut connect(&server)), "abc");
}

#[test]
fn dropping_it_ends_what_stalls_floods_waits_or_is_silent() {
    let scripts = [Step::Stall, Step::Silence, Step::Wait(Duration::from_secs(3600)), Step::Flood(vec![b'x'; 65536])];
    let server = Scripted::in_turn(scripts.map(|step| vec![step]).to_vec());
    let streams: Vec<_> = (0..4).map(|_| connect(&server)).collect();
    assert!(server.wait_connections(4, BOUND));
    drop(server);
    for mut stream in streams {
        // With a flood in its way the end may well be a reset.
        if let Err(error) = std::io::copy(&mut stream, &mut std::io::sink()) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
    }
}

#[test]
fn answers_can_be_honest_in_part() {
    let script = vec![
        Step::Line,
        Step::SendText("{\"id\":\"$id\",".into()),
        Step::Repeat(b" ".to_vec(), 3),
        Step::SendLine("\"result\":$result}".into()),
        Step::Serve,
    ];
    let server = Scripted::start(script);
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut say = |line: &str| {
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        lines.next().unwrap().unwrap()
    };
    let header = Chain::funded().header(0).unwrap().to_hex();
    let ask = r#"{"id":7,"method":"blockchain.block.header","params":[0]}"#;
    assert_eq!(say(ask), format!(r#"{{"id":"7",   "result":"{header}"}}"#));
    assert!(say(ask).contains(&format!(r#""result": "{header}""#)));
    assert!(say(r#"{"id":8,"method":"no.such"}"#).contains("unknown method"));
    assert_eq!(server.accepted().len(), 1);
}
