//! The WebSocket layer of a build without WebSockets: a type that has no values.

use crate::addr::ServerAddr;
use crate::buffer::Buffer;
use crate::error::LayerError;
use crate::route::RouteError;

#[derive(Debug)]
pub(crate) enum WebSocket {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "the stack names what only a real WebSocket makes")]
pub(crate) enum Progress {
    Upgrading,
    Open,
    Ended,
}

#[allow(clippy::needless_pass_by_ref_mut, reason = "the shape of the real layer")]
impl WebSocket {
    pub(crate) fn new(server: &ServerAddr, _: usize) -> Result<Self, RouteError> {
        Err(RouteError::NoWebSocket { server: server.clone() })
    }

    pub(crate) fn limit_messages(&mut self, _: usize) {
        match *self {}
    }

    pub(crate) fn received(&mut self, _: &mut Buffer, _: &mut Buffer) -> Result<Progress, LayerError> {
        match *self {}
    }

    pub(crate) fn send(&mut self, _: &[u8]) {
        match *self {}
    }

    pub(crate) fn close(&mut self) {
        match *self {}
    }

    pub(crate) fn outgoing(&mut self) -> &mut Buffer {
        match *self {}
    }
}
