//! The layers that a front adds to a connection, without I/O: bytes in and bytes out.

use std::io;

/// The server's end of a layer between a client and a server that speaks in lines.
pub(super) trait Layer: Send {
    /// Takes bytes of the client, and returns what they mean; `None` once the client closed the layer.
    fn received(&mut self, bytes: &[u8]) -> io::Result<Option<Vec<u8>>>;
    /// Whether its handshake is done.
    fn is_open(&self) -> bool;
    /// Queues bytes of the server for the client.
    fn send(&mut self, bytes: &[u8]);
    /// Queues what ends the layer in order.
    fn close(&mut self);
    /// Takes the bytes that are due to the client.
    fn take_outgoing(&mut self) -> Vec<u8>;
}

/// No layer: passes bytes through.
#[derive(Debug, Default)]
pub(super) struct Plain(Vec<u8>);

impl Layer for Plain {
    fn received(&mut self, bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(Some(bytes.to_vec()))
    }

    fn is_open(&self) -> bool {
        true
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn close(&mut self) {}

    fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(feature = "tls")]
impl Layer for crate::tls::TlsPeer {
    fn received(&mut self, bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.received(bytes);
        match &self.error {
            Some(error) => Err(io::Error::other(error.clone())),
            None if self.has_closed && self.read.is_empty() => Ok(None),
            None => Ok(Some(std::mem::take(&mut self.read))),
        }
    }

    fn is_open(&self) -> bool {
        !self.is_handshaking()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.send(bytes);
    }

    fn close(&mut self) {
        self.close();
    }

    fn take_outgoing(&mut self) -> Vec<u8> {
        self.due()
    }
}

/// A layer on top of another one.
#[cfg(all(feature = "tls", feature = "websocket"))]
#[derive(Debug)]
pub(super) struct Over<U, L> {
    pub(super) upper: U,
    pub(super) lower: L,
}

#[cfg(all(feature = "tls", feature = "websocket"))]
impl<U: Layer, L: Layer> Over<U, L> {
    /// Runs `act` on the upper layer, and passes its outgoing bytes to the lower one.
    fn through<T>(&mut self, act: impl FnOnce(&mut U) -> T) -> T {
        let result = act(&mut self.upper);
        let due = self.upper.take_outgoing();
        if !due.is_empty() {
            self.lower.send(&due);
        }
        result
    }
}

#[cfg(all(feature = "tls", feature = "websocket"))]
impl<U: Layer, L: Layer> Layer for Over<U, L> {
    fn received(&mut self, bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match self.lower.received(bytes)? {
            Some(bytes) => self.through(|upper| upper.received(&bytes)),
            None => Ok(None),
        }
    }

    fn is_open(&self) -> bool {
        self.lower.is_open() && self.upper.is_open()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.through(|upper| upper.send(bytes));
    }

    fn close(&mut self) {
        self.through(U::close);
        self.lower.close();
    }

    fn take_outgoing(&mut self) -> Vec<u8> {
        self.lower.take_outgoing()
    }
}
