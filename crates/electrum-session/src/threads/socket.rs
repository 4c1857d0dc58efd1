//! The traits that an adapter for threads implements: blocking sockets, and how they are opened.

use std::io;
use std::time::Duration;

use electrum_transport::DialTarget;

use crate::clock::{Clock, SystemClock};

/// Opens sockets for a client.
pub trait Runtime: Send + Sync + 'static {
    /// An open socket.
    type Socket: Socket;
    /// Cancels the opening of a socket when it is dropped.
    type Cancel: Send + 'static;

    /// Prepares to open a socket to `target` within `timeout`. The returned function opens it, and may block: it runs
    /// in a thread of its own.
    fn connect(
        &self,
        target: DialTarget,
        timeout: Duration,
    ) -> (impl FnOnce() -> io::Result<Self::Socket> + Send + 'static, Self::Cancel);

    /// Makes the clock of the client: by default the operating system's.
    fn clock(&self) -> impl Clock {
        SystemClock::default()
    }
}

/// A blocking socket. One thread reads while another one may write.
pub trait Socket: Send + Sync + 'static {
    /// Blocks until bytes can be read, for as long as [`limit_reads`](Self::limit_reads) allows, and reads them.
    /// Returns how many, zero at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` if that time is over; otherwise those of the socket.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes some bytes, blocking for some milliseconds at most until the socket has room. Returns how many.
    ///
    /// # Errors
    /// `WouldBlock` if there was no room in that time; otherwise those of the socket.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes as many bytes as the socket has room for, without blocking: the last ones before
    /// [`shutdown`](Self::shutdown).
    fn write_at_once(&self, bytes: &[u8]);

    /// Limits how long later reads block; `None` lifts the limit.
    ///
    /// # Errors
    /// Those of the socket. Replies are then always read by the connection's thread.
    fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()>;

    /// Shuts the socket down in both directions, which ends reads and writes that are blocked.
    fn shutdown(&self);
}
