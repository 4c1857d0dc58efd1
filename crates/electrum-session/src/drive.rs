//! Drives a client in an async runtime, with sockets and a timer that an adapter provides.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use electrum_proto::{CloseCause, ConnId, Timestamp};
use electrum_transport::DialTarget;

use crate::client::Client;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::driver::Driver;
use crate::session::Step;
use crate::signal::Signal;

/// The maximum number of turns without a wait, after which the other tasks of the thread run.
const TURNS: u32 = 16;
/// The maximum number of bytes of one read, and of one write.
const BUFFER_SIZE: usize = 64 * 1024;
/// The maximum time that a timer is set to, since runtimes have limits of their own. It is set again if more is left.
const LONGEST_TIMER: Duration = Duration::from_secs(24 * 60 * 60);

thread_local! {
    /// The buffer of reads and writes, shared by all clients of a thread, so that an idle one holds none.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An async runtime: opens sockets and sets timers for a client.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// # use example::{Answers, Never};
/// use std::future::{Future, ready};
/// use std::io;
/// use std::time::Duration;
///
/// use electrum_session::drive::{Runtime, drive};
/// use electrum_session::proto::operations::Banner;
/// use electrum_session::transport::{DialTarget, ServerAddr};
///
/// /// A runtime without a network, whose sockets are answered by a function.
/// struct InProcess;
///
/// impl Runtime for InProcess {
///     type Socket = Answers;
///     type Timer = Never;
///
///     fn connect(
///         &mut self,
///         _: DialTarget,
///         _: Duration,
///     ) -> impl Future<Output = io::Result<Answers>> + Send + 'static {
///         ready(Ok(Answers::default()))
///     }
///
///     fn timer(&self) -> Never {
///         Never
///     }
/// }
///
/// let server: ServerAddr = "tcp://in-process:50001".parse()?;
/// let (client, driver) = drive(server, InProcess);
/// std::thread::spawn(|| electrum_session::block_on(driver));
/// assert_eq!(electrum_session::block_on(client.call(Banner))?, "Welcome!");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Runtime: Send + 'static {
    /// An open socket.
    type Socket: Socket;
    /// A timer.
    type Timer: Timer;

    /// Opens a socket to `target` within `timeout`, which is best done by [`Dial`](crate::Dial). Dropping the future
    /// cancels it.
    fn connect(
        &mut self,
        target: DialTarget,
        timeout: Duration,
    ) -> impl Future<Output = io::Result<Self::Socket>> + Send + 'static;

    /// Makes a timer that is not set.
    fn timer(&self) -> Self::Timer;

    /// Makes the clock of the client: by default the operating system's.
    fn clock(&self) -> impl Clock {
        SystemClock::default()
    }
}

/// An open socket of a runtime.
///
/// ```
/// use std::collections::VecDeque;
/// use std::io::{self, Read, Write};
/// use std::task::{Context, Poll, Waker};
/// use electrum_session::drive::Socket;
///
/// /// A socket in memory, which receives what it sends.
/// #[derive(Default)]
/// struct Loopback(VecDeque<u8>);
///
/// impl Socket for Loopback {
///     fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
///         // Another socket is pending if nothing has come yet, and wakes the task when something has.
///         Poll::Ready(self.0.read(buffer))
///     }
///
///     fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
///         Poll::Ready(self.0.write(bytes))
///     }
/// }
///
/// let (mut socket, mut context) = (Loopback::default(), Context::from_waker(Waker::noop()));
/// assert!(matches!(socket.poll_write(&mut context, b"a line\n"), Poll::Ready(Ok(7))));
/// let mut buffer = [0; 100];
/// assert!(matches!(socket.poll_read(&mut context, &mut buffer), Poll::Ready(Ok(7))));
/// ```
pub trait Socket: Send + 'static {
    /// Reads some bytes. Returns how many, zero at the end of the stream.
    ///
    /// # Errors
    /// Those of the socket.
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some bytes. Returns how many. A socket may store them instead, and write them in
    /// [`poll_flush`](Self::poll_flush).
    ///
    /// # Errors
    /// Those of the socket.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Writes the bytes that `poll_write` stored.
    ///
    /// # Errors
    /// Those of the socket.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = context;
        Poll::Ready(Ok(()))
    }
}

/// A timer of a runtime.
///
/// ```
/// use std::task::{Context, Poll, Waker};
/// use std::time::{Duration, Instant};
/// use electrum_session::drive::Timer;
///
/// /// A timer for a runtime without timers, which keeps its task awake while it is set.
/// struct Awake(Option<Instant>);
///
/// impl Timer for Awake {
///     fn set(&mut self, after: Duration) {
///         self.0 = Some(Instant::now() + after);
///     }
///
///     fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
///         if self.0.take_if(|at| *at <= Instant::now()).is_some() {
///             return Poll::Ready(());
///         }
///         context.waker().wake_by_ref();
///         Poll::Pending
///     }
/// }
///
/// let (mut timer, mut context) = (Awake(None), Context::from_waker(Waker::noop()));
/// timer.set(Duration::from_secs(3600));
/// assert!(timer.poll(&mut context).is_pending());
/// timer.set(Duration::ZERO);
/// assert!(timer.poll(&mut context).is_ready());
/// ```
pub trait Timer: Send + 'static {
    /// Sets the timer to fire once, after this time, which is at most a day, instead of what it was set to before.
    fn set(&mut self, after: Duration);

    /// Polls the timer: ready when the time has passed.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()>;
}

/// Makes a client, and the future that drives it on `runtime`. The future ends when the client is closed; if it is
/// dropped before, the client is closed.
pub fn drive<R: Runtime>(config: impl Into<Config>, runtime: R) -> (Client, impl Future<Output = ()> + Send + 'static) {
    let signal = Arc::new(Signal::default());
    let wake = Arc::clone(&signal);
    let (client, driver) = Client::with_clock(config, runtime.clock(), move || wake.set());
    (client, run(driver, signal, runtime))
}

async fn run<R: Runtime>(driver: Driver, signal: Arc<Signal>, mut runtime: R) {
    // Closes the client if this task is dropped, so that no caller is left waiting.
    let _close = driver.close_on_drop();
    let mut connection: Connection<R::Socket> = Connection::None;
    let mut wake_up = WakeUp { timer: runtime.timer(), at: None };
    let mut turns: u32 = 0;
    loop {
        match driver.poll() {
            Step::Connect(conn, target) => {
                let connecting = runtime.connect(target, driver.connect_timeout());
                connection = Connection::Opening(conn, Box::pin(connecting));
            }
            Step::Disconnect(conn, last) => connection.disconnect(conn, &last),
            // `Driver::poll` carries these out itself.
            Step::ReadPin(..) | Step::KeepPin(..) => {}
            Step::Finished => return,
            Step::Wait { until, write } => {
                wake_up.set(until, &driver);
                turns = turns.wrapping_add(1);
                if turns % TURNS == 0 {
                    yield_now().await;
                }
                poll_fn(|context| {
                    // Both directions in every turn: a server may read nothing more until its own bytes are read.
                    let ready = [
                        signal.poll_take(context).is_ready(),
                        connection.poll(&driver, write, context).is_ready(),
                        wake_up.poll(context).is_ready(),
                    ];
                    if ready.contains(&true) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }
        }
    }
}

/// Lets the other tasks of the thread run once.
async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A future that opens a socket.
type Opening<S> = Pin<Box<dyn Future<Output = io::Result<S>> + Send>>;

/// The socket of the current connection.
enum Connection<S> {
    None,
    Opening(ConnId, Opening<S>),
    Open(ConnId, S),
}

impl<S: Socket> Connection<S> {
    /// Closes the socket, after writing as many of the last bytes as it has room for.
    fn disconnect(&mut self, conn: ConnId, last: &[u8]) {
        match self {
            Self::Open(current, socket) if *current == conn => {
                let mut context = Context::from_waker(Waker::noop());
                let _ = socket.poll_write(&mut context, last);
                let _ = socket.poll_flush(&mut context);
            }
            Self::Opening(current, _) if *current == conn => {}
            _ => return,
        }
        *self = Self::None;
    }

    /// Reads and writes: ready if any bytes were moved, or the connection changed.
    fn poll(&mut self, driver: &Driver, write: bool, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::None => Poll::Pending,
            Self::Opening(conn, opening) => {
                let conn = *conn;
                match ready!(opening.as_mut().poll(context)) {
                    Ok(socket) => {
                        *self = Self::Open(conn, socket);
                        driver.connected(conn);
                    }
                    Err(error) => self.close(driver, conn, failed(&error)),
                }
                Poll::Ready(())
            }
            Self::Open(conn, socket) => {
                let conn = *conn;
                let written = poll_write(socket, driver, conn, write, context);
                let read = poll_read(socket, driver, conn, context);
                for outcome in [&read, &written] {
                    if let Poll::Ready(Err(cause)) = outcome {
                        self.close(driver, conn, cause.clone());
                        return Poll::Ready(());
                    }
                }
                if read.is_ready() || written.is_ready() { Poll::Ready(()) } else { Poll::Pending }
            }
        }
    }

    fn close(&mut self, driver: &Driver, conn: ConnId, cause: CloseCause) {
        *self = Self::None;
        driver.with(|session, now| session.closed(now, conn, cause));
    }
}

fn poll_read<S: Socket>(
    socket: &mut S,
    driver: &Driver,
    conn: ConnId,
    context: &mut Context<'_>,
) -> Poll<Result<(), CloseCause>> {
    with_buffer(|buffer| {
        socket.poll_read(context, buffer).map(|read| match read {
            Ok(0) => Err(CloseCause::End),
            Ok(count) => {
                driver.with(|session, now| session.read(now, conn, &buffer[..count]));
                Ok(())
            }
            Err(error) => Err(failed(&error)),
        })
    })
}

/// Runs `run` with the buffer of this thread, which is taken out: a socket may run another client on this thread.
fn with_buffer<T>(run: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = BUFFER.take();
    buffer.resize(BUFFER_SIZE, 0);
    let result = run(&mut buffer);
    BUFFER.set(buffer);
    result
}

/// Writes the outgoing bytes, and flushes. Ready if the socket took some.
fn poll_write<S: Socket>(
    socket: &mut S,
    driver: &Driver,
    conn: ConnId,
    write: bool,
    context: &mut Context<'_>,
) -> Poll<Result<(), CloseCause>> {
    // Bytes that were stored before go first.
    ready!(socket.poll_flush(context)).map_err(|error| failed(&error))?;
    if !write {
        return Poll::Pending;
    }
    let count = with_buffer(|buffer| {
        // Copied, so that the client is not locked while the socket runs code of the runtime and wakers.
        let count = driver.with(|session, _| {
            let outgoing = session.outgoing();
            let count = outgoing.len().min(buffer.len());
            buffer[..count].copy_from_slice(&outgoing[..count]);
            count
        });
        if count == 0 {
            return Poll::Ready(Ok(0));
        }
        match ready!(socket.poll_write(context, &buffer[..count])) {
            Ok(0) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => Poll::Ready(written),
        }
    });
    let count = ready!(count).map_err(|error| failed(&error))?;
    // Nothing was withdrawn meanwhile: that happens only when this task polls the driver.
    driver.with(|session, now| session.wrote(now, conn, count));
    match socket.poll_flush(context) {
        Poll::Ready(Err(error)) => Poll::Ready(Err(failed(&error))),
        _ if count == 0 => Poll::Pending,
        _ => Poll::Ready(Ok(())),
    }
}

fn failed(error: &io::Error) -> CloseCause {
    CloseCause::Failed(error.to_string())
}

/// A timer that fires at a given time or earlier: it is set anew only when it would fire too late.
struct WakeUp<T> {
    timer: T,
    at: Option<Timestamp>,
}

impl<T: Timer> WakeUp<T> {
    fn set(&mut self, until: Option<Timestamp>, driver: &Driver) {
        let Some(until) = until else { return };
        if self.at.is_none_or(|at| at > until) {
            self.at = Some(until);
            self.timer.set(driver.until(until).min(LONGEST_TIMER));
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.at.is_none() {
            return Poll::Pending;
        }
        ready!(self.timer.poll(context));
        self.at = None;
        Poll::Ready(())
    }
}
