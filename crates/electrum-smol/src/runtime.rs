//! The runtime of smol: sockets and timers of `async-io`, and threads of the crate `blocking` for dialling.

use std::future::Future;
use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_io::{Async, Timer};
use electrum_session::transport::DialTarget;
use electrum_session::{Dial, drive};
use futures_lite::{AsyncRead as _, AsyncWrite as _};

/// The runtime of the client, which works on any executor.
pub(crate) struct AsyncIo;

impl drive::Runtime for AsyncIo {
    type Socket = Socket;
    type Timer = TimerOfAsyncIo;

    fn connect(
        &mut self,
        target: DialTarget,
        timeout: Duration,
    ) -> impl Future<Output = io::Result<Socket>> + Send + 'static {
        let (dial, cancel) = Dial::new(target, timeout);
        async move {
            // Dropping the future cancels the dial.
            let _cancel = cancel;
            let socket = blocking::unblock(move || dial.run()).await?;
            Ok(Socket { socket: Async::new(socket)?, can_read: true })
        }
    }

    fn timer(&self) -> TimerOfAsyncIo {
        TimerOfAsyncIo(Timer::never())
    }
}

/// An open socket, and whether it may be readable: a read that finds nothing costs as much as any other.
pub(crate) struct Socket {
    socket: Async<TcpStream>,
    can_read: bool,
}

impl drive::Socket for Socket {
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.can_read {
            ready!(self.socket.poll_readable(context))?;
        }
        let read = ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        self.can_read = read == buffer.len();
        Poll::Ready(Ok(read))
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }
}

pub(crate) struct TimerOfAsyncIo(Timer);

impl drive::Timer for TimerOfAsyncIo {
    fn set(&mut self, after: Duration) {
        self.0.set_after(after);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(drop)
    }
}
