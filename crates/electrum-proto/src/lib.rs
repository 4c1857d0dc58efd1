//! The Electrum protocol as a machine without I/O: facts in, actions out.
#![cfg_attr(not(feature = "std"), no_std)]
extern crate alloc;

pub mod json;
pub mod operations;
pub mod request;
pub mod time;
pub mod types;
pub mod version;
