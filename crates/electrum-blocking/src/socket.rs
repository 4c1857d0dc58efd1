//! TCP sockets of the standard library, for the threads of `electrum-session`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use electrum_session::transport::DialTarget;
use electrum_session::{CancelDial, Dial, threads};

/// The write time-out of sockets. On Windows a socket cannot be used after a write timed out, so the time is so long
/// that the connection has failed anyway.
const WRITE_LIMIT: Duration = if cfg!(windows) { Duration::from_secs(20) } else { Duration::from_millis(10) };

/// Opens TCP connections.
pub(crate) struct Tcp;

impl threads::Runtime for Tcp {
    type Socket = Socket;
    type Cancel = CancelDial;

    fn connect(
        &self,
        target: DialTarget,
        timeout: Duration,
    ) -> (impl FnOnce() -> io::Result<Socket> + Send + 'static, CancelDial) {
        let (dial, cancel) = Dial::new(target, timeout);
        let connect = || {
            let socket = dial.run()?;
            // Reads block without a limit, writes for a moment only.
            socket.set_write_timeout(Some(WRITE_LIMIT))?;
            Ok(Socket(socket))
        };
        (connect, cancel)
    }
}

/// A TCP connection.
pub(crate) struct Socket(TcpStream);

impl threads::Socket for Socket {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(buffer).map_err(|error| match error.kind() {
            // The error of Windows for a read that timed out.
            ErrorKind::TimedOut if cfg!(windows) => ErrorKind::WouldBlock.into(),
            _ => error,
        })
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn write_at_once(&self, bytes: &[u8]) {
        // Errors are ignored, since the connection is closed next.
        let _ = self.0.set_nonblocking(true).and_then(|()| self.write(bytes));
    }

    fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(limit)
    }

    fn shutdown(&self) {
        // Fails if the connection has ended already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
