//! The calls of a run, and what must become of each.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use electrum_proto::Timestamp;
use electrum_proto::operations::Raw;
use electrum_session::{Call, CallError, Client};
use serde_json::Value;

/// How late a timer may be, with room for what is due at the same time.
pub(super) const LATENESS: Duration = Duration::from_secs(6);
/// If the driver comes later than this in all while a call waits, the call may be left without an answer.
const MOST_LATE: Duration = Duration::from_secs(4);
/// So often a call that only reads is sent at most, and once more for each answer of a busy server.
const MOST_SENDINGS: u32 = 10;
/// So often a call on which servers hang up is sent at most if every other call is answered.
const MOST_IF_ALONE: u32 = 6;

/// What servers make of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// They answer it.
    Healthy,
    /// They hang up on it.
    Deadly,
    /// They never answer it.
    Silent,
    /// The answer is longer than the limit.
    Long,
    /// They are always too busy for it.
    Busy,
    /// It changes something, and is answered.
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
    /// How long the driver had been late in all as the call was made.
    late: Duration,
    call: Option<Pin<Box<Call<Value>>>>,
    /// How often servers received it.
    pub(super) received: u32,
    /// How often servers said that they were too busy for it.
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

    /// Whether it has no outcome yet.
    pub(super) const fn is_pending(&self) -> bool {
        self.call.is_some()
    }

    /// Looks for the outcome.
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

    /// What is wrong with the outcome at this moment, at which the driver has been `late` in all: which invariant, and what.
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

    /// Whether it was sent more often than is stated. `is_alone` says that all other calls are answered, by all servers.
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

/// The answer to a call.
pub(super) fn answer(serial: u64) -> Value {
    Value::from(format!("to {serial}"))
}
