//! A client on threads and std sockets.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use electrum_session::threads::{self, Runtime, Socket};
use electrum_session::transport::DialTarget;
use electrum_session::{CancelDial, Client, Config, Dial};

/// The configuration of a client that comes back soon after a loss.
pub(crate) fn config(servers: &[SocketAddr]) -> Config {
    let mut config = Config::new(servers.iter().map(|server| format!("tcp://{server}").parse().unwrap()));
    config.protocol.backoff.initial = Duration::from_millis(10);
    config
}

/// A client of servers.
pub(crate) fn connect(servers: &[SocketAddr]) -> Client {
    start(config(servers))
}

/// A client and the threads that drive it.
pub(crate) fn start(config: Config) -> Client {
    threads::drive(config, Tcp).unwrap().0
}

struct Tcp;

struct Stream(TcpStream);

impl Runtime for Tcp {
    type Socket = Stream;
    type Cancel = CancelDial;

    fn connect(
        &self,
        target: DialTarget,
        timeout: Duration,
    ) -> (impl FnOnce() -> io::Result<Stream> + Send + 'static, CancelDial) {
        let (dial, cancel) = Dial::new(target, timeout);
        let connect = || {
            let socket = dial.run()?;
            socket.set_write_timeout(Some(Duration::from_millis(10)))?;
            Ok(Stream(socket))
        };
        (connect, cancel)
    }
}

impl Socket for Stream {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(buffer)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn write_at_once(&self, bytes: &[u8]) {
        let _ = self.write(bytes);
    }

    fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(limit)
    }

    fn shutdown(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
