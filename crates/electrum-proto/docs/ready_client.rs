// The hidden part of the examples of `Client`: a client that is ready, and a server that sends the lines it is given.
pub use electrum_proto::{Action, Client, Config, ConnId, Event, Input, Timestamp};

/// Lets the server send a line.
#[allow(dead_code)]
pub fn server_says(client: &mut Client, conn: ConnId, line: &str) {
    client.handle(Timestamp::ZERO, Input::Read(conn, format!("{line}\n").as_bytes()));
}

/// A client that has agreed to protocol 1.4 with a server.
#[allow(dead_code)]
pub fn ready_client() -> (Client, ConnId) {
    ready_client_of("1.4")
}

/// A client that has agreed to a version with a server.
#[allow(dead_code)]
pub fn ready_client_of(version: &str) -> (Client, ConnId) {
    let mut client = Client::new(Config::default(), Timestamp::ZERO);
    let Action::Connect(conn, _) = client.poll() else { unreachable!() };
    client.handle(Timestamp::ZERO, Input::Connected(conn));
    server_says(&mut client, conn, &format!(r#"{{"id":1,"result":["Example 1.0","{version}"]}}"#));
    assert!(matches!(client.poll(), Action::Event(Event::Ready { .. })));
    let written = client.outgoing().len();
    client.handle(Timestamp::ZERO, Input::Wrote(conn, written));
    (client, conn)
}
