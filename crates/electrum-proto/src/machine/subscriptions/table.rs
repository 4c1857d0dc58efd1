//! The wanted topics, and where each stands on the current link.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::index::Index;
use super::topic::{Origin, SubId, Topic, Update, of_notification};
use crate::error::SubscribeError;
use crate::event::Event;
use crate::json::{RawJson, ServerError};
use crate::version::ProtocolVersion;

/// All topics that are wanted, and those that the server must still be told are not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscriptions {
    slots: Vec<Option<Entry>>,
    free: Vec<u32>,
    by_key: Index,
    /// The slots that may have something to say to the server, each once.
    due: VecDeque<u32>,
    /// For each slot, whether it stands in `due`.
    in_due: Vec<bool>,
    last_serial: u32,
    /// How many wait for an answer to their subscription that is not late yet.
    asking: usize,
    /// How many links in a row were given up because the end of a subscription was not answered.
    links_lost_to_ends: u32,
}

#[derive(Clone, Debug)]
struct Entry {
    id: SubId,
    topic: Topic,
    wanted: bool,
    wire: Wire,
    /// A notification came while the subscription was being asked for: it is newer than the answer will be.
    overtaken: bool,
    /// It was asked for again since the answer differed from the notification that overtook it.
    is_checked: bool,
    /// What is on the wire is older than this subscription: the answer on its way does not count, and it is asked again.
    ask_again: bool,
    /// How many links in a row were given up because this was not answered.
    links_lost: u32,
    /// How often in a row the server was too busy for it on this link.
    busy: u32,
    /// What was delivered last.
    last: Option<Update>,
}

/// A server that answers everything but one topic is not left for it again and again.
const MOST_LINKS: u32 = 3;
/// A server that is always too busy for one topic, and for nothing else, refuses it.
const MOST_BUSY: u32 = 16;

/// Where a topic stands on the current link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Off,
    Asking,
    /// Asked for so long ago that the answer may never come.
    Late,
    On,
    Ending,
}

/// What one slot has to say to the server.
#[derive(Debug)]
pub(crate) enum Due<'a> {
    Subscribe(u32, &'a Topic),
    Unsubscribe(u32, &'a Topic, &'static str),
}

/// What follows from a subscription that is not answered, or from an end.
#[derive(Debug, PartialEq)]
pub(crate) enum Overdue {
    /// It may be told. A late answer still counts.
    Late(Option<Event<'static>>),
    /// It is given up for as long as the link lives, which may be told.
    GivenUp(Option<Event<'static>>),
    /// The server may have lost it, and what it reports on is not known: everything is asked for on a new link.
    Link,
}

/// What follows from the answer to a subscription.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Nothing,
    Event(Event<'static>),
    /// The server is too busy; the subscription is due again.
    Later,
}

impl Subscriptions {
    /// Adds a topic, unless it is wanted already.
    pub(crate) fn add(&mut self, topic: Topic) -> Result<SubId, (Topic, SubId)> {
        let key = topic.key();
        let held = self.by_key.get(&key);
        if let Some(entry) = held.and_then(|slot| self.entry(slot)).filter(|entry| entry.wanted) {
            return Err((topic, entry.id));
        }
        self.last_serial += 1;
        let slot = held.or_else(|| self.free.pop()).unwrap_or(self.slots.len() as u32);
        let id = SubId { serial: self.last_serial, slot };
        // One that the server is still being told of keeps its place on the wire.
        let wire = held.and_then(|slot| self.entry(slot)).map_or(Wire::Off, |entry| entry.wire);
        // Where the script was sent, its hash alone would not do to end what was begun.
        let topic = match (held.and_then(|slot| self.entry(slot)).map(|entry| &entry.topic), topic) {
            (Some(Topic::Script(script)), Topic::ScriptHash(_)) => Topic::Script(script.clone()),
            (_, topic) => topic,
        };
        // Its value must be asked for again, also where the server reports on it already.
        let ask_again = matches!(wire, Wire::Asking | Wire::Late | Wire::On);
        let entry = Entry {
            id,
            topic,
            wanted: true,
            wire,
            overtaken: false,
            is_checked: false,
            ask_again,
            links_lost: 0,
            busy: 0,
            last: None,
        };
        if slot as usize == self.slots.len() {
            self.slots.push(Some(entry));
            self.in_due.push(false);
        } else {
            self.slots[slot as usize] = Some(entry);
        }
        self.by_key.insert(key, slot);
        self.enqueue(slot);
        Ok(id)
    }

    /// Ends a subscription. Tells whether there was one.
    pub(crate) fn remove(&mut self, id: SubId) -> bool {
        let Some(entry) = self.entry_mut(id.slot).filter(|entry| entry.id == id && entry.wanted) else {
            return false;
        };
        entry.wanted = false;
        entry.last = None;
        // The answer on its way says that the server reports, which must be ended then.
        entry.ask_again = false;
        match entry.wire {
            Wire::Off => self.forget(id.slot),
            Wire::On => self.enqueue(id.slot),
            Wire::Asking | Wire::Late | Wire::Ending => {}
        }
        true
    }

    /// Whether this subscription was made and not ended.
    pub(crate) fn is_wanted(&self, id: SubId) -> bool {
        self.entry(id.slot).is_some_and(|entry| entry.id == id && entry.wanted)
    }

    /// How many topics are held.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How many wait for an answer to their subscription that is not late yet.
    pub(crate) fn asking(&self) -> usize {
        self.asking
    }

    /// The link is gone, and with it all that the server knew.
    pub(crate) fn link_lost(&mut self) {
        self.due.clear();
        self.in_due.fill(false);
        self.asking = 0;
        for slot in 0..self.slots.len() as u32 {
            let Some(entry) = self.entry_mut(slot) else { continue };
            entry.overtaken = false;
            entry.is_checked = false;
            entry.ask_again = false;
            entry.busy = 0;
            entry.wire = Wire::Off;
            if !entry.wanted {
                self.forget(slot);
            }
        }
    }

    /// The link is ready: everything wanted is asked for.
    pub(crate) fn link_ready(&mut self) {
        for slot in 0..self.slots.len() as u32 {
            self.enqueue(slot);
        }
    }

    /// The next thing to say to the server, which counts as said.
    pub(crate) fn next_due(&mut self, version: ProtocolVersion) -> Option<Due<'_>> {
        loop {
            let slot = self.due.pop_front()?;
            self.in_due[slot as usize] = false;
            let Some(entry) = self.entry_mut(slot) else { continue };
            match (entry.wanted, entry.wire) {
                (true, wire) if wire == Wire::Off || wire == Wire::On && entry.ask_again => {
                    entry.overtaken = false;
                    entry.ask_again = false;
                    self.set_wire(slot, Wire::Asking);
                    return self.entry(slot).map(|entry| Due::Subscribe(slot, &entry.topic));
                }
                (false, Wire::On) => match entry.topic.ending(version) {
                    Some(method) => {
                        entry.wire = Wire::Ending;
                        return self.entry(slot).map(|entry| Due::Unsubscribe(slot, &entry.topic, method));
                    }
                    // The server goes on reporting, and is not listened to.
                    None => self.forget(slot),
                },
                (false, Wire::Off) => self.forget(slot),
                _ => {}
            }
        }
    }

    /// What was last returned by `next_due` could not be said, for a reason that lasts as long as the link.
    pub(crate) fn refused(&mut self, slot: u32, error: SubscribeError) -> Answer {
        self.set_wire(slot, Wire::Off);
        match self.entry(slot) {
            Some(entry) if entry.wanted => Answer::Event(Event::SubscriptionRefused { sub: entry.id, error }),
            _ => {
                self.forget(slot);
                Answer::Nothing
            }
        }
    }

    /// The server has not answered a subscription in time, or for as long again.
    pub(crate) fn timed_out(&mut self, slot: u32) -> Overdue {
        let Some(entry) = self.entry_mut(slot) else { return Overdue::GivenUp(None) };
        if entry.links_lost >= MOST_LINKS {
            return Overdue::GivenUp(match self.refused(slot, SubscribeError::TimedOut) {
                Answer::Event(event) => Some(event),
                _ => None,
            });
        }
        if entry.wire == Wire::Late {
            for late in self.slots.iter_mut().flatten().filter(|entry| entry.wire == Wire::Late) {
                late.links_lost += 1;
            }
            return Overdue::Link;
        }
        let error = SubscribeError::TimedOut;
        let told = entry.wanted.then_some(Event::SubscriptionRefused { sub: entry.id, error });
        self.set_wire(slot, Wire::Late);
        Overdue::Late(told)
    }

    /// The server has not answered the end of a subscription in time. What it reports on is not known any more: a late
    /// end could undo a new beginning. A server that never answers any end is not left for it again and again.
    pub(crate) fn end_timed_out(&mut self, slot: u32) -> Overdue {
        if self.links_lost_to_ends < MOST_LINKS {
            self.links_lost_to_ends += 1;
            return Overdue::Link;
        }
        self.over(slot);
        Overdue::GivenUp(None)
    }

    /// The server answered a subscription.
    pub(crate) fn answered(&mut self, slot: u32, outcome: Result<RawJson<'_>, ServerError>) -> Answer {
        let asks_again = self.entry_mut(slot).is_some_and(|entry| {
            entry.links_lost = 0;
            core::mem::take(&mut entry.ask_again)
        });
        if asks_again {
            let is_on = outcome.is_ok();
            self.set_wire(slot, if is_on { Wire::On } else { Wire::Off });
            if let Some(entry) = self.entry_mut(slot) {
                entry.ask_again = is_on;
            }
            self.enqueue(slot);
            return match outcome {
                Err(error) if error.is_busy() => Answer::Later,
                _ => Answer::Nothing,
            };
        }
        match outcome {
            Err(error) if error.is_busy() && self.was_busy(slot) => {
                self.set_wire(slot, Wire::Off);
                self.enqueue(slot);
                Answer::Later
            }
            Err(error) => self.refused(slot, SubscribeError::Server(error)),
            Ok(result) => {
                self.set_wire(slot, Wire::On);
                let Some(entry) = self.entry_mut(slot) else { return Answer::Nothing };
                entry.busy = 0;
                if !entry.wanted {
                    self.enqueue(slot);
                    return Answer::Nothing;
                }
                let value = match entry.topic.decode_result(result) {
                    Ok(value) => value,
                    Err(error) => {
                        return Answer::Event(Event::SubscriptionRefused {
                            sub: entry.id,
                            error: SubscribeError::Decode(error),
                        });
                    }
                };
                let was_checked = core::mem::take(&mut entry.is_checked);
                if core::mem::take(&mut entry.overtaken) {
                    // The notification should be the newer one. Where they can be told to differ the server is asked once more.
                    let is_raw = matches!(value, Update::RawResult(_));
                    if !is_raw && !was_checked && entry.last.as_ref() != Some(&value) {
                        (entry.is_checked, entry.ask_again) = (true, true);
                        self.enqueue(slot);
                    }
                    return Answer::Nothing;
                }
                let origin = if entry.last.is_none() { Origin::Subscribed } else { Origin::Resumed };
                entry.deliver(value, origin).map_or(Answer::Nothing, Answer::Event)
            }
        }
    }

    /// The server answered the end of a subscription; whatever it says, it is over.
    pub(crate) fn ended(&mut self, slot: u32) {
        self.links_lost_to_ends = 0;
        self.over(slot);
    }

    fn over(&mut self, slot: u32) {
        self.set_wire(slot, Wire::Off);
        match self.entry(slot) {
            Some(entry) if entry.wanted => self.enqueue(slot),
            _ => self.forget(slot),
        }
    }

    /// A notification came. Gives the event that follows, or nothing to tell, or says that no topic is concerned.
    pub(crate) fn notified(&mut self, method: &str, params: RawJson<'_>) -> Result<Option<Event<'static>>, NotOurs> {
        let known = of_notification(method, params);
        let known = known.and_then(|(key, value)| Some((self.by_key.get(&key)?, value)));
        let (slot, value) = known.or_else(|| self.raw_notification(method, params)).ok_or(NotOurs)?;
        let entry = self.entry_mut(slot).ok_or(NotOurs)?;
        if !entry.wanted {
            return Err(NotOurs);
        }
        if entry.wire == Wire::Ending {
            return Ok(None);
        }
        entry.overtaken = matches!(entry.wire, Wire::Asking | Wire::Late);
        let origin = if entry.last.is_none() { Origin::Subscribed } else { Origin::Live };
        Ok(entry.deliver(value, origin))
    }

    /// The raw subscription that a notification is about, and its parameters.
    fn raw_notification(&self, method: &str, params: RawJson<'_>) -> Option<(u32, Update)> {
        let slot = self.by_key.raw(method, params)?;
        Some((slot, Update::RawNotification(params.to_json_text().ok()?.into())))
    }

    fn entry(&self, slot: u32) -> Option<&Entry> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// The server was too busy for it. Tells whether to ask again on this link.
    fn was_busy(&mut self, slot: u32) -> bool {
        self.entry_mut(slot).is_some_and(|entry| {
            entry.busy += 1;
            entry.busy < MOST_BUSY
        })
    }

    fn enqueue(&mut self, slot: u32) {
        if !core::mem::replace(&mut self.in_due[slot as usize], true) {
            self.due.push_back(slot);
        }
    }

    fn set_wire(&mut self, slot: u32, wire: Wire) {
        if let Some(entry) = self.entry_mut(slot) {
            let before = core::mem::replace(&mut entry.wire, wire);
            self.asking += usize::from(wire == Wire::Asking);
            self.asking -= usize::from(before == Wire::Asking);
        }
    }

    fn forget(&mut self, slot: u32) {
        if let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::take) {
            self.by_key.remove(&entry.topic.key());
            // It may still stand in `due`, where a slot with nothing to say is passed over.
            self.free.push(slot);
        }
    }
}

/// No topic is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotOurs;

impl Entry {
    /// The event that tells of `value`, unless it was told last.
    fn deliver(&mut self, value: Update, origin: Origin) -> Option<Event<'static>> {
        let repeats = !matches!(value, Update::RawNotification(_)) && self.last.as_ref() == Some(&value);
        if repeats {
            return None;
        }
        self.last = Some(value.clone());
        Some(Event::Update { sub: self.id, value, origin })
    }
}
