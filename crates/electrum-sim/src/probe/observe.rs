//! Checks that each event is one that the client may emit at that moment.

use std::time::Duration;

use electrum_proto::{
    ConnId, DownCause, Layer, Origin, Phase, ProtocolVersion, RequestError, RequestId, ServerIndex, Side, SubId,
    TimerKind, Timestamp, Update,
};

use super::emitted::Emitted;
use super::{LinkLog, Probe};

/// The longest wait after a link that lasted.
const LONGEST_SPREAD: Duration = Duration::from_millis(25);

impl Probe {
    /// Records and checks an output of the client.
    pub(super) fn learn(&mut self, emitted: &Emitted) {
        let now = self.now;
        if let Some(link) = self.link.as_mut().filter(|link| link.unread_line) {
            link.heard = now;
            link.unread_line = !matches!(emitted, Emitted::Wait(_));
        }
        if !matches!(emitted, Emitted::Wait(_)) {
            self.wait = None;
        }
        if self.finished && *emitted != Emitted::Finished {
            self.violate(14, format!("after the end comes {emitted:?}"));
        }
        match emitted {
            Emitted::Connect(conn, server) => self.connects(*conn, *server),
            Emitted::Disconnect(conn) => {
                if self.conn() != Some(*conn) && self.phase != Phase::Closed {
                    self.violate(7, format!("{conn:?} is disconnected, which is not the link"));
                }
                self.link_is_over();
            }
            Emitted::Ready { version, .. } => {
                if !self.config.versions.contains(*version) {
                    self.violate(10, format!("{version} is outside what the caller can work with"));
                }
                if self.phase != Phase::Handshaking {
                    let phase = self.phase;
                    self.violate(2, format!("it is ready while {phase}"));
                }
                self.phase = Phase::Ready;
                if let Some(link) = &mut self.link {
                    link.ready = Some((now, *version));
                    link.heard = now;
                }
                self.subs.values_mut().for_each(|sub| sub.refused = false);
            }
            Emitted::Reply { id, result } => self.reply(*id, result),
            Emitted::Update { sub, value, origin } => self.update(*sub, value, *origin),
            Emitted::Refused { sub, error } => match self.subs.get_mut(sub) {
                Some(log) => (log.refused, log.was_refused) = (true, true),
                None => self.violate(9, format!("{sub:?} was ended and is refused: {error}")),
            },
            Emitted::Restored(sub) => match self.subs.get_mut(sub) {
                Some(log) if log.was_refused && log.last.is_some() => (log.refused, log.was_refused) = (false, false),
                _ => self.violate(9, format!("{sub:?} is restored, which was not refused or has no value")),
            },
            Emitted::Capacity => {
                if let Some((_, has_room)) = &mut self.refused {
                    *has_room = true;
                }
            }
            Emitted::Unknown(_) => {}
            Emitted::Down { server, cause, retry_at } => self.is_down(server.0, cause, *retry_at),
            Emitted::Wait(wait) => self.waits(*wait),
            Emitted::Finished => self.finishes(),
        }
    }

    fn connects(&mut self, conn: ConnId, server: ServerIndex) {
        let now = self.now;
        if self.conn().is_some() {
            self.violate(7, "a second link is opened beside the first");
        }
        match self.servers.get(server.0) {
            None => self.violate(12, format!("{server:?} does not exist")),
            Some(log) if now < log.not_before => {
                let what = format!("{server:?} is tried again at {now}, before {}", log.not_before);
                self.violate(12, what);
            }
            Some(_) => {}
        }
        self.phase = Phase::Connecting;
        self.retry_at = None;
        self.former = self.link.as_ref().map(|link| link.conn);
        self.errors_without_id.clear();
        self.link = Some(LinkLog {
            conn,
            since: now,
            over_since: now,
            open: false,
            over: false,
            ready: None,
            outgoing: Vec::new(),
            acknowledged: 0,
            lines: 0,
            asked: Vec::new(),
            said: now,
            heard: now,
            unread_line: false,
            progress: 0,
            was_read: false,
        });
    }

    pub(super) fn link_is_over(&mut self) {
        let now = self.now;
        if let Some(link) = self.link.as_mut().filter(|link| !link.over) {
            (link.over, link.over_since) = (true, now);
            link.outgoing.clear();
        }
        if self.phase != Phase::Closed {
            self.phase = Phase::Backoff;
        }
    }

    fn is_down(&mut self, server: usize, cause: &DownCause, retry_at: Timestamp) {
        self.link_is_over();
        // The event may be emitted a little after the decision.
        let now = self.link.as_ref().map_or(self.now, |link| link.over_since);
        self.retry_at = Some(retry_at);
        let backoff = self.config.backoff;
        let ready_for = self.link.as_ref().and_then(|link| link.ready).map(|(since, _)| now.since(since));
        let Some(log) = self.servers.get_mut(server) else { return };
        let lasted = ready_for.is_some_and(|time| time >= backoff.stable_after);
        // Remaining offers are made after the shortest wait, and do not count as failures.
        let single = ProtocolVersion::V1_4;
        let has_offers = match self.config.offers.len() {
            0 => self.config.versions.contains(single),
            count => count > 1,
        };
        let is_refusal = matches!(
            cause,
            DownCause::Refused { .. } | DownCause::OutOfRange { .. } | DownCause::Closed { during: Phase::Handshaking }
        );
        let offers_again = has_offers && is_refusal;
        let is_unopened = matches!(
            cause,
            DownCause::Connect { side: Side::Network | Side::Server, layer: None | Some(Layer::Proxy), .. }
                | DownCause::Timeout { waited_for: TimerKind::Connect }
        );
        if lasted {
            (log.unopened, log.cut) = ((0, 0), (0, 0));
        }
        let (failures, first) = match is_unopened {
            true => (&mut log.unopened, backoff.reconnect),
            false => (&mut log.cut, backoff.initial),
        };
        if !lasted {
            *failures = (failures.0 + u32::from(!offers_again), failures.1 + 1);
        }
        let wait = |failures: u32| first.saturating_mul(1 << failures.saturating_sub(1).min(31)).min(backoff.cap);
        let shortened = |wait: Duration| wait * (1000 - backoff.jitter_permille.min(1000)) / 1000;
        let (least, full) = match (lasted, offers_again) {
            (true, _) => (Duration::from_millis(1), LONGEST_SPREAD),
            (false, true) => (shortened(backoff.reconnect.min(backoff.cap).min(wait(failures.0))), backoff.cap),
            (false, false) => (shortened(wait(failures.0)), wait(failures.1)),
        };
        let full = full.max(Duration::from_millis(1));
        log.not_before = now + least;
        let wait = retry_at.since(now);
        // The next server may be another one, with a wait of its own.
        let longest_of_others = backoff.cap.max(backoff.set_aside).max(LONGEST_SPREAD);
        let longest = if self.servers.len() > 1 { longest_of_others.max(full) } else { full };
        let shortest = if self.servers.len() > 1 { Duration::ZERO } else { least };
        if wait < shortest || wait > longest {
            self.violate(12, format!("the wait is {wait:?}, which is not between {shortest:?} and {longest:?}"));
        }
    }

    fn reply(&mut self, id: RequestId, result: &Result<String, RequestError>) {
        let Some(pending) = self.pending.remove(&id.number()) else {
            return self.violate(3, format!("{id:?} does not wait, and is answered {result:?}"));
        };
        let is_unwritten = self.config.padding && pending.begin == u64::MAX;
        if is_unwritten && matches!(result, Ok(_) | Err(RequestError::Server(_))) {
            self.answered_early.insert(id.number());
        }
        let said = self.answers.get(&id.number()).map_or(&[][..], Vec::as_slice);
        let wrong = match result {
            Ok(text) if self.is_ready() => (!said.contains(&Ok(text.clone()))).then_some(4),
            Ok(_) => Some(3),
            Err(RequestError::Server(error)) => {
                let was_said = said.iter().any(|said| said.as_ref().is_err_and(|said| *said == error.message));
                // An error without an id can only be meant for a single request in flight.
                let can_be_meant = self.pending.is_empty() && self.errors_without_id.contains(&error.message);
                (!was_said && !can_be_meant).then_some(4)
            }
            Err(RequestError::TooLarge { limit, received }) => {
                (*limit != self.config.limits.line || received <= limit).then_some(4)
            }
            Err(RequestError::Lost { written, oldest }) => {
                let link = self.link.as_ref().filter(|link| link.over);
                let is_wrong = |link: &LinkLog| {
                    // Requests are reported in their order, so the oldest is the first one.
                    let is_first = self.pending.keys().all(|other| *other > id.number());
                    *written != (link.acknowledged > pending.begin) || *oldest && !(*written && is_first)
                };
                link.is_none_or(is_wrong).then_some(8)
            }
            Err(RequestError::TimedOut) => (self.now < pending.deadline).then_some(3),
            Err(RequestError::Cancelled) => (!pending.cancelled).then_some(3),
            Err(RequestError::Closed) => (self.phase != Phase::Closed).then_some(3),
        };
        let cancelled = pending.cancelled && *result != Err(RequestError::Cancelled);
        if let Some(invariant) = wrong.or(if cancelled { Some(3) } else { None }) {
            let what = format!("{pending:?} is answered {result:?}, the server said {said:?}");
            self.violate(invariant, what);
        }
    }

    fn update(&mut self, sub: SubId, value: &Update, origin: Origin) {
        let Some(log) = self.subs.get_mut(&sub) else {
            return self.violate(9, format!("{sub:?} was ended and is emitted {value:?}"));
        };
        let is_first = log.last.is_none();
        let repeats = log.last.as_ref() == Some(value) && !matches!(value, Update::RawNotification(_));
        log.last = Some(value.clone());
        log.was_refused = false;
        if is_first != (origin == Origin::Subscribed) {
            self.violate(9, format!("{sub:?} is emitted {value:?} as {origin:?}"));
        }
        if repeats {
            self.violate(9, format!("{sub:?} is emitted twice in a row: {value:?}"));
        }
        if !self.is_ready() {
            self.violate(9, format!("{sub:?} is emitted {value:?} while there is no link"));
        }
    }

    fn finishes(&mut self) {
        self.finished = true;
        if self.phase != Phase::Closed {
            self.violate(14, "it has finished without being closed");
        }
        if let Some(pending) = self.pending.values().next() {
            let what = format!("it has finished, and {pending:?} was never answered");
            self.violate(3, what);
        }
    }
}
