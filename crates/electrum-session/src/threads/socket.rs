//! The traits that an adapter for threads implements: blocking sockets, and how they are opened.

use std::io;
use std::time::Duration;

use electrum_transport::DialTarget;

use crate::clock::{Clock, SystemClock};

/// Opens sockets for a client.
///
/// ```
/// # #[cfg(unix)]
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pipe.rs")); }
/// # #[cfg(unix)]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use example::{Pipe, open};
/// use std::io;
/// use std::time::Duration;
///
/// use electrum_session::proto::operations::Banner;
/// use electrum_session::threads::{Runtime, drive};
/// use electrum_session::transport::{DialTarget, ServerAddr};
///
/// /// Connects to a server in the same process.
/// struct InProcess;
///
/// impl Runtime for InProcess {
///     type Socket = Pipe;
///     type Cancel = (); // it does not take long
///
///     fn connect(&self, _: DialTarget, _: Duration) -> (impl FnOnce() -> io::Result<Pipe> + Send + 'static, ()) {
///         (open, ())
///     }
/// }
///
/// let server: ServerAddr = "tcp://in-process:50001".parse()?;
/// let (client, threads) = drive(server, InProcess)?;
/// assert_eq!(threads.block_on(|| client.call(Banner))?, "Welcome!");
/// # Ok(())
/// # }
/// # #[cfg(not(unix))]
/// # fn main() {}
/// ```
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
///
/// ```
/// # #[cfg(unix)]
/// # fn main() -> std::io::Result<()> {
/// use std::io::{self, Read, Write};
/// use std::net::Shutdown;
/// use std::os::unix::net::UnixStream;
/// use std::time::Duration;
///
/// use electrum_session::threads::Socket;
///
/// /// A pipe with a time-out for writes of some milliseconds.
/// struct Pipe(UnixStream);
///
/// impl Socket for Pipe {
///     fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
///         (&self.0).read(buffer)
///     }
///     fn write(&self, bytes: &[u8]) -> io::Result<usize> {
///         (&self.0).write(bytes)
///     }
///     fn write_at_once(&self, bytes: &[u8]) {
///         let _ = self.0.set_nonblocking(true).and_then(|()| self.write(bytes));
///     }
///     fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()> {
///         self.0.set_read_timeout(limit)
///     }
///     fn shutdown(&self) {
///         let _ = self.0.shutdown(Shutdown::Both);
///     }
/// }
///
/// let (ours, theirs) = UnixStream::pair()?;
/// ours.set_write_timeout(Some(Duration::from_millis(10)))?;
/// let (ours, theirs) = (Pipe(ours), Pipe(theirs));
/// assert_eq!(ours.write(b"a line\n")?, 7);
/// assert_eq!(theirs.read(&mut [0; 100])?, 7);
/// theirs.shutdown();
/// assert_eq!(ours.read(&mut [0; 100])?, 0); // the end
/// # Ok(())
/// # }
/// # #[cfg(not(unix))]
/// # fn main() {}
/// ```
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
