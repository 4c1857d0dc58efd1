//! Topics that a server reports on: what they are, how they are asked for, and how they survive a lost link.

mod index;
mod table;
pub(crate) mod topic;

pub(crate) use table::{Answer, Due, NotOurs, Overdue, Subscriptions};
