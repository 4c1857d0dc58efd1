//! Subscriptions to topics: how they are made, answered and ended, and made again on a new link.

mod entry;
mod index;
mod outcome;
mod table;
pub(crate) mod topic;

pub(crate) use outcome::{Outcome, Overdue};
pub(crate) use table::{Due, NotOurs, Subscriptions};
