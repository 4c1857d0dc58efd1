//! Servers behind a SOCKS5 proxy, and what is reported when the proxy refuses.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::peer::{answering, serving};
use crate::tool::{BOUND, closed_port, run};
use electrum_testkit::Front;
use electrum_testkit::prelude::*;
use serde_json::json;

#[test]
fn a_server_is_probed_through_a_proxy() {
    let (server, front) = (Server::start(Family::Fulcrum2_1), Front::socks());
    let route = front.url();
    let done = run(&["probe", "--json", &server.url(), "--proxy", &route]).succeeded();
    let found = &done.objects()[0];
    assert_eq!((&found["route"], &found["software"]), (&json!(route), &json!("Fulcrum 2.1.1")));
    let words = run(&["probe", &server.url(), "--proxy", &route]).lines.join("\n");
    assert!(words.contains(&route), "{words}");
}

#[test]
fn an_onion_service_is_named_to_the_proxy_only() {
    let name = "explorerzydxu5ecjrkwceayqybizmpjjznk5izmitf2modhcusuqlid.onion";
    let (sender, asked) = std::sync::mpsc::channel();
    let address = serving(move |mut stream| {
        let (mut greeting, mut request) = ([0; 3], [0; 69]);
        stream.read_exact(&mut greeting)?;
        stream.write_all(&[5, 0])?;
        stream.read_exact(&mut request)?;
        let _ = sender.send(request[5..67].to_vec());
        stream.write_all(&[5, 0xf0, 0, 1, 0, 0, 0, 0, 0, 0])
    });
    let done = run(&["probe", &format!("tcp://{name}:110"), "--proxy", &format!("socks5://{address}")]);
    assert_eq!(done.code, Some(1), "{}", done.errors);
    assert_eq!(asked.recv_timeout(BOUND).as_deref(), Ok(name.as_bytes()));
}

#[test]
fn a_proxy_that_cannot_keep_servers_apart_is_not_used_for_that() {
    let address = answering(&[&[5, 0xff]]);
    let done = run(&["probe", "tcp://127.0.0.1:1", "--proxy", &format!("socks5://{address}"), "--isolate"]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains("isolat"), "{}", done.errors);
}

#[test]
fn what_a_proxy_refuses_is_reported() {
    const ACCEPTED: &[u8] = &[5, 0];
    let cases: [(&'static [&'static [u8]], &str); 6] = [
        (&[ACCEPTED, &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]], "not allow"),
        (&[ACCEPTED, &[5, 4, 0, 1, 0, 0, 0, 0, 0, 0]], "reach"),
        (&[ACCEPTED, &[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], "refused"),
        (&[&[5, 0xff]], "password"),
        (&[b"HTTP/1.1 400 Bad Request\r\n\r\n"], "SOCKS5"),
        (&[], "hung up"),
    ];
    for (answers, words) in cases {
        // What hangs up with bytes unread would reset the connection.
        let hang_up = |mut stream: TcpStream| stream.read_exact(&mut [0; 3]);
        let address = if answers.is_empty() { serving(hang_up) } else { answering(answers) };
        let done = run(&["probe", "--json", "tcp://127.0.0.1:1", "--proxy", &format!("socks5://{address}")]);
        assert_eq!(done.code, Some(1), "{words}");
        assert_eq!(done.objects()[0]["cause"], "connect", "{words}");
        assert_eq!(done.objects()[0]["route"], format!("socks5://{address}"));
        for shown in [words, "tcp://127.0.0.1:1 through socks5://", "hint:"] {
            assert!(done.errors.contains(shown), "{shown:?} in {}", done.errors);
        }
    }
}

#[test]
fn a_proxy_that_is_not_there() {
    let gone = closed_port().replace("tcp://", "socks5://");
    let done = run(&["probe", "tcp://127.0.0.1:1", "--proxy", &gone]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains("check that the proxy runs"), "{}", done.errors);
}
