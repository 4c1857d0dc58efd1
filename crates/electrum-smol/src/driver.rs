//! The task that moves the bytes.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use async_io::{Async, Timer};
use electrum_session::proto::{CloseCause, ConnId, Timestamp};
use electrum_session::{Dial, Driver, Step};
use futures_lite::future::yield_now;
use futures_lite::{AsyncRead, AsyncWrite};

use crate::signal::Signal;

/// So many turns without a wait, and then other tasks of the thread get theirs.
const TURNS: u32 = 16;
/// As much as one read takes in.
const READ_SIZE: usize = 64 * 1024;

thread_local! {
    /// Shared by all clients of a thread: an idle one has no buffer.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_SIZE]);
}

/// What is being done about the current connection.
enum Socket {
    None,
    Dialling(ConnId, Pin<Box<dyn Future<Output = io::Result<Async<TcpStream>>> + Send>>),
    Open(ConnId, Stream),
}

/// An open socket, and whether there may be something to read: asking the system in vain costs as much as reading.
struct Stream {
    socket: Async<TcpStream>,
    can_read: bool,
}

/// Moves bytes until the client is closed.
pub(crate) async fn drive(driver: Driver, signal: Arc<Signal>) {
    // A task that is dropped leaves no caller waiting.
    let _end = driver.close_on_drop();
    let mut socket = Socket::None;
    let mut timeout = Timeout { timer: Timer::never(), at: None };
    let mut turns: u32 = 0;
    loop {
        match driver.poll() {
            Step::Connect(conn, target) => {
                let (dial, cancel) = Dial::new(target, driver.connect_timeout());
                let dialling = smol::unblock(move || dial.run());
                let opening = async move {
                    // Dropping the future cancels the dial.
                    let _cancel = cancel;
                    Async::new(dialling.await?)
                };
                socket = Socket::Dialling(conn, Box::pin(opening));
            }
            Step::Disconnect(conn, last) => {
                if socket.conn() == Some(conn) {
                    if let Socket::Open(_, stream) = &socket {
                        // As far as it goes at once: nothing more depends on it.
                        let _ = stream.socket.get_ref().write(&last);
                    }
                    socket = Socket::None;
                }
            }
            // The driver half of the client does these by itself.
            Step::ReadPin(..) | Step::KeepPin(..) => {}
            Step::Finished => return,
            Step::Wait { until, write } => {
                timeout.set(until, &driver);
                turns = turns.wrapping_add(1);
                if turns % TURNS == 0 {
                    yield_now().await;
                }
                std::future::poll_fn(|context| {
                    // Both directions in every turn: a server may stop reading until it is read from.
                    let wants = [
                        signal.poll_take(context).is_ready(),
                        socket.poll(&driver, write, context).is_ready(),
                        timeout.poll(context).is_ready(),
                    ];
                    if wants.contains(&true) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }
        }
    }
}

impl Socket {
    const fn conn(&self) -> Option<ConnId> {
        match self {
            Self::None => None,
            Self::Dialling(conn, _) | Self::Open(conn, _) => Some(*conn),
        }
    }

    /// Ready if anything was moved.
    fn poll(&mut self, driver: &Driver, write: bool, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::None => Poll::Pending,
            Self::Dialling(conn, dialling) => {
                let conn = *conn;
                match dialling.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(socket)) => {
                        *self = Self::Open(conn, Stream { socket, can_read: true });
                        driver.connected(conn);
                    }
                    Poll::Ready(Err(error)) => self.close(driver, conn, CloseCause::Failed(error.to_string())),
                }
                Poll::Ready(())
            }
            Self::Open(conn, stream) => {
                let conn = *conn;
                let written = if write { stream.poll_write(driver, conn, context) } else { Poll::Pending };
                let read = stream.poll_read(driver, conn, context);
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

impl Stream {
    fn poll_read(&mut self, driver: &Driver, conn: ConnId, context: &mut Context<'_>) -> Poll<Result<(), CloseCause>> {
        if !self.can_read {
            ready!(self.socket.poll_readable(context)).map_err(failed)?;
            self.can_read = true;
        }
        BUFFER.with_borrow_mut(|buffer| match ready!(Pin::new(&mut self.socket).poll_read(context, buffer)) {
            Ok(0) => Poll::Ready(Err(CloseCause::End)),
            Ok(count) => {
                self.can_read = count == buffer.len();
                driver.with(|session, now| session.read(now, conn, &buffer[..count]));
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(failed(error))),
        })
    }

    fn poll_write(&mut self, driver: &Driver, conn: ConnId, context: &mut Context<'_>) -> Poll<Result<(), CloseCause>> {
        driver.with(|session, now| match ready!(Pin::new(&mut self.socket).poll_write(context, session.outgoing())) {
            Ok(count) => {
                session.wrote(now, conn, count);
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(failed(error))),
        })
    }
}

fn failed(error: io::Error) -> CloseCause {
    CloseCause::Failed(error.to_string())
}

/// Rings at a moment, or somewhat earlier: it is moved only when it would ring too late.
struct Timeout {
    timer: Timer,
    at: Option<Timestamp>,
}

impl Timeout {
    fn set(&mut self, until: Option<Timestamp>, driver: &Driver) {
        let Some(until) = until else { return };
        if self.at.is_none_or(|at| at > until) {
            self.at = Some(until);
            if let Some(instant) = Instant::now().checked_add(driver.until(until)) {
                self.timer.set_at(instant);
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let rung = pin!(&mut self.timer).poll(context);
        if rung.is_ready() {
            self.at = None;
        }
        rung.map(drop)
    }
}
