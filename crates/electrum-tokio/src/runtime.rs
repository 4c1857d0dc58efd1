//! The runtime of tokio: streams and timers.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use electrum_session::transport::DialTarget;
use electrum_session::{Dial, drive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

/// The tokio runtime, with a function that opens a stream to a target within a time-out.
pub(crate) struct Tokio<C>(pub(crate) C);

impl<C, S, F> drive::Runtime for Tokio<C>
where
    C: FnMut(DialTarget, Duration) -> F + Send + 'static,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    type Socket = Socket<S>;
    type Timer = Timer;

    fn connect(
        &mut self,
        target: DialTarget,
        timeout: Duration,
    ) -> impl Future<Output = io::Result<Socket<S>>> + Send + 'static {
        let stream = (self.0)(target, timeout);
        async { Ok(Socket(stream.await?)) }
    }

    fn timer(&self) -> Timer {
        Timer(Box::pin(tokio::time::sleep(Duration::MAX)))
    }
}

/// Opens a TCP connection.
pub(crate) fn dial(
    target: DialTarget,
    timeout: Duration,
) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
    let (dial, cancel) = Dial::new(target, timeout);
    async move {
        // Dropping the future cancels the dial.
        let _cancel = cancel;
        let (sender, socket) = oneshot::channel();
        // A runtime that is dropped waits for its blocking tasks, so the dial has a thread of its own.
        thread::Builder::new().name("electrum-connect".into()).spawn(move || sender.send(dial.run()))?;
        let socket = socket.await.map_err(io::Error::other)??;
        socket.set_nonblocking(true)?;
        TcpStream::from_std(socket)
    }
}

/// A stream of tokio's.
pub(crate) struct Socket<S>(S);

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> drive::Socket for Socket<S> {
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }
}

/// A timer that is reset, not made anew, each time that it is set.
pub(crate) struct Timer(Pin<Box<Sleep>>);

impl drive::Timer for Timer {
    fn set(&mut self, after: Duration) {
        self.0.as_mut().reset(Instant::now() + after);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(context)
    }
}
