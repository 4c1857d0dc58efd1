//! Operations about the server itself: ping, banner, donation address, features.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::methods::{BANNER, DONATION_ADDRESS, FEATURES, PING};
use crate::json::{DecodeError, Params, RawJson, Read, Reader, read, required};
use crate::request::{Method, Request};
use crate::types::ServerFeatures;
use crate::version::ProtocolVersion;

/// Pings the server.
///
/// - Result: nothing.
/// - Versions: all, as `server.ping` from 1.2. On 1.1, which has no ping, the donation address is asked for instead
///   and thrown away.
/// - Errors: none of its own.
/// - Protocol documentation: `server.ping`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Ping;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = Ping;
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"server.ping","params":[]}"#);
/// request.decode(ProtocolVersion::V1_4, RawJson::NULL)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "server.ping")]
#[doc(alias = "ping")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ping;

/// Pings the server with padding in either direction, against observers of an encrypted connection.
///
/// - Parameters: how many bytes of padding to send back; the padding to send.
/// - Result: nothing. Padding of another length than asked for is refused.
/// - Versions: from 1.7.
/// - Errors: a length that the server finds too great (code 1).
/// - Protocol documentation: `server.ping`, with `pong_len` and `data`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::PaddedPing;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = PaddedPing { pong_len: 4, data: vec![0; 3] };
/// assert_eq!(request.to_json(ProtocolVersion::V1_7)?, r#"{"method":"server.ping","params":[4,"000000"]}"#);
/// request.decode(ProtocolVersion::V1_7, RawJson::new(r#"{"data":"0000"}"#))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "server.ping")]
#[doc(alias = "pong_len")]
#[doc(alias = "ping")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaddedPing {
    /// How many characters the answer's padding is to have.
    pub pong_len: u32,
    /// The padding to send, which takes two characters for each byte.
    pub data: Vec<u8>,
}

/// Asks for the server's banner.
///
/// - Result: the text, as the server's operator wrote it; empty if there is none (`null` on the wire).
/// - Versions: all.
/// - Errors: none of its own.
/// - Protocol documentation: `server.banner`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Banner;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = Banner;
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"server.banner","params":[]}"#);
/// let banner = request.decode(ProtocolVersion::V1_4, RawJson::new(r#""Welcome!""#))?;
/// assert_eq!(banner, "Welcome!");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "server.banner")]
#[doc(alias = "banner")]
#[doc(alias = "server_banner")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Banner;

/// Asks for an address to which donations for the server can be sent.
///
/// - Result: the text, which is not checked to be an address; nothing if there is none.
/// - Versions: all.
/// - Errors: none of its own.
/// - Protocol documentation: `server.donation_address`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::DonationAddress;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = DonationAddress;
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"server.donation_address","params":[]}"#);
/// let address = request.decode(ProtocolVersion::V1_4, RawJson::new(r#""""#))?;
/// assert_eq!(address, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "server.donation_address")]
#[doc(alias = "donation_address")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DonationAddress;

/// Asks for the server's features: software, versions, ports and chain.
///
/// - Result: [`ServerFeatures`].
/// - Versions: from 1.1.
/// - Errors: some servers do not know it.
/// - Protocol documentation: `server.features`.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Features;
/// use electrum_proto::types::Network;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let request = Features;
/// assert_eq!(request.to_json(ProtocolVersion::V1_4)?, r#"{"method":"server.features","params":[]}"#);
/// let result = RawJson::new(
///     r#"{"genesis_hash":"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
///     "hosts":{"example.org":{"ssl_port":50002}},"protocol_max":"1.6","protocol_min":"1.4",
///     "pruning":null,"server_version":"Fulcrum 2.1.1"}"#,
/// );
/// let features = request.decode(ProtocolVersion::V1_4, result)?;
/// assert_eq!(Network::of_genesis(features.genesis_hash), Some(Network::Bitcoin));
/// assert_eq!(features.hosts[0].ssl_port, Some(50002));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "server.features")]
#[doc(alias = "features")]
#[doc(alias = "server_features")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features;

impl Request for Ping {
    const NAME: &'static str = "ping";
    const METHODS: &'static [Method] = &[PING, DONATION_ADDRESS];
    type Response = ();

    fn decode(&self, version: ProtocolVersion, result: RawJson<'_>) -> Result<(), DecodeError> {
        read(result, |reader| match () {
            () if !PING.is_in(version) => reader.skip().map(drop),
            () if reader.null()? => Ok(()),
            () => read_pong(reader).map(drop),
        })
    }
}

impl Request for PaddedPing {
    const NAME: &'static str = "ping with padding";
    const METHODS: &'static [Method] = &[PING.not_before(ProtocolVersion::V1_7)];
    type Response = ();

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.integer(self.pong_len).hex(&self.data);
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<(), DecodeError> {
        let found = read(result, read_pong)?;
        if found != self.pong_len as usize {
            let what = alloc::format!("{found} characters, and {} were asked for", self.pong_len);
            return Err(DecodeError::new("data", what));
        }
        Ok(())
    }
}

impl Request for Banner {
    const NAME: &'static str = "banner";
    const METHODS: &'static [Method] = &[BANNER];
    type Response = String;

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<String, DecodeError> {
        read(result, |reader| if reader.null()? { Ok(String::new()) } else { reader.string().map(Cow::into_owned) })
    }
}

impl Request for DonationAddress {
    const NAME: &'static str = "donation address";
    const METHODS: &'static [Method] = &[DONATION_ADDRESS];
    type Response = Option<String>;

    /// None is an empty text with ElectrumX, and `null` with the servers called electrs.
    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<Self::Response, DecodeError> {
        let address = read(result, |reader| if reader.null()? { Ok(Cow::Borrowed("")) } else { reader.string() })?;
        Ok(if address.is_empty() { None } else { Some(address.into_owned()) })
    }
}

impl Request for Features {
    const NAME: &'static str = "features";
    const METHODS: &'static [Method] = &[FEATURES];
    type Response = ServerFeatures;

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<ServerFeatures, DecodeError> {
        read(result, ServerFeatures::read)
    }
}

/// The answer to a ping of 1.7: how many characters of padding it has.
fn read_pong(reader: &mut Reader<'_>) -> Read<usize> {
    let mut length = None;
    reader.object(|reader, key| {
        match key {
            b"data" => length = Some(reader.string()?.len()),
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    required(length, "data")
}
