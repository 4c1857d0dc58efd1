//! Opens a `std` socket to a server within a time limit: looks the name up and tries its addresses (Happy Eyeballs, RFC
//! 8305).
//!
//! Name look-ups and connection attempts block and cannot be interrupted. One that may be given up runs in a thread of
//! its own, which ends with its system call.

mod attempts;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use electrum_transport::{DialHost, DialTarget};

use self::attempts::{Attempts, Next};
use crate::trace;

/// Opens one socket. [`run`](Self::run) blocks: an adapter calls it in a thread that has nothing else to do.
///
/// ```
/// use std::net::{Ipv4Addr, TcpListener};
/// use electrum_session::Dial;
/// use electrum_session::transport::{DialHost, DialTarget};
///
/// let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
/// let port = server.local_addr()?.port();
/// let target = DialTarget { host: DialHost::Ip(Ipv4Addr::LOCALHOST.into()), port, websocket: None };
/// let (dial, cancel) = Dial::new(target, std::time::Duration::from_secs(10));
/// let socket = dial.run()?;
/// assert_eq!(socket.peer_addr()?.port(), port);
/// # drop(cancel);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Dial {
    target: DialTarget,
    timeout: Duration,
    sender: Sender<Event>,
    events: Receiver<Event>,
    is_cancelled: Arc<AtomicBool>,
}

/// Cancels a [`Dial`] when it is dropped. Its [`run`](Dial::run) then returns at once, or as soon as its current system
/// call ends.
///
/// ```
/// use std::time::Duration;
/// use electrum_session::Dial;
/// use electrum_session::transport::{DialHost, DialTarget};
///
/// let target = DialTarget { host: DialHost::Name("localhost".into()), port: 50001, websocket: None };
/// let (dial, cancel) = Dial::new(target, Duration::from_secs(10));
/// let thread = std::thread::spawn(move || dial.run());
/// drop(cancel); // the client does not want this connection any more
/// assert!(thread.join().unwrap().is_err());
/// ```
#[derive(Debug)]
pub struct CancelDial {
    is_cancelled: Arc<AtomicBool>,
    sender: Sender<Event>,
}

impl Drop for CancelDial {
    fn drop(&mut self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
        // A dial that has ended does not listen any more.
        let _ = self.sender.send(Event::Cancelled);
    }
}

/// An event while a socket is being opened.
#[derive(Debug)]
enum Event {
    Resolved(io::Result<Vec<SocketAddr>>),
    Attempted(SocketAddr, io::Result<TcpStream>),
    Cancelled,
}

impl Dial {
    /// Prepares to open a socket to `target`, name look-up included, within nine tenths of `timeout`, the time-out of
    /// the whole connection. The rest is left for reporting which addresses failed before the connection is given up.
    #[must_use]
    pub fn new(target: DialTarget, timeout: Duration) -> (Self, CancelDial) {
        let (sender, events) = channel();
        let is_cancelled = Arc::new(AtomicBool::new(false));
        let cancel = CancelDial { is_cancelled: Arc::clone(&is_cancelled), sender: sender.clone() };
        (Self { target, timeout: timeout - timeout / 10, sender, events, is_cancelled }, cancel)
    }

    /// Opens the socket, in blocking mode and with `TCP_NODELAY`. The addresses of a name are tried side by side, each
    /// 250 ms after the previous one or as soon as that failed; the first that connects is used.
    ///
    /// # Errors
    /// Names each address that failed, with its error; or says that the name could not be looked up, or not in time.
    pub fn run(self) -> io::Result<TcpStream> {
        self.run_with(|name, port| Ok((name, port).to_socket_addrs()?.collect()))
    }

    fn run_with(
        self,
        resolve: impl FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> io::Result<TcpStream> {
        if let Some(url) = &self.target.websocket {
            let why = format!(
                "{url} can only be opened by a browser, and this program does not run in one; use another route"
            );
            return Err(io::Error::new(ErrorKind::Unsupported, why));
        }
        let deadline = Instant::now().checked_add(self.timeout);
        let addresses = match self.target.host.clone() {
            DialHost::Ip(ip) => vec![(ip, self.target.port).into()],
            DialHost::Name(name) => self.look_up(name, deadline, resolve)?,
        };
        self.connect_to(addresses, deadline)
    }

    fn connect_to(&self, addresses: Vec<SocketAddr>, deadline: Option<Instant>) -> io::Result<TcpStream> {
        match addresses[..] {
            [] => Err(io::Error::new(ErrorKind::NotFound, "the name has no address")),
            // One address needs no other thread.
            [address] => {
                self.check_wanted()?;
                connect(address, self.left(deadline))
                    .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
            }
            _ => self.connect_first(addresses, deadline),
        }
    }

    fn look_up(
        &self,
        name: String,
        deadline: Option<Instant>,
        resolve: impl FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> io::Result<Vec<SocketAddr>> {
        self.check_wanted()?;
        let (sender, port) = (self.sender.clone(), self.target.port);
        let text = name.clone();
        thread::Builder::new().name("electrum-lookup".into()).spawn(move || {
            // Fails if the dial was given up.
            let _ = sender.send(Event::Resolved(resolve(&name, port)));
        })?;
        match self.next_event(deadline) {
            Ok(Event::Resolved(Ok(addresses))) => Ok(addresses),
            Ok(Event::Resolved(Err(error))) => {
                Err(io::Error::new(error.kind(), format!("the name {text} could not be looked up: {error}")))
            }
            Ok(Event::Cancelled | Event::Attempted(..)) => Err(cancelled()),
            Err(_) => {
                let message = format!("the name {text} was not looked up within {:.1} s", self.timeout.as_secs_f32());
                Err(io::Error::new(ErrorKind::TimedOut, message))
            }
        }
    }

    /// Tries several addresses, each in a thread of its own.
    fn connect_first(&self, addresses: Vec<SocketAddr>, deadline: Option<Instant>) -> io::Result<TcpStream> {
        let start = Instant::now();
        let mut attempts = Attempts::new(addresses);
        let mut kind = ErrorKind::TimedOut;
        loop {
            let wake = match attempts.next(start.elapsed()) {
                Next::Start(address) => {
                    self.check_wanted()?;
                    let (sender, left) = (self.sender.clone(), self.left(deadline));
                    let attempt = thread::Builder::new().name("electrum-dial".into()).spawn(move || {
                        // If the dial has ended, the socket is dropped, which closes it.
                        let _ = sender.send(Event::Attempted(address, connect(address, left)));
                    });
                    if let Err(error) = attempt {
                        attempts.failed(address, error.to_string());
                    }
                    continue;
                }
                Next::Wait(Some(until)) => start.checked_add(until).into_iter().chain(deadline).min(),
                // The attempts end by themselves at the deadline.
                Next::Wait(None) => None,
                Next::Failed => return Err(io::Error::new(kind, attempts.failures())),
            };
            match self.next_event(wake) {
                Ok(Event::Attempted(_, Ok(socket))) => return Ok(socket),
                Ok(Event::Attempted(address, Err(error))) => {
                    kind = error.kind();
                    attempts.failed(address, error.to_string());
                }
                Ok(Event::Cancelled | Event::Resolved(_)) => return Err(cancelled()),
                Err(_) if self.left(deadline).is_zero() => {
                    return Err(io::Error::new(ErrorKind::TimedOut, attempts.failures()));
                }
                Err(_) => {}
            }
        }
    }

    /// Fails if the dial was cancelled: what is not wanted is not begun.
    fn check_wanted(&self) -> io::Result<()> {
        if self.is_cancelled.load(Ordering::Relaxed) { Err(cancelled()) } else { Ok(()) }
    }

    fn next_event(&self, deadline: Option<Instant>) -> Result<Event, RecvTimeoutError> {
        match deadline {
            Some(deadline) => self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            None => self.events.recv().map_err(Into::into),
        }
    }

    /// Returns the time left for an attempt.
    fn left(&self, deadline: Option<Instant>) -> Duration {
        deadline.map_or(self.timeout, |deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

fn cancelled() -> io::Error {
    io::Error::new(ErrorKind::Interrupted, "the connection is no longer wanted")
}

/// Tries to connect to one address, for at most `timeout`, and logs that.
fn connect(address: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    trace::debug!(%address, "dial");
    open_socket(address, timeout).inspect_err(|error| trace::dial_failed(address, error))
}

fn open_socket(address: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    // `connect_timeout` refuses zero as an argument.
    let socket = TcpStream::connect_timeout(&address, timeout.max(Duration::from_millis(1)))?;
    // A connection to a local port that no server listens on can, rarely, connect to its own port (TCP simultaneous
    // open).
    if socket.local_addr()? == socket.peer_addr()? {
        return Err(io::Error::new(ErrorKind::ConnectionRefused, "no server listens there"));
    }
    // Requests are written whole and their replies awaited, so holding back small packets gains nothing.
    socket.set_nodelay(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    /// A time-out that is reached only by what never ends.
    const LONG: Duration = Duration::from_secs(60);

    fn named(timeout: Duration) -> (Dial, CancelDial) {
        Dial::new(DialTarget { host: DialHost::Name("server.test".into()), port: 50_001, websocket: None }, timeout)
    }

    /// An address that refuses connections.
    fn closed() -> SocketAddr {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
    }

    #[test]
    fn the_first_address_that_connects_is_used() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let open = server.local_addr().unwrap();
        let addresses = vec![closed(), closed(), open];
        let (dial, _cancel) = named(LONG);
        assert_eq!(dial.run_with(|_, _| Ok(addresses)).unwrap().peer_addr().unwrap(), open);
    }

    #[test]
    fn each_address_that_failed_is_named() {
        let addresses = [closed(), closed()];
        for addresses in [&addresses[..1], &addresses] {
            let (dial, _cancel) = named(LONG);
            let resolved = addresses.to_vec();
            let error = dial.run_with(|_, _| Ok(resolved)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            for address in addresses {
                assert!(error.to_string().contains(&format!("{address}: ")), "{error}");
            }
        }
    }

    #[test]
    fn a_look_up_counts_as_part_of_the_time() {
        let (end, ended) = channel::<()>();
        let (dial, _cancel) = named(Duration::from_millis(10));
        let error = dial.run_with(move |_, _| {
            let _ = ended.recv();
            Ok(Vec::new())
        });
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("server.test"), "{error}");
        drop(end);
    }

    #[test]
    fn a_failed_look_up_says_which_name() {
        let (dial, _cancel) = named(LONG);
        let error = dial.run_with(|_, _| Err(ErrorKind::NotFound.into())).unwrap_err();
        assert!(error.to_string().contains("server.test"), "{error}");
    }

    #[test]
    fn a_dial_that_was_cancelled_before_begins_nothing() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        server.set_nonblocking(true).unwrap();
        let address = server.local_addr().unwrap();
        let target = DialTarget { host: DialHost::Ip(address.ip()), port: address.port(), websocket: None };
        let (dial, cancel) = Dial::new(target, LONG);
        drop(cancel);
        assert_eq!(dial.run().unwrap_err().kind(), ErrorKind::Interrupted);
        // A connection would wait to be accepted.
        assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::WouldBlock);

        let (dial, cancel) = named(LONG);
        drop(cancel);
        // Cancelled between the look-up and the first connection.
        for addresses in [vec![address], vec![address, closed()]] {
            let deadline = Instant::now().checked_add(LONG);
            assert_eq!(dial.connect_to(addresses, deadline).unwrap_err().kind(), ErrorKind::Interrupted);
            assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        }
        let (asked, asks) = channel();
        let error = dial.run_with(move |_, _| {
            asked.send(()).unwrap();
            Ok(Vec::new())
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Interrupted);
        assert!(asks.recv().is_err(), "no name is looked up");
    }

    #[test]
    fn a_cancelled_dial_waits_for_no_look_up() {
        let (end, ended) = channel::<()>();
        let (begun, begins) = channel::<()>();
        let (dial, cancel) = named(LONG);
        let dialling = thread::spawn(|| {
            dial.run_with(move |_, _| {
                begun.send(()).unwrap();
                let _ = ended.recv();
                Ok(Vec::new())
            })
        });
        begins.recv().unwrap();
        drop(cancel);
        let error = dialling.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        drop(end);
    }
}
