//! Checks of the workspace as a whole, each in the file that is named after it.
//!
//! They read sources and `cargo metadata`, offline, and change nothing unless `UPDATE_DOCS=1` is set.

pub mod code;
pub mod documents;
#[cfg(doctest)]
mod examples;
pub mod files;
pub mod imports;
pub mod layers;
pub mod metadata;
pub mod words;
