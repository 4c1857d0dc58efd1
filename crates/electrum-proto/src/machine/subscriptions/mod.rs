//! Topics that a server reports on: what they are, how they are asked for, and how they survive a lost link.

mod entry;
mod index;
mod table;
pub(crate) mod topic;

pub(crate) use table::{Due, NotOurs, Outcome, Overdue, Subscriptions};
