//! The commands, one file or folder each: its arguments, its work and its output.

pub(crate) mod bench;
pub(crate) mod broadcast;
pub(crate) mod call;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod features;
pub(crate) mod fees;
pub(crate) mod header;
pub(crate) mod headers;
pub(crate) mod merkle;
pub(crate) mod outpoint;
pub(crate) mod peers;
pub(crate) mod probe;
pub(crate) mod script;
pub(crate) mod serve;
pub(crate) mod transcript;
pub(crate) mod tx;
pub(crate) mod watch;
