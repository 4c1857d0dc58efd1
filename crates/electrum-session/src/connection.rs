//! Events of a client's connections, and the listeners that receive them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use electrum_proto::{DownCause, ProtocolVersion};
use electrum_transport::{LayerError, LayerReport, ServerAddr};

use crate::oneshot::lock;

/// How many unread events a listener keeps. Older ones are dropped.
const KEPT: usize = 256;

/// An event of a client's connection: an attempt, success, or the end.
///
/// A program that lets its user accept a changed certificate matches on the error of the layer:
/// ```
/// use electrum_session::ConnectionEvent;
/// use electrum_session::transport::LayerError;
///
/// fn question(event: &ConnectionEvent) -> Option<String> {
///     match event {
///         ConnectionEvent::Down { error: Some(LayerError::PinChanged(changed)), .. } => {
///             Some(format!("{} shows {} instead of {}: accept it?", changed.server, changed.seen, changed.pinned))
///         }
///         _ => None,
///     }
/// }
/// # let server: electrum_session::transport::ServerAddr = "tcp://electrum.example:50001".parse()?;
/// # assert_eq!(question(&ConnectionEvent::Connecting { server }), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// All events:
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::ConnectionEvent;
/// use electrum_session::proto::ProtocolVersion;
///
/// # let client = example::client();
/// # example::run(async {
/// let mut events = client.events();
/// while let Some(event) = events.next().await {
///     match event {
///         ConnectionEvent::Connecting { server } => println!("{server} ..."),
///         ConnectionEvent::Ready { software, version, link, .. } => {
///             println!("{software} at {link}");
///             assert_eq!(version, ProtocolVersion::V1_4);
///             break;
///         }
///         ConnectionEvent::Down { server, cause, retry_in, .. } => panic!("{server}: {cause}; again in {retry_in:?}"),
///         _ => {}
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectionEvent {
    /// A connection attempt begins.
    Connecting {
        /// To which server.
        server: ServerAddr,
    },
    /// A version was negotiated: calls are being sent.
    Ready {
        /// With which server.
        server: ServerAddr,
        /// What the server calls itself.
        software: String,
        /// The version that was negotiated.
        version: ProtocolVersion,
        /// How long the handshake took, from the open connection on.
        handshake: Duration,
        /// The route and, with TLS, the certificate.
        link: LayerReport,
    },
    /// The connection ended, or could not be made.
    Down {
        /// To which server.
        server: ServerAddr,
        /// Why.
        cause: DownCause,
        /// The error of the proxy, of TLS or of the WebSocket, if one of them failed: for example another certificate than
        /// the pinned one.
        error: Option<LayerError>,
        /// The route and, with TLS, the certificate, as far as it got.
        link: Option<LayerReport>,
        /// When the next attempt will be made.
        retry_in: Duration,
    },
}

/// All listeners for connection events.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    listeners: Vec<Weak<Events>>,
    /// The last event, which new listeners receive first.
    last: Option<ConnectionEvent>,
}

/// The unread events of one listener.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Unread>);

#[derive(Debug, Default)]
struct Unread {
    events: VecDeque<ConnectionEvent>,
    is_closed: bool,
    waker: Option<Waker>,
}

impl Listeners {
    pub(crate) fn add(&mut self) -> Arc<Events> {
        let events = Arc::new(Events::default());
        lock(&events.0).events.extend(self.last.clone());
        self.listeners.retain(|listener| listener.strong_count() > 0);
        self.listeners.push(Arc::downgrade(&events));
        events
    }

    /// Sends an event to all listeners. Adds those to wake to `wakers`.
    pub(crate) fn emit(&mut self, event: &ConnectionEvent, wakers: &mut Vec<Waker>) {
        self.last = Some(event.clone());
        for listener in self.listeners.iter().filter_map(Weak::upgrade) {
            let mut unread = lock(&listener.0);
            if unread.events.len() >= KEPT {
                unread.events.pop_front();
            }
            unread.events.push_back(event.clone());
            wakers.extend(unread.waker.take());
        }
    }

    pub(crate) fn close(&mut self, wakers: &mut Vec<Waker>) {
        for listener in self.listeners.drain(..).filter_map(|listener| listener.upgrade()) {
            let mut unread = lock(&listener.0);
            unread.is_closed = true;
            wakers.extend(unread.waker.take());
        }
    }
}

impl Events {
    pub(crate) fn closed() -> Arc<Self> {
        let unread = Unread { is_closed: true, ..Unread::default() };
        Arc::new(Self(Mutex::new(unread)))
    }

    pub(crate) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<ConnectionEvent>> {
        let mut waker = Some(context.waker().clone());
        let mut unread = lock(&self.0);
        let polled = match unread.events.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None if unread.is_closed => Poll::Ready(None),
            None => {
                std::mem::swap(&mut unread.waker, &mut waker);
                Poll::Pending
            }
        };
        // The lock is released before the waker that was registered until now is dropped.
        drop(unread);
        polled
    }
}
