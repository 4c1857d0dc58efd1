//! The recorder's connection to a server: a socket with its transport layers.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use electrum_session::{Dial, at_fault};
use electrum_smol::Config;
use electrum_smol::proto::{DownCause, Side, TimerKind};
use electrum_smol::transport::{Known, LayerError, LayerStack, ServerAddr};
use futures_lite::{AsyncReadExt, AsyncWrite, future};
use smol::{Async, Timer};

/// An open connection to a server.
#[derive(Debug)]
pub(super) struct Upstream {
    socket: Async<TcpStream>,
    stack: RefCell<LayerStack>,
}

impl Upstream {
    /// Connects to one of the servers of `config`, through proxy, TLS and WebSocket, within the time-out of
    /// connections.
    pub(super) async fn open(server: &ServerAddr, config: &Config) -> Result<Self, DownCause> {
        let timeout = config.protocol.timeouts.connect.saturating_mul(config.route.timeout_factor());
        let time_is_up = async {
            Timer::after(timeout).await;
            Err(DownCause::Timeout { waited_for: TimerKind::Connect })
        };
        future::or(Self::connect(server, config, timeout), time_is_up).await
    }

    async fn connect(server: &ServerAddr, config: &Config, timeout: Duration) -> Result<Self, DownCause> {
        let target = config.route.dial_target(server).map_err(here)?;
        let (dial, _cancel) = Dial::new(target, timeout);
        let socket = smol::unblock(move || dial.run()).await.map_err(on_the_way)?;
        let uses_pin = config.route.uses_pin(server);
        let pin = if uses_pin {
            let (pins, host, port) = (config.pins.clone(), server.host().to_string(), server.port());
            smol::unblock(move || pins.get(&host, port)).await.map_err(here)?
        } else {
            None
        };
        let unix_time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let known = Known::at(unix_time).with_pin(pin);
        let known = if config.accept_new_pins { known.accepting_new_pin() } else { known };
        let stack = config.route.open(server, known).map_err(here)?;
        let upstream = Self { socket: Async::new(socket).map_err(on_the_way)?, stack: RefCell::new(stack) };
        let established = upstream.establish(server, config).await;
        if established.is_err() {
            // Sends an alert, if one is due.
            let _ = future::poll_once(upstream.flush()).await;
        }
        established.map(|()| upstream)
    }

    /// Completes the handshakes of the layers.
    async fn establish(&self, server: &ServerAddr, config: &Config) -> Result<(), DownCause> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            self.flush().await.map_err(on_the_way)?;
            if self.stack.borrow().established() {
                return Ok(());
            }
            let change = self.stack.borrow().pin_change();
            if let Some(change) = change {
                let (pins, host, port) = (config.pins.clone(), server.host().to_string(), server.port());
                let held = smol::unblock(move || pins.replace(&host, port, change.old, Some(change.new))).await;
                let held = held.map_err(here)?.ok_or_else(|| here("the pin was removed meanwhile"))?;
                self.stack.borrow_mut().pin_kept(held).map_err(|error| of_layer(&error))?;
                continue;
            }
            let count = (&self.socket).read(&mut buffer).await.map_err(on_the_way)?;
            self.received(&buffer[..count]).map_err(|error| of_layer(&error))?;
            if self.stack.borrow().ended() {
                return Err(on_the_way("the server hung up before the connection was established"));
            }
        }
    }

    /// Passes bytes from the socket to the layers. No bytes mean its end.
    fn received(&self, bytes: &[u8]) -> Result<(), LayerError> {
        let mut stack = self.stack.borrow_mut();
        if bytes.is_empty() { stack.closed() } else { stack.received(bytes) }
    }

    /// Reads once. Returns the plaintext, which may be empty, or `None` at the end.
    pub(super) async fn read(&self, buffer: &mut [u8]) -> io::Result<Option<Vec<u8>>> {
        let count = (&self.socket).read(buffer).await?;
        let outcome = self.received(&buffer[..count]);
        let (bytes, is_over) = {
            let mut stack = self.stack.borrow_mut();
            let bytes = stack.plaintext().to_vec();
            stack.consume(bytes.len());
            (bytes, stack.ended())
        };
        // Replies to pings of a WebSocket may be due.
        self.flush().await?;
        match outcome {
            _ if !bytes.is_empty() => Ok(Some(bytes)),
            Err(error) => Err(io::Error::other(error)),
            Ok(()) if is_over => Ok(None),
            Ok(()) => Ok(Some(bytes)),
        }
    }

    /// Sends all of these bytes.
    pub(super) async fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = self.stack.borrow_mut().send(bytes);
            bytes = &bytes[taken..];
            if taken == 0 && (self.stack.borrow().ended() || self.stack.borrow().outgoing().is_empty()) {
                return Err(io::ErrorKind::NotConnected.into());
            }
            self.flush().await?;
        }
        Ok(())
    }

    /// Closes the layers, as far as the socket takes their last bytes at once.
    pub(super) async fn close(&self) {
        self.stack.borrow_mut().close();
        let _ = future::poll_once(self.flush()).await;
    }

    /// Writes all outgoing bytes to the socket.
    async fn flush(&self) -> io::Result<()> {
        poll_fn(|context| self.poll_flush(context)).await
    }

    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stack = self.stack.borrow_mut();
        while !stack.outgoing().is_empty() {
            let count = ready!(Pin::new(&mut &self.socket).poll_write(context, stack.outgoing()))?;
            stack.wrote(count);
        }
        Poll::Ready(Ok(()))
    }
}

fn here(error: impl ToString) -> DownCause {
    DownCause::Connect { side: Side::Caller, layer: None, message: error.to_string() }
}

fn on_the_way(error: impl ToString) -> DownCause {
    DownCause::Connect { side: Side::Network, layer: None, message: error.to_string() }
}

fn of_layer(error: &LayerError) -> DownCause {
    let (layer, side) = at_fault(error);
    DownCause::Connect { side, layer, message: error.to_string() }
}
