//! Servers that are reached over WebSockets.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::tool::run;
use electrum_testkit::prelude::*;
use serde_json::json;

#[test]
fn a_probe_and_a_call_over_a_websocket() {
    let server = Server::start(Family::Fulcrum2_1);
    let front = server.websocket();
    let done = run(&["probe", "--json", &front.url()]).succeeded();
    assert_eq!(done.objects()[0]["server"], json!(format!("{}", front.url())));
    run(&["call", &format!("{}/electrum?x=1", front.url()), "server.banner"]).succeeded();
    assert_eq!(server.stats().requests("server.banner"), 1);
}

#[test]
fn an_http_server_is_named_with_its_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/nothing", listener.local_addr().expect("an address"));
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the tool");
        let mut request = [0; 4096];
        let count = stream.read(&mut request).expect("its request");
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").expect("an answer");
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    let done = run(&["probe", "--json", &url]);
    assert_eq!(done.code, Some(1));
    for shown in [&url, "HTTP/1.1 404 Not Found", "path"] {
        assert!(done.errors.contains(shown), "{shown:?} in {}", done.errors);
    }
    assert!(serving.join().expect("it served").starts_with("GET /nothing HTTP/1.1"));
}
