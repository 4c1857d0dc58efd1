//! Events of a client's connections, and the listeners that receive them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use electrum_proto::{DownCause, ProtocolVersion};
use electrum_transport::{LinkReport, ServerAddr};

use crate::oneshot::{lock, set_waker};

/// How many unread events a listener keeps. Older ones are dropped.
const KEPT: usize = 256;

/// Something happened to the connection.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectionEvent {
    /// A connection is being made.
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
        link: LinkReport,
    },
    /// The connection is gone, or could not be made.
    Down {
        /// To which server.
        server: ServerAddr,
        /// Why.
        cause: DownCause,
        /// The route and, with TLS, the certificate, as far as it got.
        link: Option<LinkReport>,
        /// When the next attempt will be made.
        retry_in: Duration,
    },
}

/// All listeners.
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
        events.change(|unread| unread.events.extend(self.last.clone()));
        self.listeners.retain(|listener| listener.strong_count() > 0);
        self.listeners.push(Arc::downgrade(&events));
        events
    }

    pub(crate) fn emit(&mut self, event: &ConnectionEvent) {
        self.last = Some(event.clone());
        for listener in self.listeners.iter().filter_map(Weak::upgrade) {
            listener.change(|unread| {
                if unread.events.len() >= KEPT {
                    unread.events.pop_front();
                }
                unread.events.push_back(event.clone());
            });
        }
    }

    pub(crate) fn close(&mut self) {
        for listener in self.listeners.drain(..).filter_map(|listener| listener.upgrade()) {
            listener.change(|unread| unread.is_closed = true);
        }
    }
}

impl Events {
    pub(crate) fn closed() -> Arc<Self> {
        let events = Self::default();
        events.change(|unread| unread.is_closed = true);
        Arc::new(events)
    }

    fn change(&self, change: impl FnOnce(&mut Unread)) {
        let mut unread = lock(&self.0);
        change(&mut unread);
        let waker = unread.waker.take();
        drop(unread);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<ConnectionEvent>> {
        let mut unread = lock(&self.0);
        if let Some(event) = unread.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        if unread.is_closed {
            return Poll::Ready(None);
        }
        set_waker(&mut unread.waker, context);
        Poll::Pending
    }
}
