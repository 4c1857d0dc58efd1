//! The Electrum protocol as a state machine without I/O: inputs in, actions out. No socket, no clock, no thread; `no_std` with `alloc`.
//!
//! # Layers
//! ```text
//!   your driver      opens sockets, moves bytes, sleeps                 (electrum-blocking, -smol and -tokio are three)
//!  ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
//!   machine/         the Client: phases, timers, requests in flight, subscriptions, choice of server
//!   operations/      one type per operation: method, parameters and result of each protocol version
//!   proof/           merkle branches, header chains, statuses: what a server claims is checked
//!   types/           hashes, scripts, headers, amounts, histories
//!   wire/json/       one message: a reply, a notification; values stay text until they are decoded
//!   wire/framing/    bytes to lines and back, within limits
//! ```
//!
//! # Phases
//! ```text
#![doc = include_str!("../docs/phases.txt")]
//! ```
//! `server.version` is the first line on every link, alone: nothing else is written before the server agreed to a
//! version inside our range. Refused, unanswered, malformed, out of range, closed: each is a [`DownCause`], and each
//! leads to [`Phase::Backoff`] and a new attempt.
//!
//! # A driver
//! Report inputs to the [`Client`] with [`handle`](Client::handle), and carry out what [`poll`](Client::poll) returns until
//! that is [`Action::Wait`]. Any order of calls is legal. This one asks for the banner, and ends:
//! ```
//! use electrum_proto::operations::Banner;
//! use electrum_proto::{Action, Client, CloseCause, Config, Event, Input, Timestamp};
//! use std::io::{ErrorKind, Read, Write};
//! use std::net::{SocketAddr, TcpStream};
//! use std::time::{Duration, Instant};
//!
//! fn banner(server: SocketAddr) -> Result<String, Box<dyn std::error::Error>> {
//!     let start = Instant::now();
//!     let now = || Timestamp::new(start.elapsed());
//!     let mut client = Client::new(Config::default(), now());
//!     let (mut link, mut ticket, mut banner) = (None, None, String::new());
//!     let mut buffer = [0; 16 * 1024];
//!     loop {
//!         match client.poll() {
//!             Action::Connect(conn, _) => match TcpStream::connect_timeout(&server, client.config().timeouts.connect) {
//!                 Ok(socket) => {
//!                     link = Some((conn, socket));
//!                     client.handle(now(), Input::Connected(conn));
//!                 }
//!                 Err(error) => client.handle(now(), Input::Closed(conn, CloseCause::Failed(error.to_string()))),
//!             },
//!             Action::Disconnect(_) => link = None,
//!             Action::Event(Event::Ready { software, version, .. }) => {
//!                 println!("{software} speaks {version}");
//!                 ticket = Some(client.request(now(), Banner)?);
//!             }
//!             Action::Event(Event::Reply { id, result }) => {
//!                 let ticket = ticket.take().filter(|ticket| ticket.id == id).ok_or("whose reply?")?;
//!                 banner = ticket.decode(result?)?;
//!                 client.close(now());
//!             }
//!             Action::Event(Event::Down { cause, .. }) => println!("{cause}"),
//!             Action::Event(_) => {}
//!             Action::Finished => return Ok(banner),
//!             Action::Wait(wait) => {
//!                 let timeout = wait.until.map(|(until, _)| until.since(now()).max(Duration::from_millis(1)));
//!                 let Some((conn, socket)) = &mut link else {
//!                     // Nothing is open: it is time that must pass.
//!                     std::thread::sleep(timeout.ok_or("nothing to wait for")?);
//!                     client.handle(now(), Input::Tick);
//!                     continue;
//!                 };
//!                 socket.set_read_timeout(timeout)?;
//!                 // A driver for more than one request must read while it writes, or a server that does the same hangs it.
//!                 let moved = if wait.write { socket.write(client.outgoing()) } else { socket.read(&mut buffer) };
//!                 let input = match moved {
//!                     Ok(count) if wait.write => Input::Wrote(*conn, count),
//!                     Ok(0) => Input::Closed(*conn, CloseCause::End),
//!                     Ok(count) => Input::Read(*conn, &buffer[..count]),
//!                     Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Input::Tick,
//!                     Err(error) => Input::Closed(*conn, CloseCause::Failed(error.to_string())),
//!                 };
//!                 let has_ended = matches!(input, Input::Closed(..));
//!                 client.handle(now(), input);
//!                 // A link whose end was reported is not closed by an action.
//!                 if has_ended {
//!                     link = None;
//!                 }
//!             }
//!         }
//!     }
//! }
//! # // A server for one connection: it answers the version, then the banner.
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let server = listener.local_addr()?;
//! # std::thread::spawn(move || {
//! #     use std::io::BufRead;
//! #     let (socket, _) = listener.accept().unwrap();
//! #     let mut lines = std::io::BufReader::new(socket.try_clone().unwrap()).lines();
//! #     for answer in [r#"{"id":1,"result":["Example 1.0","1.4"]}"#, r#"{"id":2,"result":"Welcome!"}"#] {
//! #         lines.next();
//! #         writeln!(&socket, "{answer}").unwrap();
//! #     }
//! # });
//! assert_eq!(banner(server)?, "Welcome!");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What can be relied on
//! - Every accepted request gets exactly one [`Event::Reply`], whatever mix of loss, time-out, cancel and close. The
//!   machine never sends one twice; [`RequestError::Lost`] says whether any byte of it had left.
//! - Subscriptions survive: they are made again on every link, and what changed meanwhile is reported once, as
//!   [`Origin::Resumed`].
//! - What a server sends can end a link or fail a request. It cannot panic, hang, or use more memory than
//!   [`Limits`] allow.
//! - How a server's bytes are cut into reads changes nothing that is reported. What is written is the same too, but for
//!   what depends on what came before the caller's turn: nudges, and subscriptions that a busy server put off.
//! - Time and randomness come from the caller: same seed, same inputs, same actions.
//!
//! # Features
//! - `std` (default): `std` in the dependencies, and nothing else.
//! - `bitcoin`: conversions between the [`types`] and those of the crate `bitcoin`, version 0.32, which is exported as
//!   `electrum_proto::bitcoin`.
//! - `tracing`: transitions, timers and lost links are logged with the crate `tracing`, without parameters and results.
//!   Requests and lines are logged with them, under the target `electrum_proto::wire` at level `TRACE`.
//!
//! # What may grow
//! What only people read (causes, errors of decoding and of proofs) and what servers say of themselves is
//! `non_exhaustive`. What a driver decides on ([`Action`], [`Event`], [`RequestError`], [`RejectReason`]) is not: a new
//! case there comes with a new major version (below 1.0, minor), and the compiler shows where it is to be dealt with.
//! [`Config`] and its parts may get fields at any time: write `..Config::default()`.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
extern crate alloc;

#[macro_use]
mod macros;

#[macro_use]
mod trace;

mod authorization;
mod config;
mod encoded;
mod error;
mod event;
mod machine;
pub mod operations;
pub mod proof;
mod reply;
mod request;
mod time;
pub mod types;
mod version;
mod wire;

/// The crate of the types that the [`types`] convert to and from.
#[cfg(feature = "bitcoin")]
pub use bitcoin;
/// The crate of the values of [`operations::Raw`] and [`Topic::Raw`].
pub use serde_json;

pub use authorization::Authorization;
pub use config::{Backoff, Config, Limits, Timeouts};
pub use encoded::{EncodedRequest, EncodedRequests};
pub use error::{DownCause, Layer, RejectReason, Rejected, RequestError, Side, SubscribeError};
pub use event::{Action, CloseCause, ConnId, Event, Input, RequestId, ServerIndex, Unknown, Wait};
pub use machine::client::{Client, State};
pub use machine::phase::{self, Phase};
pub use machine::subscriptions::topic::{Origin, SubId, Tip, Topic, Update};
pub use machine::ticket::Ticket;
pub use machine::timers::TimerKind;
pub use reply::{KeptReply, Reply};
pub use request::{Effect, Method, NotInVersion, Request};
pub use time::Timestamp;
pub use types::Script;
pub use version::{Offer, ProtocolVersion, VersionError, VersionRange};
pub use wire::json;
