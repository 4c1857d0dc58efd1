//! Drives a client with threads and blocking sockets, which an adapter provides.
//!
//! For async runtimes there is [`drive`](crate::drive). Three kinds of threads share the work:
//! - *callers* change the session and write its outgoing bytes, and read their own reply if no other thread reads;
//! - one thread per connection dials it and reads from it;
//! - the *ticker* sleeps until the session's next deadline, and writes to a server that takes bytes slowly.
//!
//! All of them sleep while there is nothing to do. Threads and locks are those of the standard library; a [`Socket`] is
//! anything that reads and writes. The example is a client over a pipe, to a server in the same process:
//!
//! ```
//! # #[cfg(unix)]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::io::{self, BufRead, BufReader, Read, Write};
//! use std::net::Shutdown;
//! use std::os::unix::net::UnixStream;
//! use std::thread;
//! use std::time::Duration;
//!
//! use electrum_session::proto::operations::Banner;
//! use electrum_session::threads::{self, Runtime, Socket};
//! use electrum_session::transport::{DialTarget, ServerAddr};
//!
//! struct InProcess;
//! struct Pipe(UnixStream);
//!
//! impl Runtime for InProcess {
//!     type Socket = Pipe;
//!     type Cancel = ();
//!
//!     fn connect(&self, _: DialTarget, _: Duration) -> (impl FnOnce() -> io::Result<Pipe> + Send + 'static, ()) {
//!         let connect = || {
//!             let (ours, theirs) = UnixStream::pair()?;
//!             ours.set_write_timeout(Some(Duration::from_millis(10)))?;
//!             thread::spawn(move || serve(theirs));
//!             Ok(Pipe(ours))
//!         };
//!         (connect, ())
//!     }
//! }
//!
//! impl Socket for Pipe {
//!     fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
//!         (&self.0).read(buffer)
//!     }
//!     fn write(&self, bytes: &[u8]) -> io::Result<usize> {
//!         (&self.0).write(bytes)
//!     }
//!     fn write_at_once(&self, bytes: &[u8]) {
//!         let _ = self.0.set_nonblocking(true).and_then(|()| self.write(bytes));
//!     }
//!     fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()> {
//!         self.0.set_read_timeout(limit)
//!     }
//!     fn shutdown(&self) {
//!         let _ = self.0.shutdown(Shutdown::Both);
//!     }
//! }
//!
//! fn serve(pipe: UnixStream) -> io::Result<()> {
//!     let mut lines = BufReader::new(pipe);
//!     for answer in [r#"{"id":1,"result":["Example 1.0","1.4"]}"#, r#"{"id":2,"result":"Welcome!"}"#] {
//!         lines.read_line(&mut String::new())?;
//!         writeln!(lines.get_mut(), "{answer}")?;
//!     }
//!     Ok(())
//! }
//!
//! let server: ServerAddr = "tcp://in-process:50001".parse()?;
//! let (client, threads) = threads::drive(server, InProcess)?;
//! assert_eq!(threads.block_on(|| client.call(Banner))?, "Welcome!");
//! # Ok(())
//! # }
//! # #[cfg(not(unix))]
//! # fn main() {}
//! ```

mod engine;
mod reading;
mod socket;
mod state;
mod sync;
mod waiting;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, Waker};

pub use self::socket::{Runtime, Socket};

use self::engine::Engine;
use crate::block::block_on;
use crate::client::Client;
use crate::config::Config;

/// The threads of a client. They end when the client is closed.
///
/// ```
/// # #[cfg(unix)]
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pipe.rs")); }
/// # #[cfg(unix)]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use electrum_session::proto::operations::Banner;
/// use electrum_session::threads;
/// use electrum_session::transport::ServerAddr;
/// # use example::InProcess;
///
/// // `InProcess` is the runtime of the example of this module.
/// let server: ServerAddr = "tcp://in-process:50001".parse()?;
/// let (client, threads) = threads::drive(server, InProcess)?;
/// assert_eq!(threads.block_on(|| client.call(Banner))?, "Welcome!");
/// # Ok(())
/// # }
/// # #[cfg(not(unix))]
/// # fn main() {}
/// ```
pub struct Threads<R: Runtime>(Arc<Engine<R>>);

/// Starts a client, and the threads that drive it with sockets of `runtime`.
///
/// # Errors
/// If the operating system cannot start a thread.
pub fn drive<R: Runtime>(config: impl Into<Config>, runtime: R) -> io::Result<(Client, Threads<R>)> {
    let engine = Arc::new(OnceLock::<Weak<Engine<R>>>::new());
    let woken = Arc::clone(&engine);
    let (client, driver) = Client::with_clock(config, runtime.clock(), move || {
        if let Some(engine) = woken.get().and_then(Weak::upgrade) {
            engine.turn();
        }
    });
    let threads = Threads(Arc::new(Engine::new(driver, runtime)));
    engine.get_or_init(|| Arc::downgrade(&threads.0));
    threads.0.start()?;
    Ok((client, threads))
}

impl<R: Runtime> Threads<R> {
    /// Makes a call and blocks until its result is there. Meanwhile the calling thread reads from the socket if no
    /// other thread does, which saves handing the reply from one thread to another.
    ///
    /// It works with any future, but is meant for one that waits for a reply. For one that may wait for long, such as that of
    /// an update, there is [`block_on_next`](Self::block_on_next).
    pub fn block_on<F: Future>(&self, call: impl FnOnce() -> F) -> F::Output {
        self.0.block_on(call)
    }

    /// Blocks until the next item of a stream is there. The calling thread reads from the socket while bytes keep coming, if
    /// no other thread does, and leaves it to callers otherwise.
    ///
    /// ```
    /// # #[cfg(unix)]
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pipe.rs")); }
    /// # #[cfg(unix)]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use electrum_session::ConnectionEvent;
    /// use electrum_session::threads;
    /// use electrum_session::transport::ServerAddr;
    /// # use example::InProcess;
    ///
    /// let server: ServerAddr = "tcp://in-process:50001".parse()?;
    /// let (client, threads) = threads::drive(server, InProcess)?;
    /// let mut events = client.events();
    /// let first = threads.block_on_next(events.next());
    /// assert!(matches!(first, Some(ConnectionEvent::Connecting { .. })));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(unix))]
    /// # fn main() {}
    /// ```
    pub fn block_on_next<F: Future>(&self, next: F) -> F::Output {
        let mut next = pin!(next);
        if let Poll::Ready(item) = next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return item;
        }
        match self.0.read_on(next.as_mut()) {
            Some(item) => item,
            None => block_on(next),
        }
    }
}

impl<R: Runtime> Clone for Threads<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Runtime> fmt::Debug for Threads<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").finish_non_exhaustive()
    }
}
