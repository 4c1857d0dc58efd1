//! `serve` builds the page and says where it is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn the_page_is_served_with_fake_servers() {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_serve")).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(serve.stdout.take().unwrap()).lines().map_while(Result::ok);
    let url = lines.find(|line| line.starts_with("http://")).unwrap_or_default();
    let page = get(&url);
    serve.kill().unwrap();
    serve.wait().unwrap();
    assert!(url.contains("#addresses=ws://127.0.0.1:"), "{url}");
    assert!(page.contains("200 OK") && page.contains("electrum_web_page.js"), "{page}");
}

/// The program that the page starts with.
fn get(url: &str) -> String {
    let host = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /start.js HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
