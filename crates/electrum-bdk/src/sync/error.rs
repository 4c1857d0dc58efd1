//! The error of a scan.

use bitcoin::ScriptBuf;
use electrum_session::CallError;

/// The error of a scan. A scan that failed can be run again, and continues where it stopped.
///
/// ```
/// use electrum_bdk::sync::SyncError;
///
/// fn what_to_do(error: &SyncError) -> &'static str {
///     match error {
///         SyncError::Call(_) | SyncError::Unsettled { .. } => "run the scan again later",
///         SyncError::NoHistory { .. } | SyncError::Untrue { .. } => "use another server",
///         SyncError::Cancelled => "nothing",
///         _ => "show the error to the user",
///     }
/// }
/// let error = SyncError::Untrue { what: "a block without proof of work".into() };
/// assert_eq!(what_to_do(&error), "use another server");
/// assert!(error.to_string().ends_with("a block without proof of work; use another server"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncError {
    /// A call failed. [`CallError`] says who must act.
    Call(CallError),
    /// The server does not give the history of a script, mostly because it is too long for that server.
    NoHistory {
        /// The script.
        script: ScriptBuf,
        /// The server's answer.
        error: CallError,
    },
    /// The server sends what cannot be true: a proof that does not hold, headers that are not a chain, a transaction
    /// that does not touch the script that it is listed for. Use another server.
    Untrue {
        /// What the server has sent.
        what: String,
    },
    /// The chain or the mempool changed each time before the scan was complete. Run it again later.
    Unsettled {
        /// What changed the last time.
        what: String,
    },
    /// The server has none of the wallet's blocks: it serves another network.
    OtherNetwork,
    /// The server's answers take more memory than [`Options::memory`](crate::sync::Options::memory) allows.
    TooLarge,
    /// The scan, or the wait for the next update, was [cancelled](crate::sync::Cancel::cancel).
    Cancelled,
    /// The client was closed, or has no room for a subscription.
    NoSubscription(electrum_session::proto::RejectReason),
}

impl std::fmt::Display for SyncError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::NoHistory { script, error } => {
                write!(f, "the server does not give the history of the script {}: {error}", script.to_hex_string())
            }
            Self::Untrue { what } => write!(f, "what the server sends cannot be true: {what}; use another server"),
            Self::Unsettled { what } => {
                write!(f, "the chain changed each time before the sync was complete ({what}); try again later")
            }
            Self::OtherNetwork => f.write_str("the server has none of the wallet's blocks: it serves another network"),
            Self::TooLarge => {
                f.write_str("the server's answers exceed the memory limit of the sync, which can be raised")
            }
            Self::Cancelled => f.write_str("the sync was cancelled"),
            Self::NoSubscription(reason) => write!(f, "the server's tip cannot be subscribed: {reason}"),
        }
    }
}

impl std::error::Error for SyncError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) | Self::NoHistory { error, .. } => Some(error),
            _ => None,
        }
    }
}
