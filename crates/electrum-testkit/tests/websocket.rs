//! A WebSocket before a fake server, with tungstenite's own client.
#![cfg(feature = "websocket")]

use electrum_testkit::prelude::*;
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::{Error, Message, WebSocket};

const BOUND: Duration = Duration::from_secs(60);

fn connect(url: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(url.strip_prefix("ws://").unwrap()).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    tungstenite::client(format!("{url}/electrum"), stream).unwrap().0
}

fn version(socket: &mut WebSocket<TcpStream>) {
    let request = r#"{"jsonrpc":"2.0","id":0,"method":"server.version","params":["me","1.4"]}"#;
    socket.send(Message::text(request)).unwrap();
    assert_eq!(
        socket.read().unwrap().into_text().unwrap().as_str(),
        r#"{"id":0,"jsonrpc":"2.0","result":["Fulcrum 2.1.1","1.4"]}"#
    );
}

#[test]
fn a_message_is_a_line_and_the_servers_end_is_a_close_frame() {
    let server = Server::start(Family::Fulcrum2_1);
    let front = server.websocket();
    let mut sockets = [connect(&front.url()), connect(&front.url())];
    sockets.iter_mut().for_each(version);
    assert_eq!(server.stats().requests("server.version"), 2);
    server.kill_connections();
    for mut socket in sockets {
        assert!(matches!(socket.read(), Ok(Message::Close(Some(frame))) if u16::from(frame.code) == 1001));
    }
    version(&mut connect(&front.url()));
}

#[test]
fn a_long_line_comes_in_pieces() {
    let line = "x".repeat(200_000);
    let steps = vec![Step::call("server.version"), Step::send(format!("{line}\n")), Step::Silence];
    let server = Scripted::in_turn(vec![steps]);
    let front = electrum_testkit::Front::websocket(server.addr());
    let mut socket = connect(&front.url());
    socket.send(Message::text(r#"{"id":0,"method":"server.version","params":["me","1.4"]}"#)).unwrap();
    assert_eq!(socket.read().unwrap().into_text().unwrap().as_str(), line);
}

#[test]
fn dropping_the_front_ends_its_connections() {
    let server = Server::start(Family::Fulcrum2_1);
    let front = server.websocket();
    let mut socket = connect(&front.url());
    version(&mut socket);
    let address = front.addr();
    drop(front);
    assert!(matches!(socket.read(), Err(Error::Protocol(_) | Error::Io(_)) | Ok(Message::Close(_))));
    assert!(TcpStream::connect(address).is_err());
    assert!(server.wait_until(BOUND, |stats| stats.open == 0));
}
