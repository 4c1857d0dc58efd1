//! Operations on addresses, which servers have before 1.3.

use alloc::string::String;
use alloc::vec::Vec;

use super::checks::{check_history, check_mempool, check_unspent};
use super::methods::{ADDRESS_BALANCE, ADDRESS_HISTORY, ADDRESS_MEMPOOL, ADDRESS_SUBSCRIBE, ADDRESS_UNSPENT};
use super::subscribe::read_status;
use crate::json::{DecodeError, Params, RawJson, read};
use crate::request::{Method, Request};
use crate::types::{HistoryEntry, ScriptBalance, ScriptStatus, UnspentOutput, read_entries};
use crate::version::ProtocolVersion;

macro_rules! address_operation {
    (
        $(#[$doc:meta])* $name:ident, $what:literal, $method:ident -> $response:ty,
        |$result:ident| $decode:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            /// The address.
            pub address: String,
        }

        impl Request for $name {
            const NAME: &'static str = $what;
            const METHODS: &'static [Method] = &[$method];
            type Response = $response;

            fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
                params.str(&self.address);
            }

            fn decode(&self, _: ProtocolVersion, $result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
                $decode
            }
        }
    };
}

address_operation! {
    /// Asks for the balance of an address.
    ///
    /// - Parameters: the address, which the server checks.
    /// - Result: [`ScriptBalance`], in satoshi.
    /// - Versions: before 1.3.
    /// - Errors: what is no address (code 1).
    /// - Protocol documentation: `blockchain.address.get_balance`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::legacy::AddressBalance;
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let request = AddressBalance { address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".into() };
    /// assert_eq!(
    ///     request.to_json(ProtocolVersion::V1_2)?,
    ///     r#"{"method":"blockchain.address.get_balance","params":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]}"#
    /// );
    /// let result = RawJson::new(r#"{"confirmed":5000000000,"unconfirmed":0}"#);
    /// let found = request.decode(ProtocolVersion::V1_2, result)?;
    /// assert_eq!(found.confirmed.to_sat(), 5_000_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.address.get_balance")]
    #[doc(alias = "address_get_balance")]
    AddressBalance, "balance of addresses", ADDRESS_BALANCE -> ScriptBalance,
    |result| read(result, ScriptBalance::read)
}

address_operation! {
    /// Asks for the history of an address.
    ///
    /// - Parameters: the address, which the server checks.
    /// - Result: a list of [`HistoryEntry`], checked as for [`History`](super::History).
    /// - Versions: before 1.3.
    /// - Errors: what is no address (code 1).
    /// - Protocol documentation: `blockchain.address.get_history`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::legacy::AddressHistory;
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let request = AddressHistory { address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".into() };
    /// assert_eq!(
    ///     request.to_json(ProtocolVersion::V1_2)?,
    ///     r#"{"method":"blockchain.address.get_history","params":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]}"#
    /// );
    /// let result = RawJson::new(r#"[{"height":153,"tx_hash":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"}]"#);
    /// let found = request.decode(ProtocolVersion::V1_2, result)?;
    /// assert_eq!(found.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.address.get_history")]
    #[doc(alias = "address_get_history")]
    AddressHistory, "history of addresses", ADDRESS_HISTORY -> Vec<HistoryEntry>,
    |result| {
        check_history(read(result, |reader| read_entries(reader, HistoryEntry::read)).map_err(|e| e.within("history"))?)
    }
}

address_operation! {
    /// Asks for the transactions of an address that are in the mempool.
    ///
    /// - Parameters: the address, which the server checks.
    /// - Result: a list of [`HistoryEntry`], all unconfirmed.
    /// - Versions: before 1.3.
    /// - Errors: what is no address (code 1).
    /// - Protocol documentation: `blockchain.address.get_mempool`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::legacy::AddressMempool;
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let request = AddressMempool { address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".into() };
    /// assert_eq!(
    ///     request.to_json(ProtocolVersion::V1_2)?,
    ///     r#"{"method":"blockchain.address.get_mempool","params":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]}"#
    /// );
    /// let result = RawJson::new(r#"[]"#);
    /// let found = request.decode(ProtocolVersion::V1_2, result)?;
    /// assert!(found.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.address.get_mempool")]
    #[doc(alias = "address_get_mempool")]
    AddressMempool, "mempool transactions of addresses", ADDRESS_MEMPOOL -> Vec<HistoryEntry>,
    |result| {
        check_mempool(read(result, |reader| read_entries(reader, HistoryEntry::read)).map_err(|e| e.within("history"))?)
    }
}

address_operation! {
    /// Asks for the unspent outputs of an address.
    ///
    /// - Parameters: the address, which the server checks.
    /// - Result: a list of [`UnspentOutput`].
    /// - Versions: before 1.3.
    /// - Errors: what is no address (code 1).
    /// - Protocol documentation: `blockchain.address.listunspent`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::legacy::AddressUnspent;
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let request = AddressUnspent { address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".into() };
    /// assert_eq!(
    ///     request.to_json(ProtocolVersion::V1_2)?,
    ///     r#"{"method":"blockchain.address.listunspent","params":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]}"#
    /// );
    /// let result = RawJson::new(r#"[]"#);
    /// let found = request.decode(ProtocolVersion::V1_2, result)?;
    /// assert!(found.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.address.listunspent")]
    #[doc(alias = "address_listunspent")]
    AddressUnspent, "unspent outputs of addresses", ADDRESS_UNSPENT -> Vec<UnspentOutput>,
    |result| {
        check_unspent(read(result, |reader| read_entries(reader, UnspentOutput::read)).map_err(|e| e.within("utxos"))?)
    }
}

address_operation! {
    /// Subscribes to the changes of an address's history.
    ///
    /// - Parameters: the address, which the server checks.
    /// - Result: the current [`ScriptStatus`]; `None` if there is no history.
    /// - Versions: before 1.3.
    /// - Errors: what is no address (code 1).
    /// - Protocol documentation: `blockchain.address.subscribe`.
    ///
    /// # Example
    /// ```
    /// use electrum_proto::json::RawJson;
    /// use electrum_proto::operations::legacy::AddressSubscribe;
    /// use electrum_proto::{ProtocolVersion, Request};
    ///
    /// let request = AddressSubscribe { address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".into() };
    /// assert_eq!(
    ///     request.to_json(ProtocolVersion::V1_2)?,
    ///     r#"{"method":"blockchain.address.subscribe","params":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]}"#
    /// );
    /// let result = RawJson::new(r#"null"#);
    /// let found = request.decode(ProtocolVersion::V1_2, result)?;
    /// assert_eq!(found, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.address.subscribe")]
    #[doc(alias = "address_subscribe")]
    AddressSubscribe, "subscription to addresses", ADDRESS_SUBSCRIBE -> Option<ScriptStatus>,
    |result| read(result, read_status)
}
