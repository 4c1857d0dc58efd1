//! One topic: who is subscribed to it, and where it stands on the current link.

use super::topic::{Origin, SubId, Topic, Update};
use crate::error::SubscribeError;
use crate::event::Event;
use crate::time::Timestamp;

/// A topic that is subscribed, or whose end the server does not know yet.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) topic: Topic,
    /// The caller's subscription, until the caller ends it.
    pub(super) subscriber: Option<Subscriber>,
    pub(super) standing: Standing,
    /// How many links in a row were given up because this was not answered.
    pub(super) links_lost: u32,
    /// How often in a row the server could not serve it for the moment.
    pub(super) refusals: u32,
    /// When it was asked for last.
    pub(super) asked: Timestamp,
    /// When it is looked at again, if it has a moment of its own.
    pub(super) later: Option<Timestamp>,
}

/// A subscription of the caller.
#[derive(Clone, Debug)]
pub(super) struct Subscriber {
    pub(super) id: SubId,
    /// The value that was emitted last.
    pub(super) last: Option<Update>,
    /// It was reported last that the server does not serve it.
    pub(super) is_refused: bool,
}

/// Where a topic stands on the current link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The server does not report on it.
    Off,
    /// It was asked for.
    Asking(Answer),
    /// It was asked for so long ago that the answer may never come.
    Late(Answer),
    /// The server reports on it.
    On,
    /// The server reports on it, and its value is to be asked for again.
    Again(Answer),
    /// The server was asked to end its reports.
    Ending,
}

/// What the answer to a subscription counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is the topic's value.
    Value,
    /// A notification came meanwhile, which should be newer. If the answer differs, the value is asked for once more.
    Overtaken,
    /// It is the topic's value, asked for once more because the answer before was overtaken.
    Check,
    /// A notification came even while it was asked for once more: that one counts.
    Ignored,
    /// It belongs to an earlier subscription of the topic: the value is asked for again.
    Outdated,
}

impl Entry {
    pub(super) const fn new(topic: Topic, subscriber: Option<Subscriber>) -> Self {
        Self {
            topic,
            subscriber,
            standing: Standing::Off,
            links_lost: 0,
            refusals: 0,
            asked: Timestamp::ZERO,
            later: None,
        }
    }
}

impl Standing {
    /// Whether an answer is waited for that is not late yet.
    pub(super) const fn is_asking(self) -> bool {
        matches!(self, Self::Asking(_))
    }

    /// After a notification.
    pub(super) const fn notified(self) -> Self {
        match self {
            Self::Asking(answer) => Self::Asking(answer.overtaken()),
            Self::Late(answer) => Self::Late(answer.overtaken()),
            other => other,
        }
    }

    /// After a new subscription to a topic of which an earlier one was ended.
    pub(super) const fn subscribed_anew(self) -> Self {
        match self {
            Self::Asking(_) => Self::Asking(Answer::Outdated),
            Self::Late(_) => Self::Late(Answer::Outdated),
            // Its value must be asked for again, also where the server reports on it already.
            Self::On | Self::Again(_) => Self::Again(Answer::Value),
            Self::Off | Self::Ending => self,
        }
    }

    /// What the answer counts for that is waited for.
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
    /// The event that reports that the server does not serve the topic.
    pub(super) const fn refuse(&mut self, error: SubscribeError) -> Event<'static> {
        self.is_refused = true;
        Event::SubscriptionRefused { sub: self.id, error }
    }

    /// The event that reports that the server serves the topic after all, and that its value is the one before.
    pub(super) fn restore(&mut self) -> Option<Event<'static>> {
        let was_refused = core::mem::take(&mut self.is_refused);
        was_refused.then_some(Event::SubscriptionRestored { sub: self.id })
    }

    /// The event that reports `value`, unless it was emitted last.
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
