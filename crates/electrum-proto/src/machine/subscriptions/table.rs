//! The table of all topics, with the next request to the server for each.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use super::entry::{Answer, Entry, Standing, Subscriber};
use super::index::Index;
use super::outcome::{Outcome, Overdue};
use super::topic::{Notification, SubId, Topic, Update, of_notification};
use crate::error::SubscribeError;
use crate::event::Event;
use crate::json::{RawJson, ServerError, ServerErrorKind};
use crate::time::Timestamp;
use crate::version::ProtocolVersion;

/// All topics that are subscribed, and those whose subscriptions must still be ended at the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscriptions {
    places: Vec<Option<Entry>>,
    free: Vec<u32>,
    by_key: Index,
    /// The places that may need a request to the server, each once.
    due: VecDeque<u32>,
    /// For each place, whether it is in `due`.
    is_queued: Vec<bool>,
    /// The places with a timer of their own.
    later: BTreeSet<(Timestamp, u32)>,
    last_serial: u64,
    /// How many subscriptions await an answer that is not late yet.
    asking: usize,
    /// How many subscriptions, and ends of subscriptions, await an answer.
    in_flight: usize,
    /// How many links in a row were given up because the end of a subscription was not answered.
    links_lost_to_ends: u32,
}

/// How many links in a row are given up for a topic that is not answered. After that it is asked for again on the same
/// link.
const MOST_LINKS: u32 = 3;
/// How many times in a row the server is too busy for a topic before that is reported.
const QUIET_REFUSALS: u32 = 4;
/// The pause after the server was too busy for a topic. It doubles each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How many links in a row end while a topic is the oldest without an answer before it is put off. The pause before it is asked
/// for again begins with [`FIRST_PAUSE`], too, and becomes four times as long each time.
const SUSPICIOUS: u32 = 2;
/// The minimum time between two subscriptions of a topic because of notifications that cannot be read.
const BETWEEN_ODD: Duration = Duration::from_secs(1);

/// The next request to the server for a topic.
#[derive(Debug)]
pub(crate) enum Due<'a> {
    Subscribe(u32, &'a Topic),
    Unsubscribe(u32, &'a Topic, &'static str),
}

impl Subscriptions {
    /// Adds a topic, unless it is subscribed already.
    pub(crate) fn add(&mut self, topic: Topic) -> Result<SubId, (Topic, SubId)> {
        let key = topic.key();
        let held = self.by_key.get(&key);
        self.last_serial += 1;
        let place = held.or_else(|| self.free.pop()).unwrap_or(self.places.len() as u32);
        let id = SubId { serial: self.last_serial, place };
        let subscriber = Some(Subscriber { id, last: None, is_refused: false });
        match held.and_then(|place| self.entry_mut(place)) {
            Some(Entry { subscriber: Some(subscriber), .. }) => return Err((topic, subscriber.id)),
            // The earlier subscription is not ended at the server yet: the entry is used again.
            Some(entry) => {
                // If the script was sent, its hash alone would not be enough to end that subscription.
                if !matches!((&entry.topic, &topic), (Topic::Script(_), Topic::ScriptHash(_))) {
                    entry.topic = topic;
                }
                (entry.subscriber, entry.links_lost, entry.links_ended, entry.refusals) = (subscriber, 0, 0, 0);
                let standing = entry.standing.subscribed_anew();
                self.set_standing(place, standing);
            }
            None => {
                let entry = Some(Entry::new(topic, subscriber));
                if place as usize == self.places.len() {
                    self.places.push(entry);
                    self.is_queued.push(false);
                } else {
                    self.places[place as usize] = entry;
                }
                self.by_key.insert(key, place);
            }
        }
        self.enqueue(place);
        Ok(id)
    }

    /// Ends a subscription. Returns whether there was one.
    pub(crate) fn remove(&mut self, id: SubId) -> bool {
        if !self.is_wanted(id) {
            return false;
        }
        let Some(entry) = self.entry_mut(id.place) else { return false };
        entry.subscriber = None;
        match entry.standing {
            Standing::Off => self.forget(id.place),
            Standing::On | Standing::Again(_) => {
                entry.standing = Standing::On;
                self.enqueue(id.place);
            }
            // It can be ended only once the answer in flight has come.
            Standing::Asking(_) | Standing::Late(_) | Standing::Ending => {}
        }
        true
    }

    /// Whether this subscription exists and was not ended.
    pub(crate) fn is_wanted(&self, id: SubId) -> bool {
        let subscriber = self.entry(id.place).and_then(|entry| entry.subscriber.as_ref());
        subscriber.is_some_and(|subscriber| subscriber.id == id)
    }

    /// Returns the number of topics.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Returns how many subscriptions await an answer that is not late yet.
    pub(crate) fn asking(&self) -> usize {
        self.asking
    }

    /// Returns how many subscriptions, and ends of subscriptions, await an answer.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether one link after the other ended while the topic was asked for.
    pub(crate) fn is_suspicious(&self, place: u32) -> bool {
        self.entry(place).is_some_and(|entry| entry.links_ended >= SUSPICIOUS)
    }

    /// Handles the end of the link, which ends all subscriptions at the server. These topics may have caused it.
    pub(crate) fn link_lost(&mut self, suspects: impl Iterator<Item = u32>) {
        for place in suspects {
            if let Some(entry) = self.entry_mut(place) {
                entry.links_ended += 1;
            }
        }
        self.due.clear();
        self.is_queued.fill(false);
        self.later.clear();
        (self.asking, self.in_flight) = (0, 0);
        for place in 0..self.places.len() as u32 {
            let Some(entry) = self.entry_mut(place) else { continue };
            (entry.standing, entry.refusals, entry.later) = (Standing::Off, 0, None);
            if entry.subscriber.is_none() {
                self.forget(place);
            }
        }
    }

    /// Handles a link that has become ready: all subscriptions are due, first those without a known value, and last those that
    /// may have ended the link before. A topic that ends one link after the other is put off, so that the others are served
    /// meanwhile. Returns the event that reports that.
    pub(crate) fn link_ready(&mut self, now: Timestamp) -> Option<Event<'static>> {
        for (is_suspect, is_known) in [(false, false), (false, true), (true, false), (true, true)] {
            for place in 0..self.places.len() as u32 {
                let Some(entry) = self.entry(place) else { continue };
                let Some(subscriber) = &entry.subscriber else { continue };
                let order = (entry.links_ended > 0, subscriber.last.is_some());
                if order == (is_suspect, is_known) && entry.links_ended < SUSPICIOUS {
                    self.enqueue(place);
                }
            }
        }
        self.put_off_suspects(now)
    }

    /// Puts off the topics that end one link after the other. Returns the event that reports the first of them that was not
    /// reported yet.
    fn put_off_suspects(&mut self, now: Timestamp) -> Option<Event<'static>> {
        let mut event = None;
        for place in 0..self.places.len() as u32 {
            let Some(entry) = self.entry_mut(place) else { continue };
            let Some(times) = entry.links_ended.checked_sub(SUSPICIOUS) else { continue };
            let Some(subscriber) = &mut entry.subscriber else { continue };
            if times > 0 && event.is_none() && !subscriber.is_refused {
                let error = ServerError::new(None, "it ends the connection whenever it is asked for this");
                event = Some(subscriber.refuse(SubscribeError::Unavailable(error)));
            }
            let pause = FIRST_PAUSE.saturating_mul(1 << (2 * times).min(16)).min(LONGEST_PAUSE);
            self.look_later(place, now + pause);
        }
        event
    }

    /// Returns the next request to the server, which counts as sent.
    pub(crate) fn next_due(&mut self, now: Timestamp, version: ProtocolVersion) -> Option<Due<'_>> {
        loop {
            let place = self.due.pop_front()?;
            self.is_queued[place as usize] = false;
            let Some(entry) = self.entry_mut(place) else { continue };
            let answer = match (entry.subscriber.is_some(), entry.standing) {
                (true, Standing::Off) => Answer::Value,
                (true, Standing::Again(answer)) => answer,
                (false, Standing::On) => match entry.topic.ending(version) {
                    Some(method) => {
                        self.set_standing(place, Standing::Ending);
                        return self.entry(place).map(|entry| Due::Unsubscribe(place, &entry.topic, method));
                    }
                    // The version has no method to end it, so the server's notifications are ignored.
                    None => {
                        self.forget(place);
                        continue;
                    }
                },
                _ => continue,
            };
            entry.asked = now;
            // A later request would only repeat this one.
            self.clear_timer(place);
            self.set_standing(place, Standing::Asking(answer));
            return self.entry(place).map(|entry| Due::Subscribe(place, &entry.topic));
        }
    }

    /// Handles that the last result of `next_due` could not be sent, for a reason that lasts as long as the link.
    pub(crate) fn refused(&mut self, place: u32, error: SubscribeError) -> Option<Event<'static>> {
        self.set_standing(place, Standing::Off);
        let subscriber = self.entry_mut(place)?.subscriber.as_mut();
        let event = subscriber.map(|subscriber| subscriber.refuse(error));
        if event.is_none() {
            self.forget(place);
        }
        event
    }

    /// Handles a subscription that was not answered in time, or for as long again.
    pub(crate) fn timed_out(&mut self, now: Timestamp, place: u32) -> Overdue {
        let Some(entry) = self.entry_mut(place) else { return Overdue::GivenUp };
        match entry.standing {
            Standing::Asking(answer) => {
                // Each link reports it once.
                let is_reported = |subscriber: &&mut Subscriber| entry.refusals == 0 || !subscriber.is_refused;
                let subscriber = entry.subscriber.as_mut().filter(is_reported);
                let event = subscriber.map(|subscriber| subscriber.refuse(SubscribeError::TimedOut));
                self.set_standing(place, Standing::Late(answer));
                Overdue::Late(event)
            }
            _ if entry.links_lost >= MOST_LINKS => {
                entry.refusals += 1;
                let (is_wanted, pause) = (entry.subscriber.is_some(), LONGEST_PAUSE.saturating_mul(entry.refusals));
                self.set_standing(place, Standing::Off);
                if is_wanted {
                    self.look_later(place, now + pause);
                } else {
                    self.forget(place);
                }
                Overdue::GivenUp
            }
            _ => {
                let is_late = |entry: &&mut Entry| matches!(entry.standing, Standing::Late(_));
                for late in self.places.iter_mut().flatten().filter(is_late) {
                    late.links_lost += 1;
                }
                Overdue::Link
            }
        }
    }

    /// Handles an end of a subscription that was not answered in time. The server's subscriptions are not known any
    /// more, since a late end could undo a new subscription. The links that are given up for that are limited.
    pub(crate) fn end_timed_out(&mut self, place: u32) -> Overdue {
        if self.links_lost_to_ends < MOST_LINKS {
            self.links_lost_to_ends += 1;
            return Overdue::Link;
        }
        self.over(place);
        Overdue::GivenUp
    }

    /// Handles the answer to a subscription.
    pub(crate) fn answered(
        &mut self,
        now: Timestamp,
        place: u32,
        outcome: Result<RawJson<'_>, ServerError>,
    ) -> Outcome {
        let Some(entry) = self.entry_mut(place) else { return Outcome::Nothing };
        (entry.links_lost, entry.links_ended) = (0, 0);
        let answer = entry.standing.answer();
        match outcome {
            Err(error) => self.answered_with_error(now, place, answer, error),
            Ok(result) => self.accepted(place, answer, result).into(),
        }
    }

    fn answered_with_error(
        &mut self,
        now: Timestamp,
        place: u32,
        answer: Option<Answer>,
        error: ServerError,
    ) -> Outcome {
        let (is_busy, is_outdated) = (error.is_busy(), answer == Some(Answer::Outdated));
        let is_for_now = is_busy || error.kind() == ServerErrorKind::Internal;
        if !is_for_now && !is_outdated {
            return self.refused(place, SubscribeError::Server(error)).into();
        }
        self.set_standing(place, Standing::Off);
        let Some(entry) = self.entry_mut(place) else { return Outcome::Nothing };
        if is_for_now && !is_outdated {
            entry.refusals += 1;
        }
        let refusals = entry.refusals;
        let Some(subscriber) = &mut entry.subscriber else {
            self.forget(place);
            return Outcome::Nothing;
        };
        // A topic for which the server is too busy again and again is reported, and tried ever more rarely.
        let is_reported = refusals == QUIET_REFUSALS;
        let event = is_reported.then(|| subscriber.refuse(SubscribeError::Unavailable(error)));
        let pauses_alone = is_for_now && (!is_busy || refusals >= QUIET_REFUSALS);
        if pauses_alone {
            let pause = FIRST_PAUSE.saturating_mul(1 << refusals.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
            self.look_later(place, now + pause);
        } else {
            self.enqueue(place);
        }
        match event {
            Some(event) => Outcome::Event(event),
            None if is_busy && !pauses_alone => Outcome::Busy,
            None => Outcome::Nothing,
        }
    }

    /// Handles the acceptance of a subscription, with the topic's value.
    fn accepted(&mut self, place: u32, answer: Option<Answer>, result: RawJson<'_>) -> Option<Event<'static>> {
        self.set_standing(place, Standing::On);
        let entry = self.entry_mut(place)?;
        entry.refusals = 0;
        let Some(subscriber) = &mut entry.subscriber else {
            self.enqueue(place);
            return None;
        };
        if answer == Some(Answer::Outdated) {
            entry.standing = Standing::Again(Answer::Value);
            self.enqueue(place);
            return None;
        }
        let value = match entry.topic.decode_result(result) {
            Ok(value) => value,
            Err(error) => {
                return Some(subscriber.refuse(SubscribeError::Decode(error)));
            }
        };
        match answer {
            Some(Answer::Overtaken) => {
                // If the answer and the notification can be compared and differ, the client subscribes again.
                let is_raw = matches!(value, Update::RawResult(_));
                if !is_raw && subscriber.last.as_ref() != Some(&value) {
                    entry.standing = Standing::Again(Answer::Check);
                    self.enqueue(place);
                    return None;
                }
                subscriber.restore()
            }
            Some(Answer::Ignored) => subscriber.restore(),
            _ => subscriber.deliver(value, false).or_else(|| subscriber.restore()),
        }
    }

    /// Handles the answer to the end of a subscription. Whatever it says, the subscription has ended.
    pub(crate) fn ended(&mut self, place: u32) {
        self.links_lost_to_ends = 0;
        self.over(place);
    }

    fn over(&mut self, place: u32) {
        self.set_standing(place, Standing::Off);
        match self.entry(place) {
            Some(entry) if entry.subscriber.is_some() => self.enqueue(place),
            _ => self.forget(place),
        }
    }

    /// Handles a notification. Returns the event to emit, if there is one, or [`NotOurs`] if it is about no topic.
    pub(crate) fn notified(&mut self, method: &str, params: RawJson<'_>) -> Result<Option<Event<'static>>, NotOurs> {
        let known = match of_notification(method, params) {
            Notification::Value(key, value) => self.by_key.get(&key).map(|place| (place, value)),
            Notification::Odd(key) => match self.by_key.get(&key) {
                Some(place) => return self.odd(place),
                None => None,
            },
            Notification::Foreign => None,
        };
        let (place, value) = known.or_else(|| self.raw_notification(method, params)).ok_or(NotOurs)?;
        let entry = self.entry_mut(place).ok_or(NotOurs)?;
        let subscriber = entry.subscriber.as_mut().ok_or(NotOurs)?;
        if entry.standing == Standing::Ending {
            return Ok(None);
        }
        entry.standing = entry.standing.notified();
        Ok(subscriber.deliver(value, true))
    }

    /// Handles a notification whose value cannot be read: requests the value, but not too often.
    fn odd(&mut self, place: u32) -> Result<Option<Event<'static>>, NotOurs> {
        let entry = self.entry(place).filter(|entry| entry.subscriber.is_some()).ok_or(NotOurs)?;
        if entry.standing != Standing::Ending && entry.later.is_none() {
            let at = entry.asked + BETWEEN_ODD;
            self.look_later(place, at);
        }
        Ok(None)
    }

    /// Returns the first timer of a topic.
    pub(crate) fn next_later(&self) -> Option<Timestamp> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Makes the topics whose timers have expired due.
    pub(crate) fn wake(&mut self, now: Timestamp) {
        while let Some((at, place)) = self.later.first().copied() {
            if at > now {
                return;
            }
            self.later.pop_first();
            let Some(entry) = self.entry_mut(place) else { continue };
            entry.later = None;
            debug!(place, "topic due again");
            let standing = entry.standing.subscribed_anew();
            self.set_standing(place, standing);
            self.enqueue(place);
        }
    }

    fn look_later(&mut self, place: u32, at: Timestamp) {
        self.clear_timer(place);
        if let Some(entry) = self.entry_mut(place) {
            debug!(place, %at, refusals = entry.refusals, links_ended = entry.links_ended, "topic put off");
            entry.later = Some(at);
            self.later.insert((at, place));
        }
    }

    fn clear_timer(&mut self, place: u32) {
        if let Some(at) = self.entry_mut(place).and_then(|entry| entry.later.take()) {
            self.later.remove(&(at, place));
        }
    }

    /// Returns the raw subscription that a notification is about, and its parameters.
    fn raw_notification(&self, method: &str, params: RawJson<'_>) -> Option<(u32, Update)> {
        let place = self.by_key.raw(method, params)?;
        Some((place, Update::RawNotification(params.to_json_text().ok()?.into())))
    }

    fn entry(&self, place: u32) -> Option<&Entry> {
        self.places.get(place as usize)?.as_ref()
    }

    fn entry_mut(&mut self, place: u32) -> Option<&mut Entry> {
        self.places.get_mut(place as usize)?.as_mut()
    }

    fn enqueue(&mut self, place: u32) {
        if !core::mem::replace(&mut self.is_queued[place as usize], true) {
            self.due.push_back(place);
        }
    }

    fn set_standing(&mut self, place: u32, standing: Standing) {
        if let Some(entry) = self.entry_mut(place) {
            let before = core::mem::replace(&mut entry.standing, standing);
            self.asking += usize::from(standing.is_asking());
            self.asking -= usize::from(before.is_asking());
            self.in_flight += usize::from(standing.is_in_flight());
            self.in_flight -= usize::from(before.is_in_flight());
        }
    }

    fn forget(&mut self, place: u32) {
        self.clear_timer(place);
        if let Some(entry) = self.places.get_mut(place as usize).and_then(Option::take) {
            self.by_key.remove(&entry.topic.key());
            // The place may still be in `due`, where an unused place is skipped.
            self.free.push(place);
        }
    }
}

/// The notification is about no topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotOurs;
