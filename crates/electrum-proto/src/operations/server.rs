//! What concerns the server itself: sign of life, banner, features.

use alloc::borrow::Cow;
use alloc::string::String;
use serde::Deserialize;

use crate::json::{DecodeError, Params, RawJson};
use crate::request::{Method, NotInVersion, Request};
use crate::types::BlockHash;
use crate::version::ProtocolVersion;

/// Asks for a sign of life.
///
/// - Result: nothing.
/// - Versions: from 1.2.
/// - Errors: none of its own.
/// - Protocol documentation: `server.ping`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ping;

impl Ping {
    /// The method and its versions.
    pub const METHODS: &'static [Method] = &[Method::since("server.ping", ProtocolVersion::V1_2)];
}

impl Request for Ping {
    type Response = ();

    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        Method::of_version("ping", Self::METHODS, version)
    }

    fn params(&self, _: ProtocolVersion, _: &mut Params<'_>) {}

    fn decode(&self, version: ProtocolVersion, result: RawJson<'_>) -> Result<(), DecodeError> {
        /// From 1.7 on the answer is an object with padding, before that `null`.
        #[derive(Deserialize)]
        struct Pong<'a> {
            #[serde(rename = "data", borrow)]
            _data: Cow<'a, str>,
        }
        if version >= ProtocolVersion::V1_7 {
            return result.decode::<Option<Pong<'_>>>().map(|_| ());
        }
        result.decode::<()>()
    }
}

/// Asks for the server's banner.
///
/// - Result: the text, as the server's operator wrote it.
/// - Versions: all.
/// - Errors: none of its own.
/// - Protocol documentation: `server.banner`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Banner;

impl Banner {
    /// The method and its versions.
    pub const METHODS: &'static [Method] = &[Method::since("server.banner", ProtocolVersion::V1_0)];
}

impl Request for Banner {
    type Response = String;

    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        Method::of_version("banner", Self::METHODS, version)
    }

    fn params(&self, _: ProtocolVersion, _: &mut Params<'_>) {}

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<String, DecodeError> {
        result.decode()
    }
}

/// Asks what the server is and serves.
///
/// - Result: [`ServerFeatures`].
/// - Versions: from 1.1.
/// - Errors: some servers do not know it.
/// - Protocol documentation: `server.features`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features;

impl Features {
    /// The method and its versions.
    pub const METHODS: &'static [Method] = &[Method::since("server.features", ProtocolVersion::V1_1)];
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFeatures {
    /// The hash of the first block of the chain that it serves.
    pub genesis_hash: BlockHash,
    /// The server software.
    pub server_version: String,
    /// The earliest protocol that it speaks, as it says it.
    pub protocol_min: String,
    /// The latest protocol that it speaks, as it says it.
    pub protocol_max: String,
    /// How many blocks it keeps if it prunes.
    pub pruning: Option<u64>,
}

impl Request for Features {
    type Response = ServerFeatures;

    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        Method::of_version("features", Self::METHODS, version)
    }

    fn params(&self, _: ProtocolVersion, _: &mut Params<'_>) {}

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<ServerFeatures, DecodeError> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow)]
            genesis_hash: Cow<'a, str>,
            server_version: String,
            protocol_min: String,
            protocol_max: String,
            #[serde(default)]
            pruning: Option<u64>,
        }
        let wire: Wire<'_> = result.decode()?;
        let genesis_hash = wire.genesis_hash.parse().map_err(|error| DecodeError::new("genesis_hash", error))?;
        Ok(ServerFeatures {
            genesis_hash,
            server_version: wire.server_version,
            protocol_min: wire.protocol_min,
            protocol_max: wire.protocol_max,
            pruning: wire.pruning,
        })
    }
}
