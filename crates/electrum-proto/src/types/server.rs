//! What servers say of themselves and of each other.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{BlockHash, PartialList};
use crate::json::{Read, Reader, required, too_many};

/// What a server says of itself.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Features;
/// use electrum_proto::types::Network;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let result = format!(
///     r#"{{"genesis_hash":"{}","protocol_max":"1.6","protocol_min":"1.4","server_version":"Example 1.0",
///     "hosts":{{"example.org":{{"tcp_port":50001,"ssl_port":50002}}}},"pruning":null,"dsproof":true}}"#,
///     Network::Bitcoin.genesis_hash()
/// );
/// let features = Features.decode(ProtocolVersion::V1_4, RawJson::new(&result))?;
/// assert_eq!(Network::of_genesis(features.genesis_hash), Some(Network::Bitcoin));
/// assert_eq!((&*features.server_version, &*features.protocol_max), ("Example 1.0", "1.6"));
/// // What this server adds of its own.
/// assert_eq!(features.more.get("dsproof").map(String::as_str), Some("true"));
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerFeatures {
    /// The hash of the first block of the chain that it serves.
    pub genesis_hash: BlockHash,
    /// The server software; empty if the server does not say.
    pub server_version: String,
    /// The earliest protocol that it speaks, as it says it; empty if it does not.
    pub protocol_min: String,
    /// The latest protocol that it speaks, as it says it; empty if it does not.
    pub protocol_max: String,
    /// How many blocks it keeps if it prunes.
    pub pruning: Option<u64>,
    /// The function that makes scripthashes, `sha256`; from 1.7 on servers do not send it.
    pub hash_function: Option<String>,
    /// Where it can be reached.
    pub hosts: PartialList<ServerHost>,
    /// All other members as JSON text by key: servers add keys of their own.
    pub more: BTreeMap<String, String>,
}

/// An address at which a server can be reached.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Features;
/// use electrum_proto::types::Network;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let result = format!(
///     r#"{{"genesis_hash":"{}","protocol_max":"1.6","protocol_min":"1.4","server_version":"Example 1.0",
///     "hosts":{{"example.org":{{"tcp_port":50001,"ssl_port":50002}}}},"pruning":null}}"#,
///     Network::Bitcoin.genesis_hash()
/// );
/// let features = Features.decode(ProtocolVersion::V1_4, RawJson::new(&result))?;
/// // The addresses for TLS.
/// let tls: Vec<_> = features.hosts.iter().filter_map(|at| Some((&*at.host, at.ssl_port?))).collect();
/// assert_eq!(tls, [("example.org", 50002)]);
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerHost {
    /// The name or address; empty where a server says only ports, which then are those of the host that answered.
    pub host: String,
    /// The port for plain connections.
    pub tcp_port: Option<u16>,
    /// The port for TLS connections.
    pub ssl_port: Option<u16>,
    /// The port for WebSocket connections.
    pub ws_port: Option<u16>,
    /// The port for WebSocket connections over TLS.
    pub wss_port: Option<u16>,
}

/// Another server that a server knows of.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Peers;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let result = RawJson::new(r#"[["10.0.0.1","example.org",["v1.4.2","p10000","t","s50012"]]]"#);
/// let peers = Peers.decode(ProtocolVersion::V1_4, result)?;
/// let peer = &peers[0];
/// assert_eq!((&*peer.host, peer.ssl_port()), ("example.org", Some(50012)));
/// // `t` alone stands for the usual port.
/// assert_eq!((peer.tcp_port(), peer.version(), peer.pruning()), (Some(50001), Some("1.4.2"), Some(10_000)));
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its IP address, or its onion name.
    pub address: String,
    /// Its name, which may be the address again.
    pub host: String,
    /// What it announces, as it was sent: `v1.4`, `p10000`, `t50001`, `s50002`.
    pub features: Vec<String>,
}

/// The usual port for plain connections, which `t` alone stands for.
const TCP_PORT: u16 = 50001;
/// The usual port for TLS connections, which `s` alone stands for.
const SSL_PORT: u16 = 50002;

/// The most addresses, and the most other members, that are read; a server has a few of each.
const MOST: usize = 1_000;
/// A server announces its version and its ports of another one.
const MOST_OF_A_PEER: usize = 32;

impl Peer {
    /// The latest protocol that it speaks, as it was announced.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.feature('v')
    }

    /// How many blocks it keeps if it prunes.
    #[must_use]
    pub fn pruning(&self) -> Option<u64> {
        self.feature('p')?.parse().ok()
    }

    /// Its port for plain connections, if it takes them.
    #[must_use]
    pub fn tcp_port(&self) -> Option<u16> {
        self.port('t', TCP_PORT)
    }

    /// Its port for TLS connections, if it takes them.
    #[must_use]
    pub fn ssl_port(&self) -> Option<u16> {
        self.port('s', SSL_PORT)
    }

    fn feature(&self, letter: char) -> Option<&str> {
        self.features.iter().find_map(|feature| feature.strip_prefix(letter))
    }

    fn port(&self, letter: char, usual: u16) -> Option<u16> {
        match self.feature(letter)? {
            "" => Some(usual),
            port => port.parse().ok(),
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let (mut address, mut host, mut features) = (None, None, Vec::new());
        reader.array(|reader, index| {
            match index {
                0 => address = Some(reader.string()?.into_owned()),
                1 => host = Some(reader.string()?.into_owned()),
                2 => reader.short_array(MOST_OF_A_PEER, |reader| {
                    features.push(reader.string()?.into_owned());
                    Ok(())
                })?,
                _ => drop(reader.skip()?),
            }
            Ok(())
        })?;
        Ok(Self { address: required(address, "[0]")?, host: required(host, "[1]")?, features })
    }
}

impl ServerFeatures {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let (mut server_version, mut protocol_min, mut protocol_max) = (String::new(), String::new(), String::new());
        let (mut genesis_hash, mut pruning, mut hash_function) = (None, None, None);
        let (mut hosts, mut more) = (PartialList::default(), BTreeMap::new());
        reader.object(|reader, key| {
            match key {
                b"genesis_hash" => genesis_hash = Some(BlockHash::from_display_bytes(reader.hash()?)),
                b"server_version" => server_version = read_text(reader)?,
                b"protocol_min" => protocol_min = read_text(reader)?,
                b"protocol_max" => protocol_max = read_text(reader)?,
                b"hash_function" => hash_function = Some(read_text(reader)?).filter(|name| !name.is_empty()),
                b"pruning" => pruning = reader.lenient(Reader::u32)?.map(u64::from),
                b"hosts" => hosts = read_hosts(reader)?,
                _ if more.len() >= MOST => return Err(too_many(MOST)),
                key => {
                    let text = String::from_utf8_lossy(reader.skip()?).into_owned();
                    more.insert(String::from_utf8_lossy(key).into_owned(), text);
                }
            }
            Ok(())
        })?;
        Ok(Self {
            genesis_hash: required(genesis_hash, "genesis_hash")?,
            server_version,
            protocol_min,
            protocol_max,
            pruning,
            hash_function,
            hosts,
            more,
        })
    }
}

/// Reads a string, or a number as its text. Anything else counts as empty, since nothing depends on it.
fn read_text(reader: &mut Reader<'_>) -> Read<String> {
    let text = match reader.peek()? {
        b'"' => reader.lenient(|reader| reader.string().map(Cow::into_owned))?,
        b'-' | b'0'..=b'9' => Some(String::from_utf8_lossy(reader.number()?).into_owned()),
        _ => reader.skip().map(|_| None)?,
    };
    Ok(text.unwrap_or_default())
}

/// Reads the addresses by name, or the ports alone as electrs up to 0.10 has them. What is of neither form is dropped:
/// nothing but the way to other servers depends on it.
fn read_hosts(reader: &mut Reader<'_>) -> Read<PartialList<ServerHost>> {
    let mut hosts = PartialList::default();
    if reader.peek()? != b'{' {
        reader.skip()?;
        return Ok(hosts);
    }
    let mut nameless = ServerHost::default();
    reader.object(|reader, name| {
        if hosts.len() + hosts.dropped >= MOST {
            return Err(too_many(MOST));
        }
        if reader.peek()? != b'{' && nameless.port(name).is_some() {
            return nameless.read_port(reader, name);
        }
        let mut host = ServerHost { host: String::from_utf8_lossy(name).into_owned(), ..ServerHost::default() };
        hosts.add(reader.lenient(|reader| {
            reader.object(|reader, key| host.read_port(reader, key))?;
            Ok(host)
        })?);
        Ok(())
    })?;
    if nameless != ServerHost::default() {
        hosts.items.push(nameless);
    }
    Ok(hosts)
}

impl ServerHost {
    /// Reads a port. A value that is not a port counts as none.
    fn read_port(&mut self, reader: &mut Reader<'_>, key: &[u8]) -> Read<()> {
        let value = core::str::from_utf8(reader.skip()?).ok().and_then(|text| text.parse().ok());
        if let Some(port) = self.port(key) {
            *port = value;
        }
        Ok(())
    }

    fn port(&mut self, key: &[u8]) -> Option<&mut Option<u16>> {
        match key {
            b"tcp_port" => Some(&mut self.tcp_port),
            b"ssl_port" => Some(&mut self.ssl_port),
            b"ws_port" => Some(&mut self.ws_port),
            b"wss_port" => Some(&mut self.wss_port),
            _ => None,
        }
    }
}

serialize_fields! {
    ServerHost { host, tcp_port, ssl_port, ws_port, wss_port }
    Peer { address, host, features }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{RawJson, read};

    #[test]
    fn peers_with_and_without_ports() {
        let json = r#"["10.0.0.1", "example.org", ["v1.4.2", "p10000", "t", "s51002"]]"#;
        let peer = read(RawJson::new(json), Peer::read).unwrap();
        assert_eq!((peer.address.as_str(), peer.host.as_str()), ("10.0.0.1", "example.org"));
        assert_eq!((peer.version(), peer.pruning()), (Some("1.4.2"), Some(10_000)));
        assert_eq!((peer.tcp_port(), peer.ssl_port()), (Some(50001), Some(51002)));

        let bare = read(RawJson::new(r#"["10.0.0.1", "10.0.0.1", []]"#), Peer::read).unwrap();
        assert_eq!((bare.version(), bare.tcp_port(), bare.ssl_port()), (None, None, None));
        let error = read(RawJson::new(r#"["10.0.0.1"]"#), Peer::read).unwrap_err();
        assert_eq!(error.place(), "[1]");
    }

    const GENESIS: &str = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";

    fn features(rest: &str) -> ServerFeatures {
        let json = alloc::format!(r#"{{"genesis_hash":"{GENESIS}","dsproof":{{"a":[1.5]}}{rest}}}"#);
        read(RawJson::new(&json), ServerFeatures::read).unwrap()
    }

    #[test]
    fn hosts_in_odd_forms_do_not_spoil_the_rest() {
        for (hosts, ports, dropped) in [
            (r#"{"a": {"tcp_port": 1, "ssl_port": null}}"#, &[("a", Some(1), None)][..], 0),
            (r#"{"a": {"tcp_port": 70000, "ssl_port": 2, "x": []}}"#, &[("a", None, Some(2))], 0),
            (r#"{"a": 5, "b": {"tcp_port": 1}, "c": null}"#, &[("b", Some(1), None)], 2),
            // electrs up to 0.10.
            (r#"{"tcp_port": 60403}"#, &[("", Some(60403), None)], 0),
            (r#"{"tcp_port": 1, "ssl_port": 2}"#, &[("", Some(1), Some(2))], 0),
            (r#"{"tcp_port": null}"#, &[], 0),
            (r#"{"tcp_port": {"tcp_port": 1}}"#, &[("tcp_port", Some(1), None)], 0),
            ("[]", &[], 0),
            ("null", &[], 0),
        ] {
            let features = features(&alloc::format!(r#","hosts":{hosts}"#));
            let found: Vec<_> =
                features.hosts.iter().map(|host| (host.host.as_str(), host.tcp_port, host.ssl_port)).collect();
            assert_eq!((found.as_slice(), features.hosts.dropped), (ports, dropped), "{hosts}");
            assert_eq!(features.more["dsproof"], r#"{"a":[1.5]}"#);
        }
    }

    #[test]
    fn what_nothing_depends_on_may_be_missing_or_odd() {
        let bare = features("");
        assert_eq!(
            (&*bare.server_version, &*bare.protocol_min, bare.pruning, bare.hash_function),
            ("", "", None, None)
        );
        let odd = features(
            r#","protocol_min":1.4,"protocol_max":null,"server_version":["x"],"pruning":"-","hash_function":null"#,
        );
        assert_eq!((&*odd.protocol_min, &*odd.protocol_max, &*odd.server_version), ("1.4", "", ""));
        assert_eq!((odd.pruning, odd.hash_function), (None, None));
        let good = features(r#","protocol_min":"1.4","pruning":550,"hash_function":"sha256""#);
        assert_eq!(
            (&*good.protocol_min, good.pruning, good.hash_function.as_deref()),
            ("1.4", Some(550), Some("sha256"))
        );
        let json = RawJson::new(r#"{"genesis_hash":"00"}"#);
        assert_eq!(read(json, ServerFeatures::read).unwrap_err().place(), "genesis_hash");
    }
}
