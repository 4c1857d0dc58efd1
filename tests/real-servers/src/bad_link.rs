//! A listener between client and server that stalls, resets and cuts the connections it carries, at random.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use electrum_testkit::listener::Listener;
use socket2::SockRef;

use crate::Random;

/// How often a thread that holds bytes back looks whether it is over.
const LOOK: Duration = Duration::from_millis(10);

/// How bad a link is.
#[derive(Clone, Debug)]
pub struct Weather {
    /// The time from one fault to the next.
    pub pause: Range<Duration>,
    /// How long a stall holds the bytes back.
    pub stall: Range<Duration>,
}

/// What a link has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Bytes were held back, one way or both, and then passed on.
    pub stalls: u64,
    /// Connections were ended by a reset.
    pub resets: u64,
    /// Connections were ended in the middle of a line.
    pub cuts: u64,
}

/// Listens on a port of its own for connections to a server on loopback.
///
/// It ends with the connections that it carries when it is dropped.
#[derive(Debug)]
pub struct BadLink {
    listener: Listener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: u16,
    is_over: AtomicBool,
    is_healed: AtomicBool,
    connections: Mutex<Vec<Weak<Connection>>>,
    stalls: AtomicU64,
    resets: AtomicU64,
    cuts: AtomicU64,
}

/// Both of its sockets close when both of its threads have let go of it.
#[derive(Debug)]
struct Connection {
    client: TcpStream,
    server: TcpStream,
    is_over: AtomicBool,
    upwards: Way,
    downwards: Way,
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Way {
    held_until: Mutex<Option<Instant>>,
    is_to_be_cut: AtomicBool,
}

impl BadLink {
    /// Listens in front of the server at this port, and causes these faults.
    ///
    /// # Panics
    /// When the system has no port.
    #[must_use]
    pub fn before(server: u16, weather: Weather, random: Random) -> Self {
        let shared = Arc::new(Shared {
            server,
            is_over: AtomicBool::new(false),
            is_healed: AtomicBool::new(false),
            connections: Mutex::default(),
            stalls: AtomicU64::new(0),
            resets: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
        });
        let carrying = Arc::clone(&shared);
        // If the server is down, the client sees its connection end.
        let listener = Listener::start(move |_, client| drop(carrying.carry(client)));
        let harming = Arc::clone(&shared);
        thread::spawn(move || harming.harm(&weather, random));
        Self { listener, shared }
    }

    /// Where it listens, as `tcp://127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("tcp://{}", self.listener.addr())
    }

    /// What it has done so far.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let shared = &self.shared;
        Faults {
            stalls: shared.stalls.load(SeqCst),
            resets: shared.resets.load(SeqCst),
            cuts: shared.cuts.load(SeqCst),
        }
    }

    /// From now on all is passed on at once.
    pub fn heal(&self) {
        let connections = self.shared.connections();
        self.shared.is_healed.store(true, SeqCst);
        for connection in connections.iter().filter_map(Weak::upgrade) {
            for way in [&connection.upwards, &connection.downwards] {
                way.hold_until(None);
                way.is_to_be_cut.store(false, SeqCst);
            }
        }
    }
}

impl Drop for BadLink {
    fn drop(&mut self) {
        self.shared.is_over.store(true, SeqCst);
        for connection in self.shared.connections().drain(..).filter_map(|connection| connection.upgrade()) {
            connection.end();
        }
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Vec<Weak<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry(&self, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.server))?;
        // The port of a server that is down may have been given to this very connection, which then meets itself.
        if server.local_addr()?.port() == self.server {
            return Ok(());
        }
        server.set_nodelay(true)?;
        let (upwards, downwards) = Default::default();
        let connection = Arc::new(Connection { client, server, is_over: AtomicBool::new(false), upwards, downwards });
        let mut connections = self.connections();
        connections.retain(|connection| connection.strong_count() > 0);
        connections.push(Arc::downgrade(&connection));
        drop(connections);
        thread::scope(|scope| {
            scope.spawn(|| self.pass_on(&connection, &connection.upwards, &connection.client, &connection.server));
            self.pass_on(&connection, &connection.downwards, &connection.server, &connection.client);
        });
        Ok(())
    }

    /// Until one side ends, which ends the other.
    fn pass_on(&self, connection: &Connection, way: &Way, mut from: &TcpStream, mut to: &TcpStream) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            while way.is_held() && !connection.is_over.load(SeqCst) {
                thread::sleep(LOOK);
            }
            let cut = way.is_to_be_cut.load(SeqCst).then(|| inside_a_line(&buffer[..length])).flatten();
            if to.write_all(&buffer[..cut.unwrap_or(length)]).is_err() {
                break;
            }
            if cut.is_some() {
                self.cuts.fetch_add(1, SeqCst);
                break;
            }
        }
        connection.end();
    }

    /// Does something bad now and then.
    fn harm(&self, weather: &Weather, mut random: Random) {
        loop {
            thread::sleep(random.within(&weather.pause));
            let connections = self.connections();
            if self.is_over.load(SeqCst) || self.is_healed.load(SeqCst) {
                return;
            }
            let alive: Vec<_> =
                connections.iter().filter_map(Weak::upgrade).filter(|one| !one.is_over.load(SeqCst)).collect();
            if !alive.is_empty() {
                let victim = &alive[random.below(alive.len() as u64) as usize];
                self.harm_one(victim, weather, &mut random);
            }
        }
    }

    fn harm_one(&self, victim: &Connection, weather: &Weather, random: &mut Random) {
        let ways = [&victim.upwards, &victim.downwards];
        let one = ways[random.below(2) as usize];
        match random.below(4) {
            0 => one.is_to_be_cut.store(true, SeqCst),
            1 if victim.reset().is_ok() => drop(self.resets.fetch_add(1, SeqCst)),
            1 => {}
            // Stalls that follow each other at once would last for longer than a request may take.
            _ if ways.iter().any(|way| way.is_held()) => {}
            kind => {
                let end = Instant::now() + random.within(&weather.stall);
                let held = if kind == 2 { &[one][..] } else { &ways };
                held.iter().for_each(|way| way.hold_until(Some(end)));
                self.stalls.fetch_add(1, SeqCst);
            }
        }
    }
}

impl Connection {
    /// In an orderly way: what was passed on arrives, and then the end.
    fn end(&self) {
        if !self.is_over.swap(true, SeqCst) {
            // They may be closed already.
            let _ = self.client.shutdown(Shutdown::Both);
            let _ = self.server.shutdown(Shutdown::Both);
        }
    }

    /// Both sides see a reset: sockets without linger that are closed while nothing was said of an end.
    fn reset(&self) -> io::Result<()> {
        for socket in [&self.client, &self.server] {
            SockRef::from(socket).set_linger(Some(Duration::ZERO))?;
        }
        self.is_over.store(true, SeqCst);
        // It sends nothing, and wakes the threads that read, which then let go of the sockets.
        self.client.shutdown(Shutdown::Read)?;
        self.server.shutdown(Shutdown::Read)
    }
}

impl Way {
    fn held(&self) -> MutexGuard<'_, Option<Instant>> {
        self.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold_until(&self, end: Option<Instant>) {
        *self.held() = end;
    }

    fn is_held(&self) -> bool {
        self.held().is_some_and(|end| Instant::now() < end)
    }
}

/// How much of this is to be passed on for it to end inside a line.
fn inside_a_line(bytes: &[u8]) -> Option<usize> {
    (1..=bytes.len() / 2).rev().find(|length| bytes[length - 1] != b'\n')
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, ErrorKind};
    use std::net::TcpListener;

    use super::*;
    use crate::until;

    const LINE: &str = "a line\n";

    /// Says lines to each client, for as long as it listens.
    fn talker() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    while client.write_all(LINE.as_bytes()).is_ok() {
                        thread::sleep(Duration::from_millis(1));
                    }
                });
            }
        });
        port
    }

    #[test]
    fn lines_are_cut_and_connections_reset_until_the_link_is_healed() {
        let millis = Duration::from_millis;
        let weather = Weather { pause: millis(5)..millis(10), stall: millis(1)..millis(5) };
        let link = BadLink::before(talker(), weather, Random::new(1));
        let connect = || BufReader::new(TcpStream::connect(link.listener.addr()).expect("it listens"));
        let (mut was_cut, mut was_reset) = (false, false);
        until(Duration::from_secs(60), "a cut, a reset and a stall", || {
            let (mut client, mut line) = (connect(), String::new());
            let end = loop {
                match client.read_line(&mut line) {
                    Ok(1..) if line == LINE => line.clear(),
                    end => break end,
                }
            };
            was_cut |= end.is_ok() && !line.is_empty();
            was_reset |= end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
            (was_cut && was_reset && link.faults().stalls > 0).then_some(())
        });
        link.heal();
        let faults = link.faults();
        assert!(connect().lines().take(100).all(|line| line.is_ok_and(|line| line == LINE.trim_end())));
        assert_eq!(link.faults(), faults);
    }
}
