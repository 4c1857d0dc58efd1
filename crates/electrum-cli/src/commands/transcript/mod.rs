//! `record` and `replay`: record a session with a server in a file, for bug reports, and play it back as a server.

mod line;
mod pseudonyms;
pub(crate) mod record;
mod relay;
pub(crate) mod replay;
mod secrets;
mod upstream;
mod writer;
