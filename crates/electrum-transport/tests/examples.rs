//! The example runs, against a TLS server.
#![cfg(feature = "tls")]

#[path = "../examples/certificate.rs"]
mod certificate;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use electrum_testkit::tls::{Identity, TlsPeer};
use electrum_transport::Fingerprint;

#[test]
fn certificate_prints_the_fingerprint_of_a_server() {
    let identity = Identity::self_signed("127.0.0.1");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ssl://{}", listener.local_addr().unwrap());
    let mut peer = TlsPeer::new(identity.config());
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut buffer = vec![0; 16 * 1024];
        while !peer.has_closed {
            let count = socket.read(&mut buffer).unwrap();
            assert!(count > 0, "the client ended without close_notify");
            peer.received(&buffer[..count]);
            socket.write_all(&peer.due()).unwrap();
        }
    });
    let text = certificate::run(&url).unwrap();
    server.join().unwrap();
    assert!(text.starts_with("TLS 1.3 "), "{text}");
    assert!(text.ends_with(&Fingerprint::of_certificate(identity.certificate()).to_string()), "{text}");
}
