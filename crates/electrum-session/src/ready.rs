//! Waits until a client is connected.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use electrum_proto::{Phase, State};
use futures_core::Stream;

use crate::driver::Handle;
use crate::sleep::within;
use crate::streams::ConnectionEvents;

/// Why there is no connection.
///
/// ```
/// use std::time::Duration;
/// use electrum_session::transport::ServerAddr;
/// use electrum_session::{Client, NotReady};
///
/// let server: ServerAddr = "tcp://electrum.example:50001".parse()?;
/// let (client, _driver) = Client::new(server, || {});
/// client.close();
/// match electrum_session::block_on(client.ready(Duration::from_secs(20))) {
///     Ok(state) => panic!("{state:?}"),
///     Err(NotReady::TimedOut { why }) => panic!("show it to the user, who may go on waiting: {why}"),
///     Err(error @ NotReady::Closed) => assert_eq!(error.to_string(), "the client was closed"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// No connection was made in time.
    #[error("no connection in time: {}", if .why.is_empty() { "the first attempt still runs; allow more time" } else { .why })]
    TimedOut {
        /// With which server the last attempt failed, and why; empty while the first attempt is under way.
        why: String,
    },
    /// The client was closed.
    #[error("the client was closed")]
    Closed,
}

/// Waits until the client of `handle` is ready.
pub(crate) async fn ready(handle: &Handle, timeout: Duration) -> Result<State, NotReady> {
    let mut events = ConnectionEvents::new(handle);
    let ready = poll_fn(|context| {
        loop {
            let state = handle.driver().access(|dispatcher, _| dispatcher.session.state());
            match state.phase {
                Phase::Ready => return Poll::Ready(Ok(state)),
                Phase::Closed => return Poll::Ready(Err(NotReady::Closed)),
                _ => {}
            }
            // Each event may have changed the state.
            if Pin::new(&mut events).poll_next(context).is_pending() {
                return Poll::Pending;
            }
        }
    });
    within(handle, timeout, ready).await.unwrap_or_else(|| {
        let why = handle.driver().access(|dispatcher, _| dispatcher.last_failure.clone());
        Err(NotReady::TimedOut { why })
    })
}
