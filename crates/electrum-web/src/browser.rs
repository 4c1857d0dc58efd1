//! The runtime of a browser: WebSockets, timers and the clock.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use electrum_session::messages::{Inbox, Messages, Sender, open};
use electrum_session::proto::Timestamp;
use electrum_session::transport::DialTarget;
use electrum_session::{Clock, drive};
use gloo_timers::future::TimeoutFuture;
use js_sys::{JsString, Uint8Array};
use send_wrapper::SendWrapper;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent};
use web_time::{Instant, SystemTime, UNIX_EPOCH};

/// The browser as the runtime of a client.
pub(crate) struct Browser {
    /// The maximum length of a message.
    pub(crate) longest: usize,
}

impl drive::Runtime for Browser {
    type Socket = Messages<WebSocket>;
    type Timer = Timer;

    /// Opens a WebSocket. It has no time-out of its own: the client gives up a connection that takes too long.
    fn connect(
        &mut self,
        target: DialTarget,
        _: Duration,
    ) -> impl Future<Output = io::Result<Messages<WebSocket>>> + Send + 'static {
        let url = target.websocket.unwrap_or_default();
        open(self.longest, move |inbox| WebSocket::open(&url, &inbox))
    }

    fn timer(&self) -> Timer {
        Timer(None)
    }

    fn clock(&self) -> impl Clock {
        BrowserClock(Instant::now())
    }
}

/// How many sent bytes may wait in the browser before no more are sent.
const WAITING: u32 = 64 * 1024;
/// After how many milliseconds the browser is asked again whether they have left, which it does not report.
const ASK_AGAIN: u32 = 20;

/// A WebSocket of the browser. Like all of the browser's objects it belongs to the thread that made it.
pub(crate) struct WebSocket(SendWrapper<Open>);

/// An event handler, which the browser calls until it is dropped.
type Handler<E> = Closure<dyn FnMut(E)>;

struct Open {
    socket: web_sys::WebSocket,
    ask_again: Option<TimeoutFuture>,
    _handlers: (Closure<dyn FnMut()>, Handler<MessageEvent>, Handler<CloseEvent>),
}

impl WebSocket {
    fn open(url: &str, inbox: &Inbox) -> io::Result<Self> {
        let socket = web_sys::WebSocket::new(url).map_err(|error| failed(&error))?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let [opened, received, closed] = [(); 3].map(|()| inbox.clone());
        let on_open = Closure::<dyn FnMut()>::new(move || opened.opened());
        let on_message = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| receive(&event.data(), &received));
        let on_close =
            Closure::<dyn FnMut(_)>::new(move |event: CloseEvent| closed.closed(event.code(), &event.reason()));
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        let open = Open { socket, ask_again: None, _handlers: (on_open, on_message, on_close) };
        Ok(Self(SendWrapper::new(open)))
    }
}

/// Reports a message to the inbox, or only its beginning if it is too long.
fn receive(data: &JsValue, inbox: &Inbox) {
    let useful = u32::try_from(inbox.useful()).unwrap_or(u32::MAX);
    match data.dyn_ref::<JsString>() {
        Some(text) if text.length() > useful => inbox.received(String::from(text.slice(0, useful)).as_bytes()),
        Some(text) => inbox.received(String::from(text).as_bytes()),
        None => {
            let bytes = Uint8Array::new(data);
            inbox.received(&bytes.subarray(0, useful).to_vec());
        }
    }
}

impl Sender for WebSocket {
    fn send(&mut self, message: &str) -> io::Result<()> {
        self.0.socket.send_with_str(message).map_err(|error| failed(&error))
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.0.socket.buffered_amount() > WAITING {
            let ask_again = self.0.ask_again.get_or_insert_with(|| TimeoutFuture::new(ASK_AGAIN));
            ready!(Pin::new(ask_again).poll(context));
            self.0.ask_again = None;
        }
        Poll::Ready(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Fails only for codes that are not allowed, and none is given.
        let _ = self.socket.close();
    }
}

/// Converts an error of the browser, with its own text.
fn failed(error: &JsValue) -> io::Error {
    let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    io::Error::other(message.unwrap_or_else(|| format!("{error:?}")))
}

/// A timer of the browser.
pub(crate) struct Timer(Option<SendWrapper<TimeoutFuture>>);

impl drive::Timer for Timer {
    fn set(&mut self, after: Duration) {
        // Rounded up, and at most a day.
        let millis = u32::try_from(after.as_micros().div_ceil(1000)).unwrap_or(u32::MAX);
        self.0 = Some(SendWrapper::new(TimeoutFuture::new(millis)));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().map_or(Poll::Pending, |timeout| Pin::new(timeout).poll(context))
    }
}

/// The browser's clock, which starts at zero when the value is made.
struct BrowserClock(Instant);

impl Clock for BrowserClock {
    fn now(&self) -> Timestamp {
        Timestamp::new(self.0.elapsed())
    }

    fn unix_time(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}
