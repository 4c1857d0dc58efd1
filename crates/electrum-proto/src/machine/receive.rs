//! What a message from the server leads to.

use alloc::string::{String, ToString};

use super::client::Client;
use super::in_flight::Waiting;
use super::link::{Array, Owner, Piece};
use super::negotiation::{self, excerpt};
use super::phase::{Change, Phase};
use super::step::{Received, Step, UnknownKind};
use super::subscriptions::{Answer, NotOurs};
use super::timers::TimerKind;
use crate::error::{DownCause, RequestError, Side};
use crate::event::{Action, CloseCause, Event, RequestId};
use crate::json::scan::{skip_space, skip_value};
use crate::json::{Message, NotAMessage, RawJson, ReplyId, ServerError};
use crate::operations::Features;
use crate::request::Request;
use crate::time::Timestamp;
use crate::wire::framing::{Inbox, Overflow};

/// How long subscriptions wait that a busy server put off.
const BUSY_PAUSE: core::time::Duration = core::time::Duration::from_secs(5);

fn overflow(overflow: Overflow, during: Phase, inbox: &Inbox) -> DownCause {
    match overflow {
        Overflow::Undrained => DownCause::Undrained,
        Overflow::Line => {
            DownCause::Malformed { during, what: "a line is longer than it may be".into(), excerpt: String::new() }
        }
        Overflow::NotText => {
            let excerpt = excerpt(&inbox.odd_line());
            DownCause::Malformed { during, what: NotAMessage::Utf8.to_string(), excerpt }
        }
    }
}

impl Client {
    /// Why the link ended, if the driver or the buffers say that it did.
    pub(super) fn link_end(&mut self) -> Option<DownCause> {
        let during = self.phase;
        let link = self.link.as_mut()?;
        if let Some(found) = link.overflow.take() {
            return Some(overflow(found, during, &link.inbox));
        }
        Some(match (link.closed.clone()?, during) {
            (CloseCause::Failed(message), Phase::Connecting) => DownCause::Connect { side: Side::Network, message },
            (CloseCause::Layer { side, message }, Phase::Connecting) => DownCause::Connect { side, message },
            (CloseCause::End, Phase::Connecting) => {
                DownCause::Connect { side: Side::Network, message: "it was closed at once".into() }
            }
            (CloseCause::End, _) => DownCause::Closed { during },
            (CloseCause::Failed(message) | CloseCause::Layer { message, .. }, _) => {
                DownCause::Reset { during, message }
            }
        })
    }

    /// Reads the next message, if one is there.
    pub(super) fn receive(&mut self) -> Received {
        let (limit, now) = (self.line_limit(), self.now);
        let Some(link) = self.link.as_mut() else { return Received::Nothing };
        let piece = if link.array.is_some() {
            match next_element(&mut link.array) {
                Ok(Some(element)) => element,
                Ok(None) => return Received::Inside,
                Err(NotAnArray) => return self.malformed("an array is no JSON", b""),
            }
        } else {
            let line = match link.inbox.next_line(limit) {
                Ok(Some(line)) => line,
                Ok(None) => return Received::Nothing,
                Err(found) => {
                    let cause = overflow(found, self.phase, &link.inbox);
                    self.lose(cause);
                    return Received::Inside;
                }
            };
            link.progress = 0;
            if let Some(pong_by) = self.timers.get(TimerKind::Pong) {
                // It lives. Its answer may take as long as any, for other things may be answered first.
                let timeouts = &self.config.timeouts;
                let latest = (now + timeouts.pong).min(link.ping_sent.unwrap_or(now) + timeouts.request);
                self.timers.set(TimerKind::Pong, Some(pong_by.max(latest)));
            }
            let text = link.inbox.text(line.clone());
            link.nudge.learn(text.as_bytes());
            let start = skip_space(text.as_bytes(), 0);
            match text.as_bytes().get(start) {
                None => return Received::Inside,
                Some(b'[') => {
                    link.array = Some(Array { next: start + 1, text: text.into() });
                    return Received::Inside;
                }
                Some(_) => Piece::Line(line),
            }
        };
        self.message(piece)
    }

    fn message(&mut self, piece: Piece) -> Received {
        let Some(link) = self.link.as_mut() else { return Received::Nothing };
        let message = match Message::parse_text(link.text(&piece)) {
            Ok(message) => message,
            Err(error) => {
                let text = link.text(&piece).to_string();
                return self.malformed(&error.to_string(), text.as_bytes());
            }
        };
        match message {
            Message::Request { .. } => Received::Step(Step::Unknown(UnknownKind::Request, piece)),
            // A server that was not accepted yet has no say in what is subscribed.
            Message::Notification { .. } if self.phase != Phase::Ready => {
                Received::Step(Step::Unknown(UnknownKind::Notification, piece))
            }
            Message::Notification { method, params } => {
                match self.subscriptions.notified(&method, params.unwrap_or(RawJson::NULL)) {
                    Ok(None) => Received::Inside,
                    Ok(Some(event)) => Received::Step(Step::Action(Action::Event(event))),
                    Err(NotOurs) => Received::Step(Step::Unknown(UnknownKind::Notification, piece)),
                }
            }
            Message::Reply { id, outcome } => {
                let waiting = match (id, &outcome) {
                    (ReplyId::Number(id), _) => self.requests.remove(id),
                    // Whose request could it be but the only one that waits?
                    (ReplyId::Null, Err(_)) => self.requests.only().and_then(|only| self.requests.remove(only.id)),
                    _ => None,
                };
                let is_answer = waiting.is_some();
                let received = match (waiting, outcome) {
                    (None, _) => self.unknown_reply(piece),
                    (Some(Waiting { id, owner: Owner::Caller, .. }), Ok(result)) => {
                        let result = inside(&piece, link.text(&piece), result);
                        link.busy_replies = 0;
                        let Some(agreed) = &link.agreed else { return Received::Inside };
                        Received::Step(Step::Reply(RequestId(id), agreed.version, result))
                    }
                    (Some(waiting), Err(error)) => self.error_reply(waiting, error),
                    (Some(waiting), Ok(result)) => {
                        let result = String::from(result.as_str());
                        link.busy_replies = 0;
                        self.own_reply(waiting, Ok(RawJson::new(&result)))
                    }
                };
                if is_answer {
                    self.was_answered();
                }
                received
            }
        }
    }

    fn was_answered(&mut self) {
        self.timers.set(TimerKind::Pong, None);
        if let Some(link) = self.link.as_mut() {
            link.last_answered = self.now;
            link.spared = 0;
        }
    }

    fn unknown_reply(&mut self, piece: Piece) -> Received {
        let Some(link) = self.link.as_mut() else { return Received::Nothing };
        link.unknown_replies += 1;
        if link.unknown_replies > self.config.limits.unknown_replies {
            let text = link.text(&piece).to_string();
            return self.malformed("too many replies to nothing that was asked", text.as_bytes());
        }
        Received::Step(Step::Unknown(UnknownKind::Reply, piece))
    }

    fn error_reply(&mut self, waiting: Waiting<Owner>, error: ServerError) -> Received {
        let Some(link) = self.link.as_mut() else { return Received::Nothing };
        link.busy_replies = if error.is_busy() { link.busy_replies + 1 } else { 0 };
        if link.ready_since.is_some() && link.busy_replies > self.config.limits.busy_replies {
            if waiting.owner == Owner::Caller {
                self.failed.push_back((RequestId(waiting.id), RequestError::Server(error.clone())));
            }
            self.lose(DownCause::Busy { error });
            return Received::Inside;
        }
        if waiting.owner == Owner::Caller {
            let (id, result) = (RequestId(waiting.id), Err(RequestError::Server(error)));
            return Received::Step(Step::Action(Action::Event(Event::Reply { id, result })));
        }
        self.own_reply(waiting, Err(error))
    }

    /// An answer to something that the machine asked by itself.
    fn own_reply(&mut self, waiting: Waiting<Owner>, outcome: Result<RawJson<'_>, ServerError>) -> Received {
        let Some(link) = self.link.as_mut() else { return Received::Nothing };
        match waiting.owner {
            Owner::Version => {
                let agreed = negotiation::agree(outcome, link.offered, &self.config);
                self.version_answered(agreed)
            }
            Owner::Features => {
                let checked = match (&link.agreed, self.config.genesis_hash) {
                    (Some(agreed), Some(wanted)) => negotiation::check_chain(outcome, agreed.version, wanted),
                    _ => Ok(()),
                };
                self.chain_answered(checked)
            }
            Owner::Subscribe(slot) => {
                link.last_subscribed = (self.now, waiting.id);
                let answer = self.subscriptions.answered(slot, outcome);
                self.subscription_answered(answer)
            }
            Owner::Unsubscribe(slot) => {
                link.last_subscribed = (self.now, waiting.id);
                self.subscriptions.ended(slot);
                Received::Inside
            }
            Owner::Nudge => {
                let again = link.nudge.answered(self.now, self.requests.len() > 0);
                self.timers.set(TimerKind::Nudge, again);
                Received::Inside
            }
            Owner::Ping | Owner::Nobody | Owner::Caller => Received::Inside,
        }
    }

    fn version_answered(&mut self, agreed: Result<negotiation::Agreed, DownCause>) -> Received {
        let agreed = match agreed {
            Ok(agreed) => agreed,
            Err(cause) => {
                self.lose(cause);
                return Received::Inside;
            }
        };
        let version = agreed.version;
        let Some(link) = self.link.as_mut() else { return Received::Nothing };
        link.agreed = Some(agreed);
        if self.config.genesis_hash.is_none() {
            return self.ready();
        }
        match Features.method(version) {
            Ok(method) => {
                let id = self.requests.draw_id();
                let begin = link.write(id, &method, |params| Features.params(version, params));
                self.requests.add(Owner::Features, Timestamp::MAX, begin);
                link.nudge.wrote_request();
                Received::Inside
            }
            Err(error) => {
                let error = ServerError::new(None, error.to_string());
                let checked = self
                    .config
                    .genesis_hash
                    .map_or(Ok(()), |wanted| negotiation::check_chain(Err(error), version, wanted));
                self.chain_answered(checked)
            }
        }
    }

    fn chain_answered(&mut self, checked: Result<(), DownCause>) -> Received {
        match checked {
            Ok(()) => self.ready(),
            Err(cause) => {
                self.lose(cause);
                Received::Inside
            }
        }
    }

    fn ready(&mut self) -> Received {
        let server = self.servers.current();
        let Some(link) = self.link.as_mut() else { return Received::Nothing };
        let Some(agreed) = link.agreed.clone() else { return Received::Nothing };
        link.ready_since = Some(self.now);
        self.servers.was_ready();
        self.subscriptions.link_ready();
        self.timers.clear();
        self.advance(Change::Accepted);
        let event = Event::Ready { server, software: agreed.software, version: agreed.version };
        Received::Step(Step::Action(Action::Event(event)))
    }

    pub(super) fn subscription_answered(&mut self, answer: Answer) -> Received {
        match answer {
            Answer::Nothing => Received::Inside,
            Answer::Event(event) => Received::Step(Step::Action(Action::Event(event))),
            Answer::Later => {
                self.timers.set(TimerKind::Resubscribe, Some(self.now + BUSY_PAUSE));
                Received::Inside
            }
        }
    }

    fn malformed(&mut self, what: &str, text: &[u8]) -> Received {
        let cause = DownCause::Malformed { during: self.phase, what: what.into(), excerpt: excerpt(text) };
        self.lose(cause);
        Received::Inside
    }
}

/// An array whose brackets or commas do not fit.
struct NotAnArray;

/// The next element of an array, which is done with when there is none.
fn next_element(slot: &mut Option<Array>) -> Result<Option<Piece>, NotAnArray> {
    let Some(array) = slot else { return Ok(None) };
    let text = array.text.as_bytes();
    let start = skip_space(text, array.next);
    if text.get(start) == Some(&b']') && skip_space(text, start + 1) == text.len() {
        *slot = None;
        return Ok(None);
    }
    let end = skip_value(text, start).map_err(|_| NotAnArray)?;
    let behind = skip_space(text, end);
    array.next = match text.get(behind) {
        Some(b',') if text.get(skip_space(text, behind + 1)) != Some(&b']') => behind + 1,
        Some(b']') => behind,
        _ => return Err(NotAnArray),
    };
    Ok(Some(Piece::Element(start..end)))
}

/// The piece that `part`, a piece of `whole`, is.
fn inside(piece: &Piece, whole: &str, part: RawJson<'_>) -> Piece {
    let offset = (part.as_str().as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    let within = |range: &core::ops::Range<usize>| {
        let start = range.start.wrapping_add(offset);
        start..start.wrapping_add(part.as_str().len())
    };
    match piece {
        Piece::Line(range) => Piece::Line(within(range)),
        Piece::Element(range) => Piece::Element(within(range)),
    }
}
