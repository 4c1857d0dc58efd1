//! `record` and `replay`: a session with a server as a file, for reports of faults, and played back as a server.

mod line;
mod pseudonyms;
pub(crate) mod record;
mod relay;
pub(crate) mod replay;
mod secrets;
mod upstream;
mod writer;
