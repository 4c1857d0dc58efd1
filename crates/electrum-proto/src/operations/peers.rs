//! Servers that know of each other.

use alloc::boxed::Box;
use serde_json::value::RawValue;

use super::methods::{ADD_PEER, PEERS};
use crate::json::{DecodeError, Params, RawJson, Reader, read};
use crate::request::{Effect, Method, Request};
use crate::types::{PartialList, Peer};
use crate::version::ProtocolVersion;

/// Asks which other servers the server knows.
///
/// - Result: a [`PartialList`] of [`Peer`], without those that cannot be read. In spite of the method's name nothing is subscribed.
/// - Versions: all.
/// - Errors: none of its own.
/// - Protocol documentation: `server.peers.subscribe`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peers;

/// Tells the server of another one. This is for servers.
///
/// - Parameters: what the other server answers to `server.features`.
/// - Result: whether it was taken.
/// - Versions: from 1.1.
/// - Errors: features that are none (code 1 or -32602); some servers do not know the method.
/// - Protocol documentation: `server.add_peer`.
#[derive(Clone, Debug)]
pub struct AddPeer {
    /// What the other server answers to `server.features`.
    pub features: Box<RawValue>,
}

/// Servers know of some hundred others.
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
    const NAME: &'static str = "adding of peers";
    const METHODS: &'static [Method] = &[ADD_PEER];
    type Response = bool;

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.json(&self.features);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<bool, DecodeError> {
        read(result, Reader::bool)
    }

    fn effect(&self) -> Effect {
        Effect::Changes
    }
}
