//! The results of answers to subscriptions, and of answers that do not come.

use crate::event::Event;

/// The result of a subscription, or of an end of one, that is not answered in time.
#[derive(Debug, PartialEq)]
pub(crate) enum Overdue {
    /// The answer is late, with an event if that is reported. A late answer still counts.
    Late(Option<Event<'static>>),
    /// The request is given up. The topic, if it is still wanted, is asked for again later.
    GivenUp,
    /// The server's subscriptions are not known any more: the link is given up, and everything is subscribed on a new
    /// one.
    Link,
}

/// The result of the answer to a subscription.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Nothing,
    Event(Event<'static>),
    /// The server is too busy: all subscriptions that are due are paused.
    Busy,
}

impl From<Option<Event<'static>>> for Outcome {
    fn from(event: Option<Event<'static>>) -> Self {
        event.map_or(Self::Nothing, Self::Event)
    }
}
