//! The steps of a client that are logged with the crate `tracing`: how a server is reached and left.
#![cfg(all(feature = "tracing", feature = "tls"))]

mod harness;

use std::time::Duration;

use electrum_session::Config;
use electrum_session::proto::operations::Raw;
use electrum_session::transport::Route;
use electrum_testkit::Front;
use electrum_testkit::listener::ClosedPort;
use electrum_testkit::tls::Identity;
use harness::{Asked, BOUND, Reaction, Server, Written, block_on, bounded, start};

#[test]
fn each_step_is_logged() {
    let written = Written::start();
    bounded(move || {
        the_way_to_a_server(&written);
        leaving_a_busy_server(&written);
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
    let connection = format!("connection{{server=tcp://{}", busy.address());
    written.wait_for(&["DEBUG", &connection, "leaving the server why=\"the server is too busy\""]);
}
