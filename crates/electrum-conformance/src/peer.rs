//! A listener whose connections are served by a function of the test's.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

/// Serves each connection in a thread of its own, until it is dropped, which shuts all connections.
#[derive(Debug)]
pub(super) struct Peer {
    address: SocketAddr,
    open: Arc<Open>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Open(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    streams: Vec<(usize, TcpStream)>,
}

impl Peer {
    /// `serve` is given each connection with its number, counted from 0. When it returns, the connection is closed.
    pub(super) fn start(serve: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Self {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let (listener, address) = match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((address, listener)) => (listener, address),
            Err(error) => panic!("no port on the loopback interface: {error}"),
        };
        let open = Arc::new(Open::default());
        let for_thread = Arc::clone(&open);
        let acceptor = thread::spawn(move || accept(&for_thread, &listener, &Arc::new(serve)));
        Self { address, open, acceptor: Some(acceptor) }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut state = self.open.lock();
        state.stopping = true;
        for (_, stream) in state.streams.drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        // The acceptor looks whether to go on when someone connects.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, number: usize) {
        self.lock().streams.retain(|(other, _)| *other != number);
    }
}

fn accept(open: &Arc<Open>, listener: &TcpListener, serve: &Arc<impl Fn(usize, TcpStream) + Send + Sync + 'static>) {
    let mut threads = Vec::new();
    for number in 0.. {
        let Ok((stream, _)) = listener.accept() else { break };
        let Ok(handle) = stream.try_clone() else { continue };
        let mut state = open.lock();
        if state.stopping {
            break;
        }
        state.streams.push((number, handle));
        drop(state);
        let (open, serve) = (Arc::clone(open), Arc::clone(serve));
        threads.push(thread::spawn(move || {
            // Bytes are to arrive as they were written.
            let _ = stream.set_nodelay(true);
            serve(number, stream);
            open.forget(number);
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// From now on the end of this socket is a reset, once all its handles are gone.
pub(super) fn end_with_reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// The server's side of the protocol, for servers of few words.
#[derive(Debug)]
pub(super) struct Wire {
    reader: BufReader<TcpStream>,
}

impl Wire {
    /// Answers `server.version`.
    pub(super) fn handshake(stream: TcpStream, version: &str) -> io::Result<Self> {
        let mut wire = Self { reader: BufReader::new(stream) };
        let line = wire.line()?;
        wire.answer(&line, &format!("[\"Peer 1\",\"{version}\"]"))?;
        Ok(wire)
    }

    /// The next line.
    pub(super) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }

    /// Answers a line with a result.
    pub(super) fn answer(&mut self, line: &str, result: &str) -> io::Result<()> {
        let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}\n", id_of(line));
        self.reader.get_mut().write_all(answer.as_bytes())
    }

    /// The socket.
    pub(super) fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }
}

/// The digits of the id in a request.
fn id_of(line: &str) -> &str {
    let rest = line.split_once("\"id\":").map_or("", |(_, rest)| rest.trim_start());
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    &rest[..end]
}
