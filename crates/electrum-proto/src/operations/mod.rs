//! The operations of the protocol, one type each. What goes over the wire follows from the negotiated version.
//!
//! | to know | operations |
//! |---|---|
//! | a script | [`Balance`], [`History`], [`Mempool`], [`Unspent`], [`ScriptSubscribe`], [`ScriptUnsubscribe`] |
//! | an output | [`OutPointGetStatus`], [`OutPointSubscribe`], [`OutPointUnsubscribe`] |
//! | blocks | [`Header`], [`ProvenHeader`], [`Headers`], [`ProvenHeaders`], [`HeadersSubscribe`] |
//! | transactions | [`TransactionGet`], [`TransactionGetVerbose`], [`TransactionMerkle`], [`TransactionIdAt`], [`ProvenTransactionIdAt`] |
//! | broadcasting | [`Broadcast`], [`BroadcastPackage`], [`BroadcastPackageVerbose`], [`TestMempoolAccept`] |
//! | fees, mempool | [`EstimateFee`], [`RelayFee`], [`MempoolInfo`], [`FeeHistogram`], [`MempoolRecent`] |
//! | the server | [`Ping`], [`PaddedPing`], [`Banner`], [`DonationAddress`], [`Features`], [`Peers`], [`AddPeer`] |
//! | old servers | [`legacy`] |
//! | anything else | [`Raw`] |
//!
//! `docs/operations.md` shows which method serves each of them on each version; it is made from [`OPERATIONS`].

mod address;
mod broadcast;
mod checks;
mod fees;
mod header;
pub mod legacy;
mod mempool;
mod methods;
mod outpoint;
mod package;
mod peers;
mod raw;
mod script;
mod server;
mod subscribe;
mod table;
mod transaction;

pub use broadcast::{Accepted, Broadcast, BroadcastOutcome};
pub use fees::{EstimateFee, EstimateMode, FeeHistogram, HistogramBin, MempoolFees, MempoolInfo, RelayFee};
pub use header::{Header, Headers, ProvenHeader, ProvenHeaders};
pub use mempool::{MempoolRecent, RecentTransaction};
pub use methods::METHODS;
pub use outpoint::OutPointGetStatus;
pub(crate) use outpoint::outpoint_params;
pub use package::{
    Acceptance, BroadcastPackage, BroadcastPackageVerbose, PackageError, PackageResult, TestMempoolAccept,
};
pub use peers::{AddPeer, Peers};
pub use raw::{Raw, RawParams};
pub use script::{Balance, History, Mempool, Unspent};
pub(crate) use script::{method_for_script, param_for_script};
pub use server::{Banner, DonationAddress, Features, PaddedPing, Ping};
pub(crate) use subscribe::read_status;
pub use subscribe::{HeadersSubscribe, OutPointSubscribe, OutPointUnsubscribe, ScriptSubscribe, ScriptUnsubscribe};
pub use table::{OPERATIONS, Operation};
pub use transaction::{
    ProvenTransactionIdAt, TransactionGet, TransactionGetVerbose, TransactionIdAt, TransactionMerkle,
};
