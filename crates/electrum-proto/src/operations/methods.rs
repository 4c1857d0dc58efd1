//! Every method of the protocol, with the versions that have it.

use crate::request::{Effect, Method};
use crate::version::ProtocolVersion as V;

macro_rules! methods {
    ($($constant:ident = $name:literal from $since:ident $(until $until:ident)? $(, $changes:ident)?;)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub(crate) const $constant: Method = methods!(@method $name, $since $($until)? $(, $changes)?);
        )*

        /// Every method of the protocol, with the versions that have it.
        ///
        /// The operations are made from the same values; [`OPERATIONS`](super::OPERATIONS) lists those.
        pub const METHODS: &[Method] = &[$($constant),*];
    };
    (@method $name:literal, $since:ident, changes) => { Method::since($name, V::$since) };
    (@method $name:literal, $since:ident) => { Method::since($name, V::$since).reading() };
    (@method $name:literal, $since:ident $until:ident) => { Method::between($name, V::$since, V::$until).reading() };
}

/// Methods that Fulcrum adds, and that only read.
const READING_OF_FULCRUM: [&str; 9] = [
    "blockchain.headers.get_tip",
    "blockchain.header.get",
    "blockchain.scripthash.get_first_use",
    "blockchain.scripthash.get_status",
    "blockchain.transaction.get_height",
    "blockchain.transaction.get_confirmed_blockhash",
    "blockchain.transaction.subscribe",
    "blockchain.transaction.unsubscribe",
    "blockchain.utxo.get_info",
];

/// Returns whether the method of this name only reads. An unknown one counts as one that changes something.
pub(super) fn effect_of(method: &str) -> Effect {
    match METHODS.iter().find(|known| known.name == method) {
        Some(known) => known.effect,
        None if READING_OF_FULCRUM.contains(&method) => Effect::Reads,
        None => Effect::Changes,
    }
}

methods! {
    VERSION = "server.version" from V1_0;
    BANNER = "server.banner" from V1_0;
    DONATION_ADDRESS = "server.donation_address" from V1_0;
    FEATURES = "server.features" from V1_1;
    ADD_PEER = "server.add_peer" from V1_1, changes;
    PEERS = "server.peers.subscribe" from V1_0;
    PING = "server.ping" from V1_2;
    HEADERS_SUBSCRIBE = "blockchain.headers.subscribe" from V1_0;
    BLOCK_HEADER = "blockchain.block.header" from V1_3;
    BLOCK_HEADERS = "blockchain.block.headers" from V1_2;
    BLOCK_GET_HEADER = "blockchain.block.get_header" from V1_0 until V1_4;
    BLOCK_GET_CHUNK = "blockchain.block.get_chunk" from V1_0 until V1_4;
    ESTIMATE_FEE = "blockchain.estimatefee" from V1_0;
    RELAY_FEE = "blockchain.relayfee" from V1_0 until V1_6;
    MEMPOOL_INFO = "mempool.get_info" from V1_6;
    FEE_HISTOGRAM = "mempool.get_fee_histogram" from V1_2;
    MEMPOOL_RECENT = "mempool.recent" from V1_7;
    SCRIPTHASH_BALANCE = "blockchain.scripthash.get_balance" from V1_1 until V1_7;
    SCRIPTHASH_HISTORY = "blockchain.scripthash.get_history" from V1_1 until V1_7;
    SCRIPTHASH_MEMPOOL = "blockchain.scripthash.get_mempool" from V1_1 until V1_7;
    SCRIPTHASH_UNSPENT = "blockchain.scripthash.listunspent" from V1_1 until V1_7;
    SCRIPTHASH_SUBSCRIBE = "blockchain.scripthash.subscribe" from V1_1 until V1_7;
    SCRIPTHASH_UNSUBSCRIBE = "blockchain.scripthash.unsubscribe" from V1_4_2 until V1_7;
    SCRIPT_BALANCE = "blockchain.scriptpubkey.get_balance" from V1_7;
    SCRIPT_HISTORY = "blockchain.scriptpubkey.get_history" from V1_7;
    SCRIPT_MEMPOOL = "blockchain.scriptpubkey.get_mempool" from V1_7;
    SCRIPT_UNSPENT = "blockchain.scriptpubkey.listunspent" from V1_7;
    SCRIPT_SUBSCRIBE = "blockchain.scriptpubkey.subscribe" from V1_7;
    SCRIPT_UNSUBSCRIBE = "blockchain.scriptpubkey.unsubscribe" from V1_7;
    OUTPOINT_SUBSCRIBE = "blockchain.outpoint.subscribe" from V1_7;
    OUTPOINT_STATUS = "blockchain.outpoint.get_status" from V1_7;
    OUTPOINT_UNSUBSCRIBE = "blockchain.outpoint.unsubscribe" from V1_7;
    TRANSACTION_GET = "blockchain.transaction.get" from V1_0;
    TRANSACTION_MERKLE = "blockchain.transaction.get_merkle" from V1_0;
    TRANSACTION_ID_FROM_POS = "blockchain.transaction.id_from_pos" from V1_4;
    BROADCAST = "blockchain.transaction.broadcast" from V1_0, changes;
    BROADCAST_PACKAGE = "blockchain.transaction.broadcast_package" from V1_6, changes;
    TEST_MEMPOOL_ACCEPT = "blockchain.transaction.testmempoolaccept" from V1_7;
    ADDRESS_BALANCE = "blockchain.address.get_balance" from V1_0 until V1_3;
    ADDRESS_HISTORY = "blockchain.address.get_history" from V1_0 until V1_3;
    ADDRESS_MEMPOOL = "blockchain.address.get_mempool" from V1_0 until V1_3;
    ADDRESS_UNSPENT = "blockchain.address.listunspent" from V1_0 until V1_3;
    ADDRESS_SUBSCRIBE = "blockchain.address.subscribe" from V1_0 until V1_3;
    UTXO_GET_ADDRESS = "blockchain.utxo.get_address" from V1_0 until V1_1;
    NUMBLOCKS_SUBSCRIBE = "blockchain.numblocks.subscribe" from V1_0 until V1_1;
}
