//! Adapts a WebSocket of the platform, which reports whole messages, to the socket of a driver: each message is a line.
//!
//! It is for platforms that implement WebSockets themselves, such as browsers. Open one with [`open`] in
//! [`Runtime::connect`](crate::drive::Runtime::connect), implement [`Sender`] for it, report its events to the
//! [`Inbox`], and set [`Route::in_browser`](electrum_transport::Route::in_browser).

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, Read as _};
use std::str;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use electrum_transport::WebSocketError;

use crate::drive;

/// How many bytes are handed to the WebSocket, roughly, before it is asked again whether it has room.
const SENT: usize = 64 * 1024;

/// The error of a WebSocket that was open and ended with code 1006.
const BROKEN: &str = "the WebSocket ended without a closing message: the connection broke, or the server sent \
                      something that is not WebSocket; the browser does not say which";
/// The error of a WebSocket that ended with code 1006 before it was open.
const NOT_OPENED: &str = "the browser could not open the WebSocket and does not say why; its console may. The server \
                          may be down, its certificate may not be trusted, or the page comes from an https:// address \
                          and may only open wss:// addresses";

/// The sending half of a WebSocket. Dropping it closes the WebSocket.
///
/// ```
/// use std::io;
/// use std::sync::mpsc;
/// use std::task::{Context, Poll, Waker};
/// use electrum_session::drive::Socket;
/// use electrum_session::messages::{Sender, open};
///
/// /// A WebSocket that only notes what it is to send.
/// struct Noting(mpsc::Sender<String>);
///
/// impl Sender for Noting {
///     fn send(&mut self, message: &str) -> io::Result<()> {
///         self.0.send(message.to_owned()).map_err(io::Error::other)
///     }
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
///         Poll::Ready(()) // there is always room
///     }
/// }
///
/// let (sender, sent) = mpsc::channel();
/// let mut socket = electrum_session::block_on(open(1_000_000, |inbox| {
///     inbox.opened();
///     Ok(Noting(sender))
/// }))?;
/// let written = socket.poll_write(&mut Context::from_waker(Waker::noop()), b"{\"id\":1}\n");
/// assert!(matches!(written, Poll::Ready(Ok(9))));
/// assert_eq!(sent.recv()?, "{\"id\":1}"); // a line is a message
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Sender: Send + 'static {
    /// Sends a text message, without waiting until it has left.
    ///
    /// # Errors
    /// Those of the WebSocket.
    fn send(&mut self, message: &str) -> io::Result<()>;

    /// Polls for room: ready if few of the bytes that were sent are still waiting to leave.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()>;
}

/// Receives the events of one WebSocket. Clones are the same inbox.
///
/// ```
/// # use std::io;
/// # use std::sync::mpsc;
/// # use std::task::{Context, Poll};
/// # use electrum_session::messages::{Sender, open};
/// # /// A WebSocket that only notes what it is to send.
/// # struct Noting(mpsc::Sender<String>);
/// #
/// # impl Sender for Noting {
/// #     fn send(&mut self, message: &str) -> io::Result<()> {
/// #         self.0.send(message.to_owned()).map_err(io::Error::other)
/// #     }
/// #
/// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
/// #         Poll::Ready(()) // there is always room
/// #     }
/// # }
/// # let (sender, _sent) = mpsc::channel();
/// let opening = open(1_000_000, |inbox| {
///     // The platform calls these later: "open", "message" and "close".
///     inbox.opened();
///     inbox.received(b"{\"id\":1}");
///     assert_eq!(inbox.unread(), 9); // the message is a line now
///     inbox.closed(1000, "");
///     Ok(Noting(sender))
/// });
/// assert!(electrum_session::block_on(opening).is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Inbox {
    state: Arc<Mutex<State>>,
    longest: usize,
}

#[derive(Debug, Default)]
struct State {
    is_open: bool,
    /// The unread messages, as lines.
    lines: VecDeque<u8>,
    /// How the WebSocket ended: in order, or with an error.
    end: Option<Result<(), String>>,
    waker: Option<Waker>,
}

/// Opens a WebSocket with the function `open`, which receives the inbox for its events. A message of more than
/// `longest` bytes is cut off after the first byte that is too many, and the client refuses it as too long.
///
/// # Errors
/// Those of `open`, and if the WebSocket closes before it is open.
pub async fn open<S: Sender>(longest: usize, open: impl FnOnce(Inbox) -> io::Result<S>) -> io::Result<Messages<S>> {
    let inbox = Inbox { state: Arc::default(), longest };
    let messages = Messages { sender: open(inbox.clone())?, inbox, line: Vec::new() };
    poll_fn(|context| messages.inbox.poll_open(context)).await?;
    Ok(messages)
}

impl Inbox {
    /// Reports that the WebSocket is open.
    pub fn opened(&self) {
        self.change(|state| state.is_open = true);
    }

    /// Returns how many bytes of a message are used at most; the rest need not be reported.
    #[must_use]
    pub fn useful(&self) -> usize {
        self.longest.saturating_add(1)
    }

    /// Returns how many bytes were reported and are still unread. A WebSocket that a thread of its own reads from
    /// should wait while there are many.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.lock().lines.len()
    }

    /// Reports a message.
    pub fn received(&self, message: &[u8]) {
        self.change(|state| {
            if state.lines.len() > self.longest {
                // The driver reads after each message, unless something keeps it from running.
                state.end.get_or_insert_with(|| Err("the server sends more than this program reads".to_owned()));
            } else if state.end.is_none() && !message.is_empty() {
                state.lines.extend(&message[..message.len().min(self.useful())]);
                state.lines.push_back(b'\n');
            }
        });
    }

    /// Reports that the WebSocket was closed, with the code and the reason of the closing message; the code is 1006 if
    /// there was none.
    pub fn closed(&self, code: u16, reason: &str) {
        self.change(|state| {
            let end = match code {
                1000 | 1001 | 1005 => Ok(()),
                1006 if state.is_open => Err(BROKEN.to_owned()),
                1006 => Err(NOT_OPENED.to_owned()),
                code => Err(WebSocketError::Closed { code, reason: reason.chars().take(200).collect() }.to_string()),
            };
            state.end.get_or_insert(end);
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = self.lock();
            change(&mut state);
            state.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_open(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        // Cloned before the lock is taken, and the one before dropped after that: both are code of the caller.
        let mut waker = Some(context.waker().clone());
        let mut state = self.lock();
        if state.is_open {
            return Poll::Ready(Ok(()));
        }
        std::mem::swap(&mut state.waker, &mut waker);
        match &state.end {
            Some(end) => Poll::Ready(Err(failed(
                end.clone().err().unwrap_or_else(|| "the server closed the WebSocket".to_owned()),
            ))),
            None => Poll::Pending,
        }
    }

    /// Reads the unread bytes, and after them how the WebSocket ended.
    fn poll_read(&self, context: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut waker = Some(context.waker().clone());
        let mut state = self.lock();
        if !state.lines.is_empty() {
            return Poll::Ready(state.lines.read(buffer));
        }
        // The memory of a large message is released.
        state.lines.shrink_to(buffer.len());
        std::mem::swap(&mut state.waker, &mut waker);
        match &state.end {
            Some(Ok(())) => Poll::Ready(Ok(0)),
            Some(Err(why)) => Poll::Ready(Err(failed(why.clone()))),
            None => Poll::Pending,
        }
    }
}

/// An open WebSocket.
///
/// ```
/// use electrum_session::drive::Socket;
/// use electrum_session::messages::Messages;
/// # use std::io;
/// # use std::sync::mpsc;
/// # use std::task::{Context, Poll, Waker};
/// # use electrum_session::messages::{Sender, open};
/// # /// A WebSocket that only notes what it is to send.
/// # struct Noting(mpsc::Sender<String>);
/// #
/// # impl Sender for Noting {
/// #     fn send(&mut self, message: &str) -> io::Result<()> {
/// #         self.0.send(message.to_owned()).map_err(io::Error::other)
/// #     }
/// #
/// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
/// #         Poll::Ready(()) // there is always room
/// #     }
/// # }
/// # let (sender, _sent) = mpsc::channel();
/// #
/// let messages: io::Result<Messages<_>> = electrum_session::block_on(open(1_000_000, |inbox| {
///     inbox.opened();
///     inbox.received(b"{\"id\":1}");
///     Ok(Noting(sender))
/// }));
/// // A driver reads its messages as lines.
/// let mut buffer = [0; 100];
/// let read = messages?.poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer)?;
/// assert!(matches!(read, Poll::Ready(9)) && buffer.starts_with(b"{\"id\":1}\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Messages<S> {
    inbox: Inbox,
    sender: S,
    /// A line whose end was not written yet.
    line: Vec<u8>,
}

impl<S: Sender> drive::Socket for Messages<S> {
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.inbox.poll_read(context, buffer)
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Bytes sent after the end are lost, and must not count as written. The end is about to be read.
        if self.inbox.lock().end.is_some() {
            return Poll::Pending;
        }
        ready!(self.sender.poll_ready(context));
        let mut count = 0;
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if count >= SENT {
                break;
            }
            count += piece.len();
            self.line.extend_from_slice(piece);
            if let Some(line) = self.line.strip_suffix(b"\n") {
                self.sender.send(str::from_utf8(line).map_err(io::Error::other)?)?;
                self.line.clear();
            }
        }
        Poll::Ready(Ok(count))
    }
}

fn failed(why: String) -> io::Error {
    io::Error::other(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::Socket;
    use std::future::Future;
    use std::pin::pin;

    /// A WebSocket that keeps the messages sent, and has room until it is marked as full.
    #[derive(Debug, Default)]
    struct Sent {
        messages: Vec<String>,
        is_full: bool,
    }

    impl Sender for Sent {
        fn send(&mut self, message: &str) -> io::Result<()> {
            self.messages.push(message.to_owned());
            Ok(())
        }

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
            if self.is_full { Poll::Pending } else { Poll::Ready(()) }
        }
    }

    fn context() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    /// Opens a WebSocket whose first events `report` reports.
    fn opened(longest: usize, report: impl FnOnce(&Inbox)) -> io::Result<Messages<Sent>> {
        let open = pin!(open(longest, |inbox| {
            report(&inbox);
            Ok(Sent::default())
        }));
        match open.poll(&mut context()) {
            Poll::Ready(opened) => opened,
            Poll::Pending => panic!("the WebSocket is neither open nor closed"),
        }
    }

    fn read(messages: &mut Messages<Sent>) -> Poll<Result<String, String>> {
        let mut buffer = [0; 64];
        let read = messages.poll_read(&mut context(), &mut buffer);
        read.map(|read| match read {
            Ok(count) => Ok(String::from_utf8_lossy(&buffer[..count]).into_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    #[test]
    fn messages_are_lines_in_both_directions() {
        let mut messages = opened(100, Inbox::opened).unwrap();
        assert_eq!(read(&mut messages), Poll::Pending);
        messages.inbox.received(b"{\"id\":1}");
        messages.inbox.received(b"");
        messages.inbox.received(b"{}");
        assert_eq!(read(&mut messages), Poll::Ready(Ok("{\"id\":1}\n{}\n".into())));
        for piece in ["a\nb", "c", "\n\nd"] {
            let written = messages.poll_write(&mut context(), piece.as_bytes());
            assert!(matches!(written, Poll::Ready(Ok(count)) if count == piece.len()));
        }
        assert_eq!(messages.sender.messages, ["a", "bc", ""]);
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_after_the_byte_that_makes_it_so() {
        let mut messages = opened(10, Inbox::opened).unwrap();
        messages.inbox.received(&[b'x'; 1000]);
        assert_eq!(read(&mut messages), Poll::Ready(Ok("xxxxxxxxxxx\n".into())));
    }

    #[test]
    fn what_is_not_read_is_bounded() {
        let mut messages = opened(10, Inbox::opened).unwrap();
        (0..1000).for_each(|_| messages.inbox.received(b"12345678"));
        assert_eq!(read(&mut messages), Poll::Ready(Ok("12345678\n12345678\n".into())));
        let Poll::Ready(Err(error)) = read(&mut messages) else { panic!("the WebSocket has not ended") };
        assert!(error.contains("more than this program reads"), "{error}");
    }

    #[test]
    fn how_it_ended_follows_what_came_before() {
        let ends = [
            (1000, "", Ok("")),
            (1001, "", Ok("")),
            (1005, "", Ok("")),
            (1006, "", Err("the connection broke")),
            (1008, "no more than 3", Err("no more than 3")),
        ];
        for (code, reason, expected) in ends {
            let mut messages = opened(100, Inbox::opened).unwrap();
            messages.inbox.received(b"last");
            messages.inbox.closed(code, reason);
            assert_eq!(read(&mut messages), Poll::Ready(Ok("last\n".into())));
            match (read(&mut messages), expected) {
                (Poll::Ready(Ok(end)), Ok(expected)) => assert_eq!(end, expected, "{code}"),
                (Poll::Ready(Err(error)), Err(words)) => assert!(error.contains(words), "{code}: {error}"),
                (found, _) => panic!("{code}: {found:?}"),
            }
        }
        let error = opened(100, |inbox| inbox.closed(1006, "")).unwrap_err().to_string();
        assert!(error.contains("could not open the WebSocket"), "{error}");
    }

    #[test]
    fn nothing_counts_as_written_without_room_or_after_the_end() {
        let mut messages = opened(100, Inbox::opened).unwrap();
        messages.sender.is_full = true;
        assert!(messages.poll_write(&mut context(), b"a\n").is_pending());
        messages.sender.is_full = false;
        messages.inbox.closed(1000, "");
        assert!(messages.poll_write(&mut context(), b"a\n").is_pending());
        assert_eq!(messages.sender.messages, [""; 0]);
    }
}
