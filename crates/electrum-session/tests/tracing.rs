//! What is logged with the crate `tracing`, or with the crate `log` if that feature is off, and that secrets are not.

mod harness;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

use electrum_session::CallErrorKind;
use electrum_session::proto::Authorization;
use electrum_session::proto::operations::{Banner, Raw};
use electrum_session::transport::Route;
use electrum_testkit::listener::Listener;
use harness::{Asked, BOUND, Reaction, Server, Written, block_on, bounded, config, start};
use serde_json::json;

/// Whether events of calls are logged, and what is sent and received.
const IS_TRACED: bool = cfg!(feature = "tracing");

/// A SOCKS5 proxy that wants this user and password, to the IPv4 address that it is asked for.
fn proxy(user: &'static str, password: &'static str) -> Listener {
    Listener::start(move |_, client| drop(relay(client, user, password)))
}

fn relay(mut client: TcpStream, user: &str, password: &str) -> io::Result<()> {
    let mut count = [0; 2];
    client.read_exact(&mut count)?;
    client.read_exact(&mut vec![0; count[1].into()])?;
    client.write_all(&[5, 2])?;
    let mut credentials = vec![0; 3 + user.len() + password.len()];
    client.read_exact(&mut credentials)?;
    assert!(credentials.ends_with(password.as_bytes()), "{credentials:?}");
    client.write_all(&[1, 0])?;
    let mut request = [0; 10];
    client.read_exact(&mut request)?;
    let [5, 1, 0, 1, a, b, c, d, high, low] = request else { panic!("{request:?}") };
    let mut server = TcpStream::connect(SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low]))))?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let (mut answers, mut back) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || io::copy(&mut answers, &mut back).and_then(|_| back.shutdown(Shutdown::Both)));
    io::copy(&mut client, &mut server)?;
    server.shutdown(Shutdown::Both)
}

#[test]
fn connections_and_calls_are_logged_without_secrets() {
    const PASSWORD: &str = "correct-horse";
    const TRANSACTION: &str = "02000000beefbeefbeefbeef";
    const TOKEN: &str = "c2VjcmV0LXRva2Vu";
    let written = Written::start();
    bounded(move || {
        let wait_if_traced = |parts: &[&str]| {
            if IS_TRACED {
                written.wait_for(parts);
            }
        };
        // It repeats what it was sent, wherever it can.
        let server = Server::start(|asked: &Asked| match asked.method.as_str() {
            "blockchain.transaction.broadcast" => Some(Reaction::Error(1, "rejected: 02000000beefbeefbeefbeef")),
            "blockchain.relayfee" => Some(Reaction::Error(1, "expired: c2VjcmV0LXRva2Vu")),
            "close" => Some(Reaction::Close),
            "garbled" => Some(Reaction::Line(r#"{"result":"02000000beefbeefbeefbeef"#)),
            "busy" => Some(Reaction::Error(-102, "busy: 02000000beefbeefbeefbeef")),
            _ => None,
        });
        let mut proxied = config(&[server.address()]);
        let proxy = proxy("user", PASSWORD);
        let url = format!("socks5://user:{PASSWORD}@{}", proxy.addr());
        proxied.route = Route::direct().with_proxy(url.parse().unwrap());
        proxied.protocol.authorization = Some(Authorization::new(format!("Bearer {TOKEN}")));
        let client = start(proxied);
        block_on(client.ready(BOUND)).unwrap();
        let address = server.address().to_string();
        written.wait_for(&["INFO", &address, "Test 1.0", "1.4"]);
        wait_if_traced(&["INFO", "ready", &address, "software=\"Test 1.0\"", "version=1.4"]);

        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
        // The call's span is inside of that of its connection, and closed by its answer.
        wait_if_traced(&["DEBUG", "connection{server=", &address, "call{method=server.banner id=", "answer"]);
        wait_if_traced(&["call{method=server.banner id=", "close"]);

        let broadcast = Raw::new("blockchain.transaction.broadcast", vec![TRANSACTION.into()]);
        let error = block_on(client.call(broadcast)).unwrap_err();
        assert!(error.to_string().contains(TRANSACTION), "{error}");
        wait_if_traced(&["call{method=blockchain.transaction.broadcast id=", "error", "code=1"]);

        let error = block_on(client.call(Raw::new("blockchain.relayfee", vec![]))).unwrap_err();
        assert!(format!("{error} {error:?}").contains("expired: [redacted]"), "{error}");
        assert_eq!(server.authorizations().last(), Some(&format!("Bearer {TOKEN}")));
        client.set_authorization(Some(Authorization::new("Bearer renewed-token")));
        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
        assert_eq!(server.authorizations().last().unwrap(), "Bearer renewed-token");

        server.notify("some.topic", &json!([TRANSACTION, TOKEN]));
        written.wait_for(&["DEBUG", "ignored", "notification without a subscription", "bytes"]);

        let closed = block_on(client.call(Raw::new("close", vec![TRANSACTION.into()])));
        assert_eq!(closed.unwrap_err().kind(), CallErrorKind::MaybeSent);
        written.wait_for(&["WARN", &address, "the server closed the connection"]);
        wait_if_traced(&["WARN", "down", &address, "cause=", "retry="]);

        // The span of each sending ends with the reason why the call is sent again.
        let read = |method: &str| client.call(Raw::reading(method, vec![TRANSACTION.into()]));
        assert_eq!(block_on(read("close")).unwrap_err().kind(), CallErrorKind::ClosesConnection);
        wait_if_traced(&["DEBUG", "call{method=close id=", "retry", "cause=\"the connection ended\""]);
        let busy = read("busy");
        wait_if_traced(&["DEBUG", "call{method=busy id=", "retry", "cause=\"the server is busy\"", "pause=200ms"]);
        drop(busy);

        // A server that repeats what it was sent in a line that is no message, and in why it is busy.
        assert_eq!(block_on(read("garbled")).unwrap_err().kind(), CallErrorKind::ClosesConnection);
        written.wait_for(&["WARN", &address, "the server does not speak the protocol: "]);
        let mut config = config(&[server.address()]);
        config.protocol.limits.busy_replies = 0;
        let impatient = start(config);
        let busy = impatient.call(Raw::reading("busy", vec![TRANSACTION.into()]));
        written.wait_for(&["WARN", &address, "busy"]);
        drop(busy);

        let text = written.text();
        for secret in [PASSWORD, TOKEN, "renewed-token"] {
            assert!(!text.contains(secret), "{text}");
        }
        // What says whose wallet it is stands in what is logged of the wire, and nowhere else.
        let (wire, others): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.contains("TRACE") && line.contains("electrum_proto::wire: "));
        if IS_TRACED {
            let params = format!("method=\"blockchain.transaction.broadcast\" params=[\"{TRANSACTION}\"]");
            assert!(wire.iter().any(|line| line.contains("sent") && line.ends_with(&params)), "{text}");
            assert!(wire.iter().any(|line| line.contains("received") && line.contains(TRANSACTION)), "{text}");
        }
        assert!(others.iter().all(|line| !line.contains(TRANSACTION)), "{text}");
    });
}
