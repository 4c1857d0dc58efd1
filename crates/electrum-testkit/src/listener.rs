//! A listener whose connections a function of the test serves, and a port at which nothing listens.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

/// Serves each connection in a thread of its own. Dropping it shuts all connections.
///
/// # Example
/// ```
/// use electrum_testkit::listener::Listener;
/// use std::io::{Read, Write};
///
/// let listener = Listener::start(|number, mut stream| drop(write!(stream, "{number}")));
/// let mut stream = std::net::TcpStream::connect(listener.addr())?;
/// let mut text = String::new();
/// stream.read_to_string(&mut text)?;
/// assert_eq!(text, "0");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Listener {
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

impl Listener {
    /// Starts to listen on 127.0.0.1, at a port that the system picks. `serve` is called with each connection and its
    /// number, counted from 0. When it returns, the connection is closed.
    ///
    /// # Panics
    /// If the system has no port on the loopback interface.
    pub fn start(serve: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Self {
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

    /// Returns the address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.open.lock();
        state.stopping = true;
        for (_, stream) in state.streams.drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        // A connection wakes the acceptor, which then ends.
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
    let mut number = 0;
    loop {
        let accepted = listener.accept().and_then(|(stream, _)| Ok((stream.try_clone()?, stream)));
        let mut state = open.lock();
        if state.stopping {
            break;
        }
        let Ok((handle, stream)) = accepted else {
            // The client has gone again, or there are too many open files.
            drop(state);
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        state.streams.push((number, handle));
        drop(state);
        let (open, serve) = (Arc::clone(open), Arc::clone(serve));
        threads.push(thread::spawn(move || {
            // Bytes are to arrive as they were written.
            let _ = stream.set_nodelay(true);
            serve(number, stream);
            open.forget(number);
        }));
        number += 1;
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Limits how many bytes the system takes for a connection while they are not read: by itself it may take tens of
/// megabytes.
///
/// # Errors
/// If the system refuses.
///
/// # Example
/// ```
/// use electrum_testkit::listener::{Listener, receive_few};
/// use std::thread;
///
/// // A server that reads nothing: clients soon find that it takes no more.
/// let server = Listener::start(|_, stream| {
///     receive_few(&stream).unwrap();
///     thread::park_timeout(std::time::Duration::from_millis(1));
/// });
/// # let _client = std::net::TcpStream::connect(server.addr())?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn receive_few(stream: &TcpStream) -> io::Result<()> {
    // Linux takes twice as much.
    SockRef::from(stream).set_recv_buffer_size(64 * 1024)
}

/// A port of 127.0.0.1 at which connections are refused and no other socket of the machine comes to listen, for as long as
/// this is held.
///
/// # Example
/// ```
/// use electrum_testkit::listener::ClosedPort;
///
/// let closed = ClosedPort::new()?;
/// let refused = std::net::TcpStream::connect(closed.addr()).unwrap_err();
/// assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ClosedPort {
    /// Bound, which keeps the port, without listening.
    _socket: Socket,
    address: SocketAddr,
}

impl ClosedPort {
    /// Takes a port that the system picks.
    pub fn new() -> io::Result<Self> {
        Self::at((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Takes the port of this address.
    pub(crate) fn at(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        // Connections that were closed lately may still occupy the port.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        let address = socket.local_addr()?.as_socket().unwrap_or(address);
        Ok(Self { _socket: socket, address })
    }

    /// Returns the address at which nothing listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }
}

/// A port of 127.0.0.1 that answers no attempt to connect, on Linux: the listener there has no room for connections, and
/// accepts none.
///
/// # Example
/// ```
/// use electrum_testkit::listener::SilentPort;
/// use std::net::TcpStream;
/// use std::time::Duration;
///
/// let silent = SilentPort::new()?;
/// # if cfg!(target_os = "linux") {
/// assert!(TcpStream::connect_timeout(&silent.addr(), Duration::from_millis(10)).is_err());
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct SilentPort {
    /// Listens, with the one connection that it has room for.
    _socket: Socket,
    _client: TcpStream,
    address: SocketAddr,
}

impl SilentPort {
    /// Takes a port that the system picks.
    pub fn new() -> io::Result<Self> {
        let ClosedPort { _socket, address } = ClosedPort::new()?;
        // There is room for one more than the number here.
        _socket.listen(0)?;
        let _client = TcpStream::connect(address)?;
        Ok(Self { _socket, _client, address })
    }

    /// Returns the address that does not answer.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }
}

/// Ends the connection of this socket with a reset, once all its handles are dropped.
pub fn end_with_reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
