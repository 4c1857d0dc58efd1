//! All operations in one list, from which their table is made.

use super::{legacy, *};
use crate::request::{Method, Request};
use crate::version::ProtocolVersion;

/// An operation and the methods that serve it.
///
/// # Example
/// ```
/// use electrum_proto::ProtocolVersion;
/// use electrum_proto::operations::OPERATIONS;
///
/// let balance = OPERATIONS.iter().find(|operation| operation.name == "Balance").ok_or("no such operation")?;
/// assert_eq!(balance.method(ProtocolVersion::V1_4), Some("blockchain.scripthash.get_balance"));
/// assert_eq!(balance.method(ProtocolVersion::V1_7), Some("blockchain.scriptpubkey.get_balance"));
/// // What a server of an old version cannot be asked.
/// let missing = OPERATIONS.iter().filter(|operation| operation.method(ProtocolVersion::V1_4).is_none());
/// assert!(missing.map(|operation| operation.name).any(|name| name == "TestMempoolAccept"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its type in [`operations`](crate::operations).
    pub name: &'static str,
    /// The methods that serve it, the first choice first.
    pub methods: &'static [Method],
}

impl Operation {
    /// Returns the method that serves it on `version`, if there is one.
    #[must_use]
    pub fn method(&self, version: ProtocolVersion) -> Option<&'static str> {
        self.methods.iter().find(|method| method.is_in(version)).map(|method| method.name)
    }
}

macro_rules! operations {
    ($($name:ident $(in $module:ident)?),* $(,)?) => {
        /// Every operation except [`Raw`], which calls any method.
        pub const OPERATIONS: &[Operation] =
            &[$(operations!(@one $name $($module)?)),*];
    };
    (@one $name:ident) => { Operation { name: stringify!($name), methods: $name::METHODS } };
    (@one $name:ident $module:ident) => {
        Operation {
            name: concat!(stringify!($module), "::", stringify!($name)),
            methods: $module::$name::METHODS,
        }
    };
}

operations! {
    Balance,
    History,
    Mempool,
    Unspent,
    ScriptSubscribe,
    ScriptUnsubscribe,
    OutPointGetStatus,
    OutPointSubscribe,
    OutPointUnsubscribe,
    Header,
    ProvenHeader,
    Headers,
    ProvenHeaders,
    HeadersSubscribe,
    TransactionGet,
    TransactionGetVerbose,
    TransactionMerkle,
    TransactionIdAt,
    ProvenTransactionIdAt,
    Broadcast,
    BroadcastPackage,
    BroadcastPackageVerbose,
    TestMempoolAccept,
    EstimateFee,
    RelayFee,
    MempoolInfo,
    FeeHistogram,
    MempoolRecent,
    Ping,
    PaddedPing,
    Banner,
    DonationAddress,
    Features,
    Peers,
    AddPeer,
    AddressBalance in legacy,
    AddressHistory in legacy,
    AddressMempool in legacy,
    AddressUnspent in legacy,
    AddressSubscribe in legacy,
    GetHeader in legacy,
    GetChunk in legacy,
    UtxoGetAddress in legacy,
    NumblocksSubscribe in legacy,
}
