//! Model servers with and without faults.

use std::time::Duration;

use serde_json::{Value, json};

use super::caller::{Kind, answer};
use crate::trace::Trace;

/// The fault of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No fault: it answers every call.
    None,
    /// It hangs up when it has more requests to answer than this.
    Capped(usize),
    /// It refuses connections.
    Refuses,
    /// Connections to it are never opened.
    Unreachable,
    /// It answers nothing.
    Dead,
    /// It answers nothing but the handshake and pings.
    Mute,
    /// It answers every other call.
    Partial,
    /// It is too busy for every call.
    Busy,
}

impl Fault {
    /// Draws the fault of the server that answers every call.
    pub(super) fn serving(trace: &mut Trace) -> Self {
        if trace.chance(250) { Self::Capped(8 + trace.index(16)) } else { Self::None }
    }

    pub(super) fn draw(trace: &mut Trace) -> Self {
        match trace.below(7) {
            0 => Self::None,
            1 => Self::Refuses,
            2 => Self::Unreachable,
            3 => Self::Dead,
            4 => Self::Mute,
            5 => Self::Partial,
            _ => Self::Busy,
        }
    }

    /// Whether a server with this fault still answers every healthy call.
    pub(super) const fn is_harmless(self) -> bool {
        matches!(self, Self::None | Self::Refuses | Self::Unreachable | Self::Dead)
    }
}

/// A server's side of a connection.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// The number of requests whose answers are in flight.
    pub(super) in_flight: usize,
    /// Whether it has hung up, so that everything it would receive is lost.
    pub(super) is_over: bool,
    partial: Vec<u8>,
}

/// The reaction of a server to a request.
#[derive(Debug, PartialEq)]
pub(super) enum Reaction {
    Answer(String),
    /// An error that says that the server is too busy.
    Busy(String),
    Silence,
    Close,
}

/// A request as a server reads it.
#[derive(Debug)]
pub(super) struct Received {
    id: u64,
    method: String,
    /// The number of the call, if it is one.
    pub(super) serial: Option<u64>,
}

impl Served {
    /// Receives bytes, and returns the requests that are complete.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Received> {
        if self.is_over {
            return Vec::new();
        }
        self.partial.extend_from_slice(bytes);
        let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let lines: Vec<u8> = self.partial.drain(..=end).collect();
        let received = |line: &[u8]| {
            let value: Value = serde_json::from_slice(line).ok()?;
            let serial = Kind::named(value["method"].as_str()?).and_then(|_| value["params"][0].as_u64());
            Some(Received { id: value["id"].as_u64()?, method: value["method"].as_str()?.into(), serial })
        };
        lines.split(|byte| *byte == b'\n').filter_map(received).collect()
    }

    /// Returns the reaction of a server with this fault to a request. An answer longer than `limit` is too long.
    pub(super) fn react(&self, fault: Fault, request: &Received, limit: usize) -> Reaction {
        let result = |result: Value| Reaction::Answer(json!({ "id": request.id, "result": result }).to_string());
        let busy = || {
            let error = json!({ "code": -102, "message": "server busy" });
            Reaction::Busy(json!({ "id": request.id, "error": error }).to_string())
        };
        if fault == Fault::Dead {
            return Reaction::Silence;
        }
        if request.method == "server.version" {
            return result(json!(["Sim 1", "1.4"]));
        }
        let (Some(kind), Some(serial)) = (Kind::named(&request.method), request.serial) else {
            return result(Value::Null);
        };
        match (fault, kind) {
            (Fault::Mute, _) => Reaction::Silence,
            (Fault::Partial, _) if serial % 2 == 1 => Reaction::Silence,
            (Fault::Busy, _) => busy(),
            (Fault::Capped(most), _) if self.in_flight >= most => Reaction::Close,
            (_, Kind::Deadly) => Reaction::Close,
            (_, Kind::Silent) => Reaction::Silence,
            (_, Kind::Busy) => busy(),
            (_, Kind::Long) => result(Value::from("x".repeat(limit))),
            (_, Kind::Healthy | Kind::Broadcast) => result(answer(serial)),
        }
    }
}

/// Draws how long bytes are in flight.
pub(super) fn delay(trace: &mut Trace) -> Duration {
    Duration::from_millis(trace.pick(&[1, 1, 10, 150]))
}
