//! The steps of a client that are logged with the crate `tracing`: how a server is reached and left, and how calls end.
#![cfg(all(feature = "tracing", feature = "tls"))]

mod harness;

use std::time::Duration;

use electrum_session::proto::operations::{Banner, BroadcastPackage, Raw};
use electrum_session::transport::Route;
use electrum_session::{CallErrorKind, Config};
use electrum_testkit::Front;
use electrum_testkit::listener::ClosedPort;
use electrum_testkit::tls::Identity;
use harness::{Asked, BOUND, Reaction, Server, Written, block_on, bounded, config, start};

#[test]
fn each_step_is_logged() {
    let written = Written::start();
    bounded(move || {
        the_way_to_a_server(&written);
        leaving_a_busy_server(&written);
        ends_of_calls(&written);
    });
}

fn the_way_to_a_server(written: &Written) {
    let (server, closed) = (Server::start(|_: &Asked| None), ClosedPort::new().unwrap());
    let tls = Front::tls(server.address(), Identity::self_signed("localhost").config());
    let mut config = Config::new([format!("tcp://{}", closed.addr()), tls.url()].map(|url| url.parse().unwrap()));
    config.protocol.backoff.initial = Duration::from_millis(10);
    let client = start(config);
    block_on(client.ready(BOUND)).unwrap();
    written.wait_for(&["DEBUG", "dial address=", &closed.addr().to_string()]);
    written.wait_for(&["DEBUG", "dial failed", &closed.addr().to_string(), "error="]);
    written.wait_for(&["DEBUG", "dial address=", &tls.addr().to_string()]);
    let connection = format!("connection{{server={}", tls.url());
    written.wait_for(&["DEBUG", &connection, "pin read pin=Ok(None)"]);
    written.wait_for(&["DEBUG", &connection, "pin kept held=Ok(Certificate("]);
    written.wait_for(&["DEBUG", &connection, "established layer=Tls", "TLS 1.3"]);

    let (url, proxy) = (format!("tcp://{}", server.address()), Front::socks());
    let mut config = Config::new([url.parse().unwrap()]);
    config.route = Route::direct().with_proxy(proxy.url().parse().unwrap());
    let client = start(config);
    block_on(client.ready(BOUND)).unwrap();
    written.wait_for(&["DEBUG", &format!("connection{{server={url}"), "established layer=Proxy"]);
}

fn leaving_a_busy_server(written: &Written) {
    let busy = Server::start(|asked: &Asked| (asked.method == "x").then_some(Reaction::Error(-102, "busy")));
    let other = Server::start(|_: &Asked| None);
    let client = harness::connect(&[busy.address(), other.address()]);
    assert!(block_on(client.call(Raw::reading("x", vec![]))).is_ok());
    written.wait_for(&["DEBUG", "pause over"]);
    let connection = format!("connection{{server=tcp://{}", busy.address());
    written.wait_for(&["DEBUG", &connection, "leaving the server why=\"the server is too busy\""]);
}

fn ends_of_calls(written: &Written) {
    let server = Server::start(|asked: &Asked| (asked.method == "close").then_some(Reaction::Close));
    let mut limited = config(&[server.address()]);
    limited.protocol.limits.outgoing = 1000;
    let client = start(limited);
    block_on(client.ready(BOUND)).unwrap();
    let ends = |call: Raw| block_on(client.call(call)).unwrap_err().kind();
    assert_eq!(ends(Raw::new("x", vec!["x".repeat(1000).into()])), CallErrorKind::TooLong);
    written.wait_for(&["DEBUG", "connection{", "failed kind=TooLong"]);
    let package = BroadcastPackage { transactions: Vec::new() };
    assert_eq!(block_on(client.call(package)).unwrap_err().kind(), CallErrorKind::NotInVersion);
    written.wait_for(&["DEBUG", "failed kind=NotInVersion"]);
    assert_eq!(ends(Raw::new("close", vec![])), CallErrorKind::MaybeSent);
    written.wait_for(&["DEBUG", "call{method=close id=", "failed kind=MaybeSent"]);
    assert_eq!(ends(Raw::reading("close", vec![])), CallErrorKind::ClosesConnection);
    written.wait_for(&["DEBUG", "call{method=close id=", "failed kind=ClosesConnection"]);

    let closed = ClosedPort::new().unwrap();
    let mut unreachable = config(&[closed.addr()]);
    unreachable.queue = 1;
    let client = start(unreachable);
    let unsent = client.call_within(Duration::from_millis(1), Banner);
    assert_eq!(block_on(unsent).unwrap_err().kind(), CallErrorKind::Unsent);
    written.wait_for(&["DEBUG", "failed kind=Unsent"]);
    let waits = client.call(Banner);
    assert_eq!(block_on(client.call(Banner)).unwrap_err().kind(), CallErrorKind::QueueFull);
    written.wait_for(&["DEBUG", "failed kind=QueueFull"]);
    client.close();
    assert_eq!(block_on(waits).unwrap_err().kind(), CallErrorKind::Closed);
    written.wait_for(&["DEBUG", "failed kind=Closed"]);
}
