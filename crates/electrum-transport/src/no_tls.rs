//! The TLS layer of a build without TLS: a type that has no values.

use crate::addr::ServerAddr;
use crate::buffer::Buffer;
use crate::error::LayerError;
use crate::pins::{Pin, PinChange};
use crate::report::TlsReport;
use crate::route::{Route, RouteError};
use crate::trust::Known;

#[derive(Debug)]
pub(crate) enum Tls {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "the stack names what only a real TLS layer makes")]
pub(crate) enum Progress {
    Handshaking,
    Open,
    Ended,
}

#[allow(clippy::needless_pass_by_ref_mut, reason = "the shape of the real layer")]
impl Tls {
    pub(crate) fn new(_: &Route, server: &ServerAddr, _: Known) -> Result<Self, RouteError> {
        Err(RouteError::NoTls { server: server.clone() })
    }

    pub(crate) fn flush(&mut self, _: &mut Buffer) {
        match *self {}
    }

    pub(crate) fn received(&mut self, _: &[u8], _: &mut Buffer, _: &mut Buffer) -> Result<Progress, LayerError> {
        match *self {}
    }

    pub(crate) fn send(&mut self, _: &[u8], _: &mut Buffer) {
        match *self {}
    }

    pub(crate) fn close(&mut self, _: &mut Buffer) {
        match *self {}
    }

    pub(crate) fn pin_change(&self) -> Option<PinChange> {
        match *self {}
    }

    pub(crate) fn pin_kept(&mut self, _: Pin) -> Result<(), LayerError> {
        match *self {}
    }

    pub(crate) fn report(&self) -> Option<&TlsReport> {
        match *self {}
    }
}
