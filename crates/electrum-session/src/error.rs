//! The error of a call.

use electrum_proto::json::{DecodeError, ServerError, ServerErrorKind};
use electrum_proto::operations::BroadcastOutcome;
use electrum_proto::{NotInVersion, RequestError};

/// Why a call has no result. Each variant says who must act.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::CallError;
/// use electrum_session::proto::operations::Raw;
///
/// # let client = example::client();
/// # example::run(async {
/// let error = client.call(Raw::reading("no.such.method", vec![])).await.unwrap_err();
/// match &error {
///     CallError::Server(error) => assert_eq!(error.code, Some(-32601)), // its operator, or the caller
///     CallError::TimedOut | CallError::Unsent { .. } => println!("try again later"),
///     CallError::MaybeSent { .. } => println!("find out whether it was done"),
///     _ => panic!("{error}"),
/// }
/// assert!(error.to_string().starts_with("the server says: unknown method"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The server answered with an error.
    #[error("the server says: {0}")]
    Server(ServerError),
    /// The server's answer cannot be right.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The negotiated version has no such operation.
    #[error(transparent)]
    NotInVersion(#[from] NotInVersion),
    /// The server did not answer in time.
    #[error("the server did not answer in time; ask again with more time, or ask another server")]
    TimedOut,
    /// The request was not sent before its deadline: there was no connection, or other calls were before it.
    #[error(
        "the request could not be sent in time: {}",
        if .why.is_empty() { "other requests were before it; make fewer at once, or allow more time" } else { .why }
    )]
    Unsent {
        /// Why the last attempt to connect failed; empty while there is a connection.
        why: String,
    },
    /// The request changes something (a broadcast) and was sent, but no answer came: the server may have carried it
    /// out. It is not sent again.
    #[error("{reason}; the server may have done what was asked: find out before you ask again")]
    MaybeSent {
        /// Why there is no answer.
        reason: NoAnswer,
    },
    /// The connection ended each time while the server worked on the request. It is not sent again.
    #[error(
        "the connection ended {times} times while the server worked on this request ({cause}); it is not sent again"
    )]
    ClosesConnection {
        /// How often the connection ended.
        times: u32,
        /// With which server the connection ended the last time, and why.
        cause: String,
    },
    /// Too many calls wait already.
    #[error("{limit} calls wait already, which is the limit; make fewer at once")]
    QueueFull {
        /// The limit.
        limit: usize,
    },
    /// The request is longer than what may wait to be written.
    #[error("the request has {bytes} bytes, more than the limit of {limit} bytes, which can be raised")]
    TooLong {
        /// Its length on the wire.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The answer is longer than the limit on the length of a line. The request is not sent again.
    #[error(
        "the answer is longer than the limit of {limit} bytes, which can be raised; it has {received} bytes or more"
    )]
    AnswerTooLarge {
        /// The limit in bytes, [`Limits::line`](electrum_proto::Limits::line).
        limit: usize,
        /// How many bytes of the answer were received. The whole answer is at least as long.
        received: usize,
    },
    /// The client was closed.
    #[error("the client was closed")]
    Closed,
}

/// Why a request that was sent has no answer.
///
/// ```
/// use electrum_session::{CallError, NoAnswer};
///
/// let error = CallError::MaybeSent { reason: NoAnswer::ConnectionLost };
/// let CallError::MaybeSent { reason } = &error else { panic!("{error}") };
/// let seconds = match reason {
///     NoAnswer::TimedOut => 60, // the server may still be at work on it
///     NoAnswer::ConnectionLost => 0,
/// };
/// assert_eq!(seconds, 0);
/// assert!(error.to_string().starts_with("the connection was lost before the answer came; the server may have done"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// No answer came in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The connection was lost.
    #[error("the connection was lost before the answer came")]
    ConnectionLost,
}

/// The kind of a [`CallError`], for programs to match on.
///
/// ```
/// use electrum_session::proto::json::{ServerError, ServerErrorKind};
/// use electrum_session::{CallError, CallErrorKind};
///
/// /// Returns whether another server may give the answer that this one does not give.
/// fn is_worth_asking_another(kind: CallErrorKind) -> bool {
///     match kind {
///         CallErrorKind::Server(ServerErrorKind::Busy) | CallErrorKind::Malformed => true,
///         CallErrorKind::NotInVersion | CallErrorKind::TimedOut | CallErrorKind::ClosesConnection => true,
///         _ => false,
///     }
/// }
/// assert!(is_worth_asking_another(CallError::Server(ServerError::new(Some(-102), "server busy")).kind()));
/// assert!(!is_worth_asking_another(CallError::Closed.kind()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// The server answered with an error of this kind.
    Server(ServerErrorKind),
    /// The server's answer cannot be right.
    Malformed,
    /// The negotiated version has no such operation.
    NotInVersion,
    /// The server did not answer in time.
    TimedOut,
    /// The request was not sent before its deadline.
    Unsent,
    /// The request changes something, and may have been carried out.
    MaybeSent,
    /// The connection ended each time while the server worked on the request.
    ClosesConnection,
    /// Too many calls wait already.
    QueueFull,
    /// The request is too long to be sent.
    TooLong,
    /// The answer is longer than the limit.
    AnswerTooLarge,
    /// The client was closed.
    Closed,
}

impl CallError {
    /// Returns the kind of the error. The server's own words and JSON stay in [`CallError::Server`].
    ///
    /// ```
    /// use electrum_session::proto::json::{ServerError, ServerErrorKind};
    /// use electrum_session::{CallError, CallErrorKind};
    ///
    /// fn is_worth_trying_later(error: &CallError) -> bool {
    ///     match error.kind() {
    ///         CallErrorKind::Server(ServerErrorKind::Busy) => true,
    ///         CallErrorKind::TimedOut | CallErrorKind::Unsent | CallErrorKind::QueueFull => true,
    ///         _ => false,
    ///     }
    /// }
    /// # assert!(is_worth_trying_later(&CallError::TimedOut) && !is_worth_trying_later(&CallError::Closed));
    /// ```
    #[must_use]
    pub fn kind(&self) -> CallErrorKind {
        match self {
            Self::Server(error) => CallErrorKind::Server(error.kind()),
            Self::Decode(_) => CallErrorKind::Malformed,
            Self::NotInVersion(_) => CallErrorKind::NotInVersion,
            Self::TimedOut => CallErrorKind::TimedOut,
            Self::Unsent { .. } => CallErrorKind::Unsent,
            Self::MaybeSent { .. } => CallErrorKind::MaybeSent,
            Self::ClosesConnection { .. } => CallErrorKind::ClosesConnection,
            Self::QueueFull { .. } => CallErrorKind::QueueFull,
            Self::TooLong { .. } => CallErrorKind::TooLong,
            Self::AnswerTooLarge { .. } => CallErrorKind::AnswerTooLarge,
            Self::Closed => CallErrorKind::Closed,
        }
    }

    /// Returns what became of a transaction whose [`Broadcast`](electrum_proto::operations::Broadcast) ended with this error.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
    /// use electrum_session::CallError;
    /// use electrum_session::proto::operations::{Broadcast, BroadcastOutcome};
    ///
    /// # let client = example::client();
    /// # let transaction = electrum_session::proto::types::RawTransaction::new([0]);
    /// # example::run(async {
    /// let result = client.call(Broadcast { transaction }).await;
    /// let outcome = result.map(BroadcastOutcome::Accepted).or_else(CallError::into_broadcast_outcome)?;
    /// println!("{outcome}");
    /// # assert!(matches!(outcome, BroadcastOutcome::Rejected(_)));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// The error itself if the transaction was not handed over: not a byte was sent, or the server refused the request
    /// without looking at the transaction, such as for being busy.
    pub fn into_broadcast_outcome(self) -> Result<BroadcastOutcome, Self> {
        match self {
            Self::Server(error) => BroadcastOutcome::of_server_error(error).map_err(Self::Server),
            Self::Unsent { .. } | Self::TooLong { .. } | Self::QueueFull { .. } | Self::NotInVersion(_) => Err(self),
            Self::MaybeSent { reason } => Ok(BroadcastOutcome::MayHaveBeenSent { why: reason.to_string() }),
            // A client may be closed while a request is on its way.
            Self::Closed
            | Self::Decode(_)
            | Self::TimedOut
            | Self::ClosesConnection { .. }
            | Self::AnswerTooLarge { .. } => Ok(BroadcastOutcome::MayHaveBeenSent { why: self.to_string() }),
        }
    }

    pub(crate) fn from_request(error: RequestError) -> Self {
        match error {
            RequestError::Server(error) => Self::Server(error),
            RequestError::Lost { .. } => Self::MaybeSent { reason: NoAnswer::ConnectionLost },
            RequestError::TimedOut => Self::TimedOut,
            RequestError::TooLarge { limit, received } => Self::AnswerTooLarge { limit, received },
            // Only abandoned calls are cancelled.
            RequestError::Cancelled | RequestError::Closed => Self::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcast_counts_as_not_sent_only_where_that_is_certain() {
        let in_mempool = ServerError::new(Some(1), "txn-already-in-mempool");
        let outcome = CallError::Server(in_mempool.clone()).into_broadcast_outcome();
        assert_eq!(outcome, Ok(BroadcastOutcome::AlreadyInMempool(in_mempool)));

        let busy = CallError::Server(ServerError::new(Some(-101), "excessive resource usage"));
        let unsent = CallError::Unsent { why: String::new() };
        for error in [busy, unsent, CallError::QueueFull { limit: 1 }, CallError::TooLong { bytes: 2, limit: 1 }] {
            assert_eq!(error.clone().into_broadcast_outcome(), Err(error));
        }

        let lost = CallError::MaybeSent { reason: NoAnswer::ConnectionLost };
        for error in [lost, CallError::TimedOut, CallError::Closed] {
            let outcome = error.into_broadcast_outcome();
            assert!(matches!(outcome, Ok(BroadcastOutcome::MayHaveBeenSent { .. })), "{outcome:?}");
        }
    }
}
