//! The entry of one topic: its subscriber, and its standing on the current link.

use super::topic::{Origin, SubId, Topic, Update};
use crate::error::SubscribeError;
use crate::event::Event;
use crate::time::Timestamp;

/// A topic that is subscribed, or whose subscription must still be ended at the server.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) topic: Topic,
    /// The caller's subscription, until the caller ends it.
    pub(super) subscriber: Option<Subscriber>,
    pub(super) standing: Standing,
    /// How many links in a row were given up because the subscription was not answered.
    pub(super) links_lost: u32,
    /// How many links in a row ended while the subscription was the oldest request without an answer, or the oldest of
    /// those that were put off for that.
    pub(super) links_ended: u32,
    /// How many times in a row the server was too busy for the topic, or it was given up since no answer came.
    pub(super) refusals: u32,
    /// When the subscription was last sent.
    pub(super) asked: Timestamp,
    /// When the topic is due again, if it has a timer of its own.
    pub(super) later: Option<Timestamp>,
}

/// A subscription of the caller.
#[derive(Clone, Debug)]
pub(super) struct Subscriber {
    pub(super) id: SubId,
    /// The value that was emitted last.
    pub(super) last: Option<Update>,
    /// Whether the last event was a refusal.
    pub(super) is_refused: bool,
}

/// The standing of a topic on the current link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The topic is not subscribed at the server.
    Off,
    /// The subscription was sent.
    Asking(Answer),
    /// The subscription was sent so long ago that its answer may never come.
    Late(Answer),
    /// The topic is subscribed at the server.
    On,
    /// The topic is subscribed at the server, and must be subscribed again to learn its value.
    Again(Answer),
    /// The end of the subscription was sent.
    Ending,
}

/// How the answer to a subscription is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The answer is the topic's value.
    Value,
    /// A notification came before the answer and should be newer. If the answer differs, the client subscribes again.
    Overtaken,
    /// The answer is the topic's value, requested again because the previous answer was overtaken.
    Check,
    /// A notification overtook this answer too, so the notification counts.
    Ignored,
    /// The answer belongs to an earlier subscription of the topic, so the client subscribes again.
    Outdated,
}

impl Entry {
    pub(super) const fn new(topic: Topic, subscriber: Option<Subscriber>) -> Self {
        Self {
            topic,
            subscriber,
            standing: Standing::Off,
            links_lost: 0,
            links_ended: 0,
            refusals: 0,
            asked: Timestamp::ZERO,
            later: None,
        }
    }
}

impl Standing {
    /// Whether an answer is awaited that is not late yet.
    pub(super) const fn is_asking(self) -> bool {
        matches!(self, Self::Asking(_))
    }

    /// Whether an answer is awaited.
    pub(super) const fn is_in_flight(self) -> bool {
        matches!(self, Self::Asking(_) | Self::Late(_) | Self::Ending)
    }

    /// Returns the standing after a notification.
    pub(super) const fn notified(self) -> Self {
        match self {
            Self::Asking(answer) => Self::Asking(answer.overtaken()),
            Self::Late(answer) => Self::Late(answer.overtaken()),
            other => other,
        }
    }

    /// Returns the standing after a new subscription to a topic whose earlier subscription was ended.
    pub(super) const fn subscribed_anew(self) -> Self {
        match self {
            Self::Asking(_) => Self::Asking(Answer::Outdated),
            Self::Late(_) => Self::Late(Answer::Outdated),
            // The value is requested again, even if the topic is still subscribed at the server.
            Self::On | Self::Again(_) => Self::Again(Answer::Value),
            Self::Off | Self::Ending => self,
        }
    }

    /// Returns how the awaited answer is used.
    pub(super) const fn answer(self) -> Option<Answer> {
        match self {
            Self::Asking(answer) | Self::Late(answer) => Some(answer),
            Self::Off | Self::On | Self::Again(_) | Self::Ending => None,
        }
    }
}

impl Answer {
    const fn overtaken(self) -> Self {
        match self {
            Self::Value | Self::Overtaken => Self::Overtaken,
            Self::Check | Self::Ignored => Self::Ignored,
            Self::Outdated => Self::Outdated,
        }
    }
}

impl Subscriber {
    /// Returns the event that reports that the server refuses the topic.
    pub(super) const fn refuse(&mut self, error: SubscribeError) -> Event<'static> {
        self.is_refused = true;
        Event::SubscriptionRefused { sub: self.id, error }
    }

    /// Returns the event that reports that the server has accepted the topic after a refusal, with an unchanged value.
    pub(super) fn restore(&mut self) -> Option<Event<'static>> {
        let was_refused = core::mem::take(&mut self.is_refused);
        was_refused.then_some(Event::SubscriptionRestored { sub: self.id })
    }

    /// Returns the event that reports `value`, unless that value was reported last.
    pub(super) fn deliver(&mut self, value: Update, is_live: bool) -> Option<Event<'static>> {
        let repeats = !matches!(value, Update::RawNotification(_)) && self.last.as_ref() == Some(&value);
        if repeats {
            return None;
        }
        let origin = match self.last {
            None => Origin::Subscribed,
            Some(_) if is_live => Origin::Live,
            Some(_) => Origin::Resumed,
        };
        self.is_refused = false;
        self.last = Some(value.clone());
        Some(Event::Update { sub: self.id, value, origin })
    }
}
