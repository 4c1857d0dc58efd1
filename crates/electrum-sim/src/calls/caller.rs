//! The calls of a run, and the checks of their outcomes.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use electrum_proto::Timestamp;
use electrum_proto::operations::Raw;
use electrum_session::{Call, CallError, Client};
use serde_json::Value;

/// The maximum lateness of a timer, with room for others that are due at the same time.
pub(super) const LATENESS: Duration = Duration::from_secs(6);
/// If the driver is later than this in total while a call waits, the call may stay without an answer.
const MOST_LATE: Duration = Duration::from_secs(4);
/// How many times a call that only reads is sent at most, plus once for each answer of a busy server.
const MOST_SENDINGS: u32 = 10;
/// How many times a call on which servers hang up is sent at most if every other call is answered.
const MOST_IF_ALONE: u32 = 6;

/// How servers handle a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Servers answer the call.
    Healthy,
    /// Servers hang up on the call.
    Deadly,
    /// Servers never answer the call.
    Silent,
    /// The answer is over the limit.
    Long,
    /// Servers are always too busy for the call.
    Busy,
    /// The call changes something, and is answered.
    Broadcast,
}

impl Kind {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::Healthy, "healthy"),
        (Self::Deadly, "deadly"),
        (Self::Silent, "silent"),
        (Self::Long, "long"),
        (Self::Busy, "busy"),
        (Self::Broadcast, "broadcast"),
    ];

    pub(super) fn named(method: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, name)| *name == method).map(|(kind, _)| kind)
    }

    fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// A call.
pub(super) struct Caller {
    pub(super) kind: Kind,
    serial: u64,
    pub(super) deadline: Timestamp,
    /// How late the driver was in total when the call was made.
    late: Duration,
    call: Option<Pin<Box<Call<Value>>>>,
    /// How many times servers received the call.
    pub(super) received: u32,
    /// How many times servers were too busy for the call.
    pub(super) busy: u32,
}

impl Caller {
    /// Makes a call, which must be answered within `time`.
    pub(super) fn new(
        client: &Client,
        kind: Kind,
        serial: u64,
        now: Timestamp,
        late: Duration,
        time: Duration,
    ) -> Self {
        let params = vec![Value::from(serial)];
        let request = match kind {
            Kind::Broadcast => Raw::new(kind.name(), params),
            _ => Raw::reading(kind.name(), params),
        };
        let call = Some(Box::pin(client.call_within(time, request)));
        Self { kind, serial, deadline: now + time, late, call, received: 0, busy: 0 }
    }

    /// Whether the call has no outcome yet.
    pub(super) const fn is_pending(&self) -> bool {
        self.call.is_some()
    }

    /// Polls the call for its outcome.
    pub(super) fn poll(&mut self) -> Option<Result<Value, CallError>> {
        let call = self.call.as_mut()?;
        match std::future::Future::poll(call.as_mut(), &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => {
                self.call = None;
                Some(outcome)
            }
            Poll::Pending => None,
        }
    }

    /// Checks the outcome, at a time when the driver has been `late` in total. The error is the violated invariant and
    /// a description.
    pub(super) fn check(
        &self,
        now: Timestamp,
        late: Duration,
        outcome: &Result<Value, CallError>,
    ) -> Result<(), (u8, String)> {
        let Self { kind, serial, deadline, .. } = self;
        let wrong = |invariant, what: &str| {
            Err((invariant, format!("call {serial} ({kind:?}), due at {deadline}, at {now} {what}: {outcome:?}")))
        };
        if now > *deadline + LATENESS {
            return wrong(3, "comes late");
        }
        match (kind, outcome) {
            (Kind::Healthy | Kind::Broadcast, Ok(value)) if *value != answer(*serial) => {
                wrong(4, "has another's answer")
            }
            (Kind::Healthy | Kind::Broadcast, Ok(_)) => Ok(()),
            (_, Ok(_)) => wrong(4, "has an answer that no server gave"),
            (Kind::Healthy, Err(_)) if late.saturating_sub(self.late) <= MOST_LATE => {
                wrong(15, "is not answered, and a server serves it")
            }
            (Kind::Broadcast, Err(CallError::Unsent { .. })) if self.received > 0 => {
                wrong(15, "was sent, and is said not to be")
            }
            (_, Err(_)) => Ok(()),
        }
    }

    /// Checks that the call was not sent more often than documented. `is_alone` says that all servers answer all other
    /// calls.
    pub(super) fn check_sendings(&self, is_alone: bool) -> Result<(), String> {
        let most = match self.kind {
            Kind::Broadcast => 1,
            Kind::Long if is_alone => 1,
            Kind::Deadly if is_alone => MOST_IF_ALONE,
            _ => MOST_SENDINGS + self.busy,
        };
        if self.received <= most {
            return Ok(());
        }
        Err(format!(
            "call {} ({:?}) is sent {} times, and {most} times are the most",
            self.serial, self.kind, self.received
        ))
    }
}

/// Returns the answer to a call.
pub(super) fn answer(serial: u64) -> Value {
    Value::from(format!("to {serial}"))
}
