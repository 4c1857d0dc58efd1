//! The kind of an error that a server answers with.

use alloc::string::String;

/// The kind of a server's error, as far as its code and its message say.
///
/// Servers use few codes and each its own words, so this is read from both, for the server software that is in use.
///
/// # Example
/// ```
/// use electrum_proto::json::{ServerError, ServerErrorKind};
///
/// let advice = |error: &ServerError| match error.kind() {
///     ServerErrorKind::Busy => "ask again later",
///     ServerErrorKind::UnknownMethod | ServerErrorKind::TooLarge => "ask another server",
///     ServerErrorKind::Unauthorized => "renew the token",
///     ServerErrorKind::AlreadyInMempool | ServerErrorKind::AlreadyInChain => "all is well: it was sent before",
///     _ => "show it to the user",
/// };
/// assert_eq!(advice(&ServerError::new(Some(-101), "excessive resource usage")), "ask again later");
/// assert_eq!(advice(&ServerError::new(None, "unknown method server.features []")), "ask another server");
/// assert_eq!(advice(&ServerError::new(Some(401), "token expired")), "renew the token");
/// assert_eq!(ServerError::new(Some(2), "Block not found").kind().name(), "not_found");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerErrorKind {
    /// The server is too busy, or this client asked for too much in too short a time. It may answer later.
    Busy,
    /// The answer is longer than the server gives, such as a history with too many entries.
    TooLarge,
    /// The server does not know the method.
    UnknownMethod,
    /// The server knows the method, but does not support what was asked of it.
    Unsupported,
    /// The server speaks no version of the protocol that was offered.
    UnsupportedVersion,
    /// The parameters are not what the server expects.
    InvalidParams,
    /// The server, or a proxy in front of it, wants an [`Authorization`](crate::Authorization), or refuses the one that the
    /// request carries: it may have expired.
    Unauthorized,
    /// The server knows no such transaction, block or position.
    NotFound,
    /// The server's node rejected the transaction.
    Rejected,
    /// The transaction is in the mempool of the server's node already.
    AlreadyInMempool,
    /// The transaction is in the chain already.
    AlreadyInChain,
    /// Something went wrong inside the server or its node.
    Internal,
    /// None of these.
    Other,
}

/// Words in errors of servers and their nodes, in lower case, and what they say; the first match counts.
///
/// ElectrumX 1.10 to 2.0, Fulcrum 2.1, electrs 0.9 to 0.11, electrs-esplora 0.4, libbitcoin 4; Bitcoin Core 0.14 to 31,
/// btcd.
const WORDS: &[(ServerErrorKind, &[&str])] = &[
    (
        ServerErrorKind::AlreadyInChain,
        &[
            "already in block chain",
            "already in blockchain",
            "already exists in blockchain",
            "already in utxo set",
            "txn-already-known",
        ],
    ),
    (
        ServerErrorKind::AlreadyInMempool,
        &[
            "already-in-mempool",
            "already in mempool",
            "already in the mempool",
            "same-nonwitness-data-in-mempool",
            "already have transaction",
            "already known",
        ],
    ),
    (
        ServerErrorKind::Rejected,
        &[
            "rejected by network rules",
            "sendrawtransaction rpc error",
            "bad-txns",
            "missing inputs",
            "missing-inputs",
            "missingorspent",
            "min relay fee not met",
            "mempool min fee not met",
            "insufficient fee",
            "insufficient priority",
            "fee exceeds maximum",
            "max-fee-exceeded",
            "absurdly-high-fee",
            "txn-mempool-conflict",
            "too-long-mempool-chain",
            "script-verify-flag",
            "non-final",
            "non-bip68-final",
            "dust",
            "scriptpubkey",
            "scriptsig-",
            "bad-witness",
            "tx-size",
            "tx decode failed",
            "package topology",
        ],
    ),
    (
        ServerErrorKind::Busy,
        &[
            "server busy",
            "excessive resource usage",
            "excessive flood",
            "too many requests",
            "too many connections",
            "rate limit",
            "unavailable index",
            "temporarily unavailable",
            "overloaded",
            "try again",
            "shutting down",
            "loading block index",
            "verifying blocks",
            "warming up",
            "work queue depth exceeded",
        ],
    ),
    (
        ServerErrorKind::TooLarge,
        &["too large", "too long", "too many", "batch limit exceeded", "query may take a long time"],
    ),
    (
        ServerErrorKind::UnsupportedVersion,
        &[
            "unsupported protocol version",
            "bad version tuple",
            "unsupported request minmax",
            "unsupported request single",
            "requested a range, server supports",
        ],
    ),
    (
        ServerErrorKind::UnknownMethod,
        &["unknown method", "method not found", "no such method", "unsupported request", "unsupported method"],
    ),
    (
        ServerErrorKind::Unsupported,
        &[
            "unsupported",
            "not supported",
            "is disabled",
            "broadcast disabled",
            "lacks dsproof",
            "use -txindex",
            "pruned data",
            "pruned block",
        ],
    ),
    (
        ServerErrorKind::Unauthorized,
        &[
            "unauthorized",
            "unauthorised",
            "not authorized",
            "forbidden",
            "access denied",
            "authentication required",
            "authentication failed",
            "authorization required",
            "invalid authorization",
            "invalid credentials",
            "invalid token",
            "expired token",
            "token expired",
            "token has expired",
            "token is expired",
        ],
    ),
    (
        ServerErrorKind::NotFound,
        &[
            "no such",
            "does not exist",
            "unknown transaction",
            "missing transaction",
            "missing txid",
            "missing block",
            "missing header",
            "no header at",
            "not in block",
            "no tx at position",
            "no tx in position",
            "no transaction",
            "no confirmed transaction",
            "invalid tx_pos",
            "invalid height",
            "invalid confirmation height",
            "out of range",
            "not on disk",
            "not found",
            "genesis block coinbase",
        ],
    ),
    (
        ServerErrorKind::InvalidParams,
        &[
            "should be a",
            "must be a",
            "must be <=",
            "must be between",
            "require header height",
            "not a valid",
            "bad script_hash",
            "bad tx_hash",
            "non-integer",
            "non-hex",
            "non-bool",
            "non-string",
            "invalid",
        ],
    ),
    (
        ServerErrorKind::Internal,
        &["internal", "daemon error", "db error", "transport error", "connection refused", "bitcoind", "disconnected"],
    ),
];

/// Codes that say by themselves what an error is about, where its words do not.
const CODES: &[(i64, ServerErrorKind)] = &[
    (-101, ServerErrorKind::Busy),
    (-102, ServerErrorKind::Busy),
    (-27, ServerErrorKind::AlreadyInChain),
    (-26, ServerErrorKind::Rejected),
    (-25, ServerErrorKind::Rejected),
    (10001, ServerErrorKind::TooLarge),
    (-32601, ServerErrorKind::UnknownMethod),
    (-32602, ServerErrorKind::InvalidParams),
    (-32603, ServerErrorKind::Internal),
    // Those of HTTP, which proxies in front of a server pass on.
    (401, ServerErrorKind::Unauthorized),
    (403, ServerErrorKind::Unauthorized),
    // libbitcoin's own.
    (17, ServerErrorKind::NotFound),
    (19, ServerErrorKind::InvalidParams),
    (26, ServerErrorKind::UnknownMethod),
];

impl ServerErrorKind {
    /// Reads the kind from an error's code and words.
    pub(super) fn of(code: Option<i64>, message: &str) -> Self {
        /// What servers say comes first; behind it they may quote the transaction.
        const READ: usize = 512;
        /// Said of the node: it refused the server, not the server this client.
        const OF_NODE: [&str; 3] = ["daemon", "bitcoind", "transport error"];

        let words = message.chars().take(READ).collect::<String>().to_ascii_lowercase();
        // The words of this code could mislead: "Unsupported request: …", "This server lacks …".
        if code == Some(-32601) {
            return Self::UnknownMethod;
        }
        let said = WORDS.iter().find(|(_, texts)| texts.iter().any(|text| words.contains(text)));
        let by_code = CODES.iter().find(|(known, _)| Some(*known) == code).map(|(_, kind)| *kind);
        match (said, by_code) {
            // "invalid params" and the like say less than the code.
            (Some((Self::InvalidParams | Self::Internal, _)) | None, Some(kind)) => kind,
            (Some((Self::NotFound, _)), Some(Self::Internal)) => Self::Internal,
            (Some((Self::Unauthorized, _)), _) if OF_NODE.iter().any(|node| words.contains(node)) => Self::Internal,
            (Some((kind, _)), _) => *kind,
            (None, None) => Self::Other,
        }
    }

    /// Returns the kind in one word for logs and programs, such as `not_found`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::TooLarge => "too_large",
            Self::UnknownMethod => "unknown_method",
            Self::Unsupported => "unsupported",
            Self::UnsupportedVersion => "unsupported_version",
            Self::InvalidParams => "invalid_params",
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::Rejected => "rejected",
            Self::AlreadyInMempool => "already_in_mempool",
            Self::AlreadyInChain => "already_in_chain",
            Self::Internal => "internal",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ServerErrorKind as Kind;

    /// As the servers in the recordings and in public reports write them.
    const SEEN: &[(Kind, Option<i64>, &str)] = &[
        (Kind::Busy, Some(-101), "excessive resource usage"),
        (Kind::Busy, Some(-102), "server busy - request timed out"),
        (Kind::Busy, Some(3), "Excessive flood, please throttle your client implementation to not do this"),
        (Kind::Busy, Some(-32603), "unavailable index"),
        (Kind::TooLarge, Some(1), "history too large"),
        (Kind::TooLarge, Some(10001), "history too large"),
        (Kind::TooLarge, None, "Too many history entries"),
        (
            Kind::TooLarge,
            None,
            "failed to get confirmed status\nCaused by: 1534+ transactions found, query may take a long time",
        ),
        (Kind::TooLarge, Some(-32600), "response too large (at least 1020631 bytes)"),
        (Kind::TooLarge, Some(4), "Batch limit exceeded"),
        (Kind::UnknownMethod, Some(-32601), "unknown method \"no.such\""),
        (Kind::UnknownMethod, Some(-32601), "Unsupported request: mempool.recent"),
        (Kind::UnknownMethod, Some(-32601), "This server lacks dsproof support"),
        (Kind::UnknownMethod, Some(-32601), "method not found"),
        (Kind::UnknownMethod, None, "unknown method server.features []"),
        (Kind::UnknownMethod, None, "Unsupported request: mempool.recent"),
        (Kind::Unsupported, None, "verbose transactions are currently unsupported"),
        (Kind::Unsupported, Some(1), "batch requests are not supported"),
        (Kind::Unsupported, None, "Broadcast disabled when using blocksonly"),
        (
            Kind::Unsupported,
            Some(2),
            "daemon error: DaemonError({'code': -5, 'message': 'No such mempool transaction. Use -txindex or provide a \
             block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.'})",
        ),
        (
            Kind::Unsupported,
            Some(2),
            "daemon error: DaemonError({'code': -1, 'message': 'Block not available (pruned data)'})",
        ),
        (Kind::Busy, Some(1), "Too many requests, try again later"),
        (Kind::Busy, Some(2), "daemon error: DaemonError({'code': -32603, 'message': 'Work queue depth exceeded'})"),
        (Kind::TooLarge, Some(1), "History is too long for this server"),
        (Kind::Rejected, Some(-26), "too-long-mempool-chain, too many descendants"),
        (Kind::NotFound, None, "no such block"),
        (Kind::UnsupportedVersion, Some(1), "unsupported protocol version: ['2.0', '3.0']"),
        (Kind::UnsupportedVersion, Some(1), "Bad version tuple: 1.6, 1.4"),
        (Kind::UnsupportedVersion, Some(1), "unsupported request MinMax(\"1.6\", \"1.7\") by recorder 0.1"),
        (Kind::UnsupportedVersion, Some(1), "client requested a range, server supports 1.4"),
        (Kind::InvalidParams, Some(-32602), "invalid params"),
        (Kind::InvalidParams, Some(1), "zz should be a transaction hash"),
        (Kind::InvalidParams, None, "bad script_hash"),
        (Kind::NotFound, Some(1), "tx 4a5e not in block at height 3"),
        (Kind::NotFound, Some(1), "no tx at position 9 in block at height 3"),
        (Kind::NotFound, Some(1), "height 2,000,000 out of range"),
        (Kind::NotFound, Some(1), "missing txid 4a5e in block 00"),
        (Kind::NotFound, Some(2), "Block not found"),
        (Kind::NotFound, None, "missing transaction"),
        (Kind::NotFound, None, "tx not found or is unconfirmed"),
        (
            Kind::NotFound,
            Some(2),
            "daemon error: DaemonError({'code': -5, 'message': 'No such mempool or blockchain transaction. Use \
             gettransaction for wallet transactions.'})",
        ),
        (Kind::Unauthorized, Some(401), "Unauthorized"),
        (Kind::Unauthorized, Some(403), "no words that are known"),
        (Kind::Unauthorized, Some(-32602), "Invalid token"),
        (Kind::Unauthorized, Some(-32000), "expired token"),
        (Kind::Unauthorized, None, "Forbidden: the token has expired"),
        (Kind::Unauthorized, Some(-32603), "internal: authentication failed"),
        // The code says less than words that are known.
        (Kind::Busy, Some(403), "Too many requests, try again later"),
        (Kind::NotFound, Some(401), "no such user"),
        // Neither is about an authorization.
        (Kind::InvalidParams, Some(1), "invalid params: authorization"),
        (Kind::Other, Some(1), "unexpected token at position 401"),
        // The node refused the server.
        (Kind::Internal, None, "failed to get transaction: bitcoind answered 401 Unauthorized"),
        (Kind::Internal, Some(2), "daemon error: DaemonError({'code': 403, 'message': 'Forbidden'})"),
        (Kind::Internal, Some(-32603), "internal error: readRecords specification is out of range"),
        (Kind::Internal, Some(2), "daemon error: DaemonError({'code': -1})"),
        (
            Kind::Internal,
            None,
            "failed to get transaction: reconnecting to bitcoind: Connection refused (os error 111)",
        ),
        (Kind::Internal, None, "JSON-RPC error: transport error: unexpected end of file"),
        (
            Kind::NotFound,
            Some(2),
            "daemon error: DaemonError({'code': -5, 'message': 'The genesis block coinbase is not considered an ordinary \
             transaction and cannot be retrieved'})",
        ),
        (Kind::Rejected, Some(2), "min relay fee not met, 0 < 15"),
        (Kind::Rejected, Some(-26), "whatever"),
        (Kind::AlreadyInMempool, Some(-26), "txn-already-in-mempool"),
        (Kind::AlreadyInMempool, Some(-32000), "already known"),
        (Kind::AlreadyInChain, Some(-27), "txn-already-known"),
        (
            Kind::AlreadyInMempool,
            Some(1),
            "the transaction was rejected by network rules.\n\ntxn-already-in-mempool\n[00]",
        ),
        (Kind::AlreadyInChain, Some(2), "Transaction outputs already in utxo set"),
        (Kind::AlreadyInChain, Some(-27), "no words that are known"),
        (
            Kind::AlreadyInChain,
            None,
            "sendrawtransaction RPC error: {\"code\":-27,\"message\":\"Transaction already in block chain\"}",
        ),
        (Kind::Other, Some(1), "server.version already sent"),
        (Kind::Other, None, ""),
    ];

    #[test]
    fn kinds_of_the_errors_of_real_servers() {
        for (kind, code, message) in SEEN {
            assert_eq!(Kind::of(*code, message), *kind, "{code:?} {message}");
        }
    }

    #[test]
    fn a_kind_is_named_in_small_letters() {
        for (kind, _, _) in SEEN {
            let words = kind.name().split('_').map(|word| alloc::format!("{}{}", word[..1].to_uppercase(), &word[1..]));
            assert_eq!(words.collect::<alloc::string::String>(), alloc::format!("{kind:?}"));
        }
    }
}
