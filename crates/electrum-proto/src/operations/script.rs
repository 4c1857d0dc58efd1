//! Operations on a script: balance, history, mempool, unspent outputs.
//!
//! Each of these takes a [`ScriptRef`]: up to protocol 1.6 the scripthash is sent, from 1.7 on the script itself.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::checks::{check_history, check_mempool, check_unspent};
use super::methods::{
    SCRIPT_BALANCE, SCRIPT_HISTORY, SCRIPT_MEMPOOL, SCRIPT_UNSPENT, SCRIPTHASH_BALANCE, SCRIPTHASH_HISTORY,
    SCRIPTHASH_MEMPOOL, SCRIPTHASH_UNSPENT,
};
use crate::json::{DecodeError, Params, RawJson, Read, Reader, read, required};
use crate::request::{Method, NotInVersion, Request};
use crate::types::{HistoryEntry, Script, ScriptBalance, ScriptRef, UnspentOutput, read_entries};
use crate::version::ProtocolVersion;

/// Defines an operation on one script.
macro_rules! script_operation {
    (
        $(#[$doc:meta])* $name:ident, $what:literal, $by_script:ident, $by_hash:ident -> $response:ty,
        |$version:pat_param, $result:ident| $decode:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            /// The script.
            pub script: ScriptRef,
        }

        impl $name {
            /// Makes the request for `script`, which is a [`Script`](crate::types::Script), a
            /// [`ScriptHash`](crate::types::ScriptHash), or, with the feature `bitcoin`, a script of the crate `bitcoin`.
            #[must_use]
            pub fn new(script: impl Into<ScriptRef>) -> Self {
                Self { script: script.into() }
            }
        }

        impl Request for $name {
            const NAME: &'static str = $what;
            const METHODS: &'static [Method] = &[$by_script, $by_hash];
            type Response = $response;

            fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
                method_for_script::<Self>(self.script.script().is_some(), version)
            }

            fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
                match &self.script {
                    ScriptRef::Script(script) => param_for_script(script, version, params),
                    ScriptRef::Hash(hash) => {
                        params.hex(hash.as_display_bytes());
                    }
                }
            }

            fn decode(&self, $version: ProtocolVersion, $result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
                $decode
            }
        }
    };
}
pub(super) use script_operation;

script_operation! {
    /// Asks for the balance of a script.
    ///
    /// - Parameters: the script.
    /// - Result: [`ScriptBalance`], in satoshi. Amounts beyond the supply are refused: a server was seen to wrap below zero.
    /// - Versions: all, as `blockchain.scripthash.get_balance` up to 1.6, as `blockchain.scriptpubkey.get_balance` from 1.7.
    /// - Errors: servers refuse scripts whose history is too long for them (code 1 or 10001).
    /// - Protocol documentation: `blockchain.scripthash.get_balance`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::Balance;
    /// use electrum_proto::types::Script;
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let script = Script::from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac")?;
    /// let request = Balance::new(script);
    /// assert_eq!(
    ///     request.to_json(ProtocolVersion::V1_6)?,
    ///     r#"{"method":"blockchain.scripthash.get_balance","params":["8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161"]}"#
    /// );
    /// let result = RawJson::new(r#"{"confirmed":5399000,"unconfirmed":-1000}"#);
    /// let balance = request.decode(ProtocolVersion::V1_6, result)?;
    /// assert_eq!((balance.confirmed.to_sat(), balance.unconfirmed.to_sat()), (5_399_000, -1000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.scripthash.get_balance")]
    #[doc(alias = "blockchain.scriptpubkey.get_balance")]
    #[doc(alias = "get_balance")]
    #[doc(alias = "script_get_balance")]
    Balance, "balance", SCRIPT_BALANCE, SCRIPTHASH_BALANCE -> ScriptBalance,
    |_, result| read(result, ScriptBalance::read)
}

script_operation! {
    /// Asks for the history of a script: its confirmed transactions in the order of the chain, then those in the mempool.
    ///
    /// - Parameters: the script.
    /// - Result: a list of [`HistoryEntry`]. Heights that fall, confirmed transactions after unconfirmed ones and a
    ///   transaction that comes twice are refused. One that is listed as confirmed and as unconfirmed, as servers do for a
    ///   moment after a block, counts as confirmed, and the two coinbases that the main chain has twice are legal. The order
    ///   inside a block and inside the mempool is the server's own.
    /// - Versions: all, as `blockchain.scripthash.get_history` up to 1.6, as `blockchain.scriptpubkey.get_history` from 1.7.
    /// - Errors: servers refuse histories that are too long for them (code 1 or 10001).
    /// - Protocol documentation: `blockchain.scripthash.get_history`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::History;
    /// use electrum_proto::types::{Script, TxHeight};
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let script = Script::from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac")?;
    /// let request = History::new(script);
    /// assert_eq!(
    ///     request.to_json(ProtocolVersion::V1_6)?,
    ///     r#"{"method":"blockchain.scripthash.get_history","params":["8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161"]}"#
    /// );
    /// let result = RawJson::new(r#"[{"height":153,"tx_hash":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"}]"#);
    /// let history = request.decode(ProtocolVersion::V1_6, result)?;
    /// assert_eq!((history.len(), history[0].height), (1, TxHeight::Confirmed(153)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.scripthash.get_history")]
    #[doc(alias = "blockchain.scriptpubkey.get_history")]
    #[doc(alias = "get_history")]
    #[doc(alias = "script_get_history")]
    History, "history", SCRIPT_HISTORY, SCRIPTHASH_HISTORY -> Vec<HistoryEntry>,
    |version, result| {
        check_history(read(result, |reader| read_list(reader, version, "history", HistoryEntry::read))?)
    }
}

script_operation! {
    /// Asks for the transactions of a script that are in the mempool.
    ///
    /// - Parameters: the script.
    /// - Result: a list of [`HistoryEntry`], all unconfirmed, each with its fee in satoshi.
    /// - Versions: all, as `blockchain.scripthash.get_mempool` up to 1.6, as `blockchain.scriptpubkey.get_mempool` from 1.7.
    /// - Errors: some servers do not know the method.
    /// - Protocol documentation: `blockchain.scripthash.get_mempool`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::Mempool;
    /// use electrum_proto::types::{Amount, Script};
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let script = Script::from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac")?;
    /// let request = Mempool::new(script);
    /// assert_eq!(
    ///     request.to_json(ProtocolVersion::V1_6)?,
    ///     r#"{"method":"blockchain.scripthash.get_mempool","params":["8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161"]}"#
    /// );
    /// let result = RawJson::new(r#"[{"fee":3000,"height":0,"tx_hash":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"}]"#);
    /// let mempool = request.decode(ProtocolVersion::V1_6, result)?;
    /// assert_eq!((mempool.len(), mempool[0].fee), (1, Amount::from_sat(3000)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.scripthash.get_mempool")]
    #[doc(alias = "blockchain.scriptpubkey.get_mempool")]
    #[doc(alias = "get_mempool")]
    #[doc(alias = "script_get_mempool")]
    Mempool, "list of mempool transactions", SCRIPT_MEMPOOL, SCRIPTHASH_MEMPOOL -> Vec<HistoryEntry>,
    |version, result| {
        check_mempool(read(result, |reader| read_list(reader, version, "history", HistoryEntry::read))?)
    }
}

script_operation! {
    /// Asks for the unspent outputs of a script.
    ///
    /// - Parameters: the script.
    /// - Result: a list of [`UnspentOutput`] in no order that can be relied on. An output that comes twice is refused,
    ///   unless one of them is unconfirmed: then the confirmed one counts.
    /// - Versions: all, as `blockchain.scripthash.listunspent` up to 1.6, as `blockchain.scriptpubkey.listunspent` from 1.7.
    /// - Errors: servers refuse scripts whose history is too long for them (code 1 or 10001).
    /// - Protocol documentation: `blockchain.scripthash.listunspent`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::Unspent;
    /// use electrum_proto::types::{Amount, Script};
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let script = Script::from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac")?;
    /// let request = Unspent::new(script);
    /// assert_eq!(
    ///     request.to_json(ProtocolVersion::V1_6)?,
    ///     r#"{"method":"blockchain.scripthash.listunspent","params":["8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161"]}"#
    /// );
    /// let result = RawJson::new(r#"[{"height":153,"tx_hash":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b","tx_pos":0,"value":3000000}]"#);
    /// let unspent = request.decode(ProtocolVersion::V1_6, result)?;
    /// assert_eq!((unspent.len(), unspent[0].value), (1, Amount::from_sat(3_000_000).unwrap_or_default()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.scripthash.listunspent")]
    #[doc(alias = "blockchain.scriptpubkey.listunspent")]
    #[doc(alias = "listunspent")]
    #[doc(alias = "script_list_unspent")]
    Unspent, "list of unspent outputs", SCRIPT_UNSPENT, SCRIPTHASH_UNSPENT -> Vec<UnspentOutput>,
    |version, result| {
        check_unspent(read(result, |reader| read_list(reader, version, "utxos", UnspentOutput::read))?)
    }
}

/// Returns the method of operation `R` for a script, or for one of which only the hash is known: from 1.7 on servers need
/// the script itself.
pub(crate) fn method_for_script<R: Request>(
    is_known: bool,
    version: ProtocolVersion,
) -> Result<Cow<'static, str>, NotInVersion> {
    if version >= ProtocolVersion::V1_7 && !is_known {
        let serving: Vec<Method> = R::METHODS.iter().filter(|method| method.until.is_some()).copied().collect();
        let mut refused = NotInVersion::new(R::NAME, version, &serving);
        refused.operation += " by a scripthash alone";
        refused.available += "; from 1.7 on servers want the script itself";
        return Err(refused);
    }
    Method::of_version(R::NAME, R::METHODS, version)
}

/// The parameter that names a script that is known.
pub(crate) fn param_for_script(script: &Script, version: ProtocolVersion, params: &mut Params<'_>) {
    if version >= ProtocolVersion::V1_7 {
        params.hex(script.as_bytes());
    } else {
        params.hex(script.scripthash().as_display_bytes());
    }
}

/// Reads a list, which from 1.7 on is a member `key` of an object.
fn read_list<'a, T>(
    reader: &mut Reader<'a>,
    version: ProtocolVersion,
    key: &str,
    entry: impl FnMut(&mut Reader<'a>) -> Read<T>,
) -> Read<Vec<T>> {
    if version < ProtocolVersion::V1_7 {
        return read_entries(reader, entry).map_err(|error| error.within(key));
    }
    let (mut list, mut entry) = (None, entry);
    reader.object(|reader, found| {
        if found == key.as_bytes() {
            list = Some(read_entries(reader, &mut entry)?);
        } else {
            reader.skip()?;
        }
        Ok(())
    })?;
    required(list, key)
}
