//! A simulated network with virtual time, in which the invariants of a client are checked.
//!
//! A *run* is one client from its beginning to its end. A [`Trace`], which grows from a seed, makes all decisions of a
//! run. A [`Probe`] wraps the client and checks the invariants at each call. There are four kinds of run:
//!
//! - [`hostile_run`]: inputs and commands in any order, and a server that sends anything.
//! - [`network_run`]: a driver that does exactly what the client asks for, a network that delays, splits and loses, and
//!   model servers. In the end everything works, and the client must know everything.
//! - [`chunked_run`]: two clients that read the same bytes, one of them in small chunks.
//! - [`calls_run`]: a client of `electrum-session` with its callers, servers with faults, and calls that end
//!   connections among healthy calls.
//!
//! [`application_run`] replaces the random commands of the second kind with logic of your own.
//!
//! [`explore::explore`] explores all short runs of one client exhaustively.
//!
//! [`suite::play`] plays many runs, shrinks a failing one and returns its record. With the feature `proptest`, which is
//! on by default, traces are a strategy for property tests of your own. [`fuzz`] has what fuzz targets of your own need.
//!
//! # The invariants
//! 1. Any split of the same server bytes gives the same events and the same outgoing bytes; polling late or often gives
//!    the same events.
//! 2. The first line on every link is `server.version`, alone, and no other byte leaves before its reply was accepted.
//! 3. Every accepted request gets exactly one reply, whatever mix of loss, time-out, cancel and close; ids never
//!    repeat.
//! 4. Each request is answered by itself, in arrays too: an error of one never touches another.
//! 5. `poll` after `Wait` gives the same `Wait`; a tick before `until` changes nothing, one at `until` makes progress.
//!    With bytes outgoing `Wait::write` is set.
//! 6. Buffered input, outgoing bytes, requests in flight and subscriptions stay within their limits, for any server.
//! 7. Inputs with an old `ConnId` change nothing; time running backwards is time standing still.
//! 8. `Lost { written: false }` only if no byte of that line was acknowledged.
//! 9. When server and client are quiet, the server's subscriptions are the wanted ones, the last update of each topic
//!    is the server's status, and no two equal ones were emitted in a row.
//! 10. No method is written outside its versions.
//! 11. A silent application keeps its link alive; a mute server is found out within the idle time and the wait for a
//!     pong.
//! 12. Backoff grows to its cap within its jitter and is reset only by a link that lasted.
//! 13. Encoded lines hold one newline, at their end, and parse back to the same method, parameters and id.
//! 14. Same seed and same inputs give the same actions. From every state `close` reaches `Finished` in bounded polls.
//! 15. A healthy call is answered within its deadline, whatever other calls do to the connection, if any server answers
//!     it; no call is sent more often than documented. [`calls_run`] says under which conditions.
//! 16. All of this with clocks that are late: a timer fires exactly, or, in seven runs of eight, microseconds to
//!     seconds late.
//! 17. With padding, the size of each write is a power of two from 1024 bytes on.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod application;
mod calls;
mod chunks;
mod clock;
pub mod explore;
pub mod fuzz;
pub mod generate;
mod hostile;
mod messages;
mod methods;
mod network;
mod pipe;
mod probe;
mod server;
#[cfg(feature = "proptest")]
pub mod strategy;
pub mod suite;
mod timeline;
mod trace;

pub use application::{Application, TOPICS, Truth, known_topic};
pub use calls::{CallsRun, calls_run};
pub use chunks::chunked_run;
pub use hostile::hostile_run;
pub use methods::AnyRequest;
pub use network::{application_run, network_run};
pub use probe::{Emitted, Probe, Violation};
pub use trace::{Shrinker, Trace};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
