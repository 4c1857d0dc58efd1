//! TLS in front of a fake server, with a certificate that can be changed.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use electrum_blocking::transport::Fingerprint;
use electrum_testkit::Server;
use electrum_testkit::listener::Listener;
use electrum_testkit::tls::Identity;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::tool::BOUND;

/// Listens for TLS and hands lines on to a server, one answer for each request.
#[derive(Debug)]
pub(crate) struct TlsFront {
    shared: Arc<Shared>,
    listener: Listener,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    config: Mutex<Arc<ServerConfig>>,
    requests: Mutex<Vec<String>>,
    ends: (Mutex<Sender<String>>, Mutex<Receiver<String>>),
}

impl TlsFront {
    /// In front of `server`, with a certificate that it made for itself, and that certificate's fingerprint.
    pub(crate) fn start(server: &Server) -> (Self, String) {
        let (config, fingerprint) = identity();
        let (sender, receiver) = channel();
        let shared = Arc::new(Shared {
            server: server.addr(),
            config: Mutex::new(config),
            requests: Mutex::default(),
            ends: (Mutex::new(sender), Mutex::new(receiver)),
        });
        let serving = Arc::clone(&shared);
        let listener = Listener::start(move |_, stream| serving.serve(stream).unwrap_or_default());
        (Self { shared, listener }, fingerprint)
    }

    pub(crate) fn url(&self) -> String {
        format!("ssl://{}", self.listener.addr())
    }

    /// Shows another certificate from now on, and gives its fingerprint.
    pub(crate) fn rotate(&self) -> String {
        let (config, fingerprint) = identity();
        *self.shared.config.lock().expect("no holder panics") = config;
        fingerprint
    }

    /// How the next connection ended: `close_notify`, or the error.
    pub(crate) fn end(&self) -> String {
        self.shared.ends.1.lock().expect("one test waits").recv_timeout(BOUND).expect("it ends")
    }

    /// How many requests came through since the last time.
    pub(crate) fn requests(&self) -> usize {
        std::mem::take(&mut *self.shared.requests.lock().expect("no holder panics")).len()
    }
}

impl Shared {
    /// Whatever fails ends the connection, which is what the client then sees.
    fn serve(&self, stream: TcpStream) -> Option<()> {
        stream.set_read_timeout(Some(BOUND)).ok()?;
        let config = self.config.lock().ok()?.clone();
        let mut client = BufReader::new(StreamOwned::new(ServerConnection::new(config).ok()?, stream));
        let mut server = BufReader::new(TcpStream::connect(self.server).ok()?);
        server.get_ref().set_read_timeout(Some(BOUND)).ok()?;
        loop {
            let (mut request, mut answer) = (String::new(), String::new());
            let end = match client.read_line(&mut request) {
                Ok(0) => Some("close_notify".to_owned()),
                Ok(_) => None,
                Err(error) => Some(error.to_string()),
            };
            if let Some(end) = end {
                return self.ends.0.lock().ok()?.send(end).ok();
            }
            server.get_mut().write_all(request.as_bytes()).ok()?;
            self.requests.lock().ok()?.push(request);
            server.read_line(&mut answer).ok()?;
            client.get_mut().write_all(answer.as_bytes()).ok()?;
        }
    }
}

fn identity() -> (Arc<ServerConfig>, String) {
    let identity = Identity::self_signed("electrum.example");
    (identity.config(), Fingerprint::of_certificate(identity.certificate()).to_string())
}
