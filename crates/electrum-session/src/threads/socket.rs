//! What an adapter for threads implements: sockets that block, and how they are opened.

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

    /// Prepares to open a socket to `target` within `timeout`. The function that is returned opens it, in a thread that
    /// has nothing else to do.
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

/// A socket that blocks, for a bounded time where it says so. One thread reads, another one may write at the same time.
pub trait Socket: Send + Sync + 'static {
    /// Waits for bytes, for as long as [`limit_reads`](Self::limit_reads) allows. Returns zero at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` if that time is over; otherwise those of the socket.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes some bytes, and waits for some milliseconds at most until any are taken. Returns how many.
    ///
    /// # Errors
    /// `WouldBlock` if none were taken in that time; otherwise those of the socket.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes as much as is taken without a wait, as the last bytes before [`shutdown`](Self::shutdown).
    fn write_at_once(&self, bytes: &[u8]);

    /// Limits how long later reads wait for bytes, or ends the limit.
    ///
    /// # Errors
    /// Those of the socket. The client then does without.
    fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()>;

    /// Ends reads and writes, also those that wait.
    fn shutdown(&self);
}
