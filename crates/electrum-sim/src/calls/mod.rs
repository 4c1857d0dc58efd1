//! Runs a client with callers in a simulated network: among healthy calls there is one on which servers hang up, that
//! they never answer, for which they are always too busy, or whose answer is too long; and besides a server that works
//! there are up to two that are away, silent or busy.

mod caller;
mod network;
mod run;
mod server;

pub use run::CallsRun;

use crate::trace::Trace;

/// Plays one run of a client of `electrum-session` with its callers. In the end each call must have had one outcome,
/// each healthy call its answer within its deadline, and no call may have been sent more often than
/// [`Client::call`](electrum_session::Client::call) documents: invariant 15.
///
/// Invariant 15 holds under these conditions:
/// - there are at most two servers with a fault, besides one that answers every call;
/// - the server without a fault may hang up when it has more than some requests to answer, but only if there is no
///   other server and no call ends connections: a call that is the oldest when two connections end is taken for the
///   cause;
/// - at most one call ends connections, is never answered, or has an answer that is too long. A call that ends
///   connections does so at once;
/// - a call has 30 seconds or more, and the client its default time-outs;
/// - the driver is at most four seconds late in total while the call waits. Two servers with a fault may have had the
///   call for 15 and 7.5 of its 30 seconds; two connections that end cost two pauses of up to three seconds in total,
///   and bytes are in flight for up to a second in total. No more time is left.
///
/// # Example
/// ```
/// use electrum_sim::suite::{Played, play};
/// use electrum_sim::{Trace, calls_run};
///
/// let run = calls_run(&mut Trace::from_seed(1), true);
/// assert_eq!(run.violation(), None);
/// println!("{}", run.log().join("\n"));
///
/// // The next ten runs, which stop at a failure.
/// play(10, 2, &[], calls_run)?;
/// # Ok::<(), Box<electrum_sim::suite::Failure>>(())
/// ```
#[must_use]
pub fn calls_run(trace: &mut Trace, record: bool) -> CallsRun {
    let mut run = CallsRun::new(record);
    network::play(trace, &mut run);
    run
}
