//! Servers that know of each other.

use alloc::boxed::Box;
use serde_json::value::RawValue;

use super::methods::{ADD_PEER, PEERS};
use crate::json::{DecodeError, Params, RawJson, Reader, read};
use crate::request::{Method, Request};
use crate::types::{PartialList, Peer};
use crate::version::ProtocolVersion;

/// Asks which other servers the server knows.
///
/// - Result: a [`PartialList`] of [`Peer`], without those that cannot be read. In spite of the method's name nothing is subscribed.
/// - Versions: all.
/// - Errors: none of its own.
/// - Protocol documentation: `server.peers.subscribe`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Peers;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = Peers;
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"server.peers.subscribe","params":[]}"#);
/// let result = RawJson::new(r#"[["10.0.0.1","example.org",["v1.4.2","s50002"]]]"#);
/// let peers = request.decode(ProtocolVersion::V1_4, result)?;
/// assert_eq!((&*peers[0].host, peers[0].ssl_port(), peers.dropped), ("example.org", Some(50002), 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "server.peers.subscribe")]
#[doc(alias = "peers_subscribe")]
#[doc(alias = "server_peers_subscribe")]
#[doc(alias = "get_peers")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peers;

/// Announces another server to the server, as servers do among themselves.
///
/// - Parameters: what the other server answers to `server.features`.
/// - Result: whether it was taken.
/// - Versions: from 1.1.
/// - Errors: features that are none (code 1 or -32602); some servers do not know the method.
/// - Protocol documentation: `server.add_peer`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::AddPeer;
/// use electrum_proto::{Effect, ProtocolVersion, Request};
///
/// let features = electrum_proto::serde_json::value::RawValue::from_string(r#"{"hosts":{}}"#.into())?;
/// let request = AddPeer { features };
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"server.add_peer","params":[{"hosts":{}}]}"#);
/// assert!(!request.decode(ProtocolVersion::V1_4, RawJson::new("false"))?);
/// assert_eq!(request.effect(), Effect::Changes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "server.add_peer")]
#[doc(alias = "add_peer")]
#[derive(Clone, Debug)]
pub struct AddPeer {
    /// What the other server answers to `server.features`.
    pub features: Box<RawValue>,
}

/// The most peers that are read; servers know some hundred.
const MOST: usize = 10_000;

impl Request for Peers {
    const NAME: &'static str = "list of peers";
    const METHODS: &'static [Method] = &[PEERS];
    type Response = PartialList<Peer>;

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        read(result, |reader| PartialList::read(reader, MOST, Peer::read))
    }
}

impl Request for AddPeer {
    const NAME: &'static str = "announcement of a peer";
    const METHODS: &'static [Method] = &[ADD_PEER];
    type Response = bool;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.json(&self.features);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<bool, DecodeError> {
        read(result, Reader::bool)
    }
}
