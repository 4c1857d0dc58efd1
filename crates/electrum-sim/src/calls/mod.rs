//! A client with callers in a simulated network: a call on which servers hang up, that they never answer, for which they are always
//! too busy or whose answer is too long, beside calls that nothing is wrong with; and up to two servers that are away, silent or
//! busy, beside one that serves.

mod caller;
mod network;
mod run;
mod server;

pub use run::CallsRun;

use crate::trace::Trace;

/// Plays one run of a client of `electrum-session` with its callers. In the end each call must have had one outcome, and each
/// call that nothing is wrong with its answer, within its time; and no call may have been sent more often than
/// [`Client::call`](electrum_session::Client::call) states: invariant 15.
///
/// Invariant 15 is asked under these conditions:
/// - there are at most two servers with a fault, beside one that serves every call;
/// - the one that serves may hang up when it has more than some requests to answer, but only if there is no other server and
///   no call ends connections: a call that is the oldest as two connections end is taken for the cause, whatever was it;
/// - of all calls one, at most, ends connections, is never answered, or has too long an answer. One that ends connections does so
///   within a moment;
/// - a call has 30 seconds or more, and the client its default time-outs;
/// - the driver comes at most four seconds too late in all while the call waits. Two servers with a fault may have had the call
///   for 22.5 of its 30 seconds, 15 and 7.5 of them; two connections that end take two pauses of up to three seconds in all, and
///   bytes are under way for as long as a second in all: no more is left.
#[must_use]
pub fn calls_run(trace: &mut Trace, record: bool) -> CallsRun {
    let mut run = CallsRun::new(record);
    network::play(trace, &mut run);
    run
}
