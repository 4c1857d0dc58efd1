//! A WebSocket that behaves like that of a browser: it is made at once, takes every message, and reports events.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use async_io::Timer;
use electrum_session::messages::{self, Inbox};
use electrum_web::transport::DialTarget;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message};

/// The code that a browser reports if there was no closing message.
const NO_CLOSE: u16 = 1006;
/// The code that a browser reports for a closing message without a code.
const NO_CODE: u16 = 1005;
/// How many bytes may wait before no more are sent.
const WAITING: usize = 64 * 1024;

pub(crate) struct WebSocket {
    messages: Sender<String>,
    /// The number of bytes in messages that are not written yet.
    waiting: Arc<AtomicUsize>,
    ask_again: Option<Timer>,
    stream: Arc<Mutex<Option<TcpStream>>>,
}

impl WebSocket {
    pub(crate) fn open(target: DialTarget, inbox: Inbox) -> Self {
        let (messages, queue) = channel();
        let waiting = Arc::<AtomicUsize>::default();
        let outgoing = Outgoing { queue, waiting: Arc::clone(&waiting) };
        let stream = Arc::default();
        let shared = Arc::clone(&stream);
        thread::spawn(move || {
            let (code, reason) = run(&target, &inbox, outgoing, &shared).unwrap_or((NO_CLOSE, String::new()));
            inbox.closed(code, &reason);
        });
        Self { messages, waiting, ask_again: None, stream }
    }
}

impl messages::Sender for WebSocket {
    fn send(&mut self, message: &str) -> io::Result<()> {
        // Like a browser, it drops messages that are sent after the end.
        self.waiting.fetch_add(message.len(), Ordering::Relaxed);
        let _ = self.messages.send(message.to_owned());
        Ok(())
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.waiting.load(Ordering::Relaxed) > WAITING {
            let ask_again = self.ask_again.get_or_insert_with(|| Timer::after(Duration::from_millis(5)));
            ready!(Pin::new(ask_again).poll(context));
            self.ask_again = None;
        }
        Poll::Ready(())
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        // Before the handshake is complete no closing message can be sent.
        if let Some(stream) = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// The messages to send.
struct Outgoing {
    queue: Receiver<String>,
    waiting: Arc<AtomicUsize>,
}

/// Opens the WebSocket, and reports messages until it ends. Returns the code and the reason of the closing message.
fn run(
    target: &DialTarget,
    inbox: &Inbox,
    outgoing: Outgoing,
    opening: &Mutex<Option<TcpStream>>,
) -> Result<(u16, String), Error> {
    let stream = TcpStream::connect(target.to_string())?;
    stream.set_nodelay(true)?;
    *opening.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream.try_clone()?);
    let url = target.websocket.as_deref().unwrap_or_default();
    let half = Half(Arc::new(stream), Arc::default());
    // Browsers do not limit the length of messages.
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    let (mut socket, _) = tungstenite::client::client_with_config(url, half.clone(), Some(config))
        .map_err(|error| Error::Io(io::Error::other(error.to_string())))?;
    if opening.lock().unwrap_or_else(PoisonError::into_inner).take().is_none() {
        return Err(Error::ConnectionClosed);
    }
    inbox.opened();
    thread::spawn(move || send_all(half, outgoing));
    let mut closed = None;
    loop {
        // A browser's events come one by one, and the driver runs in between.
        while inbox.unread() > WAITING {
            thread::sleep(Duration::from_millis(1));
        }
        match socket.read() {
            Ok(Message::Text(text)) => inbox.received(text.as_bytes()),
            Ok(Message::Binary(bytes)) => inbox.received(&bytes),
            Ok(Message::Close(frame)) => {
                let frame = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                closed = Some(frame.unwrap_or((NO_CODE, String::new())));
            }
            Ok(_) => {}
            Err(error) => return closed.ok_or(error),
        }
    }
}

/// Sends messages until the WebSocket is dropped, and closes it then.
fn send_all(half: Half, Outgoing { queue, waiting }: Outgoing) {
    let stream = Arc::clone(&half.0);
    let mut socket = tungstenite::WebSocket::from_raw_socket(half, Role::Client, None);
    for message in queue {
        let length = message.len();
        if socket.send(Message::text(message)).is_err() {
            return;
        }
        waiting.fetch_sub(length, Ordering::Relaxed);
    }
    let _ = socket.close(None);
    let _ = socket.flush();
    let _ = stream.shutdown(Shutdown::Both);
}

/// The reading or the writing half of a stream. A lock keeps the frames that both write whole.
#[derive(Clone)]
struct Half(Arc<TcpStream>, Arc<Mutex<()>>);

impl Read for Half {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Half {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _turn = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        (&*self.0).write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
