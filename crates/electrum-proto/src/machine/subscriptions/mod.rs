//! Subscriptions to topics: how they are made, answered and ended, and made again on a new link.

mod entry;
mod index;
mod table;
pub(crate) mod topic;

pub(crate) use table::{Due, NotOurs, Outcome, Overdue, Subscriptions};
