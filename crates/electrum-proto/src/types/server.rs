//! What servers say of themselves and of each other.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

use super::BlockHash;
use crate::json::{Read, Reader, required, too_many};

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
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
    /// The function that makes scripthashes, `sha256`; not said from 1.7 on.
    pub hash_function: Option<String>,
    /// Where it can be reached, as far as it says so in a form that is understood.
    pub hosts: Vec<ServerHost>,
    /// What else it says, as JSON text by key: servers add keys of their own.
    pub more: BTreeMap<String, String>,
}

/// An address at which a server can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerHost {
    /// The name or address.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

/// A server has a few addresses, and a few keys of its own.
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
        let (mut genesis_hash, mut server_version, mut protocol_min, mut protocol_max) = (None, None, None, None);
        let (mut pruning, mut hash_function, mut hosts, mut more) = (None, None, Vec::new(), BTreeMap::new());
        reader.object(|reader, key| {
            match key {
                b"genesis_hash" => genesis_hash = Some(BlockHash::from_display_bytes(reader.hash()?)),
                b"server_version" => server_version = Some(reader.string()?.into_owned()),
                b"protocol_min" => protocol_min = Some(reader.string()?.into_owned()),
                b"protocol_max" => protocol_max = Some(reader.string()?.into_owned()),
                b"hash_function" => hash_function = Some(reader.string()?.into_owned()),
                b"pruning" => pruning = if reader.null()? { None } else { Some(reader.u32()?.into()) },
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
            server_version: required(server_version, "server_version")?,
            protocol_min: required(protocol_min, "protocol_min")?,
            protocol_max: required(protocol_max, "protocol_max")?,
            pruning,
            hash_function,
            hosts,
            more,
        })
    }
}

/// Reads the addresses by name. What is not of that form is passed over: nothing but the way to other servers
/// depends on it, and electrs 0.10 leaves the name out.
fn read_hosts(reader: &mut Reader<'_>) -> Read<Vec<ServerHost>> {
    let mut hosts = Vec::new();
    if reader.peek()? != b'{' {
        reader.skip()?;
        return Ok(hosts);
    }
    reader.object(|reader, name| {
        if reader.peek()? != b'{' {
            return reader.skip().map(drop);
        }
        if hosts.len() >= MOST {
            return Err(too_many(MOST));
        }
        let mut host = ServerHost { host: String::from_utf8_lossy(name).into_owned(), ..ServerHost::default() };
        reader.object(|reader, key| {
            let port = core::str::from_utf8(reader.skip()?).ok().and_then(|text| text.parse().ok());
            match key {
                b"tcp_port" => host.tcp_port = port,
                b"ssl_port" => host.ssl_port = port,
                b"ws_port" => host.ws_port = port,
                b"wss_port" => host.wss_port = port,
                _ => {}
            }
            Ok(())
        })?;
        hosts.push(host);
        Ok(())
    })?;
    Ok(hosts)
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

    #[test]
    fn hosts_in_odd_forms_do_not_spoil_the_rest() {
        let hash = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
        for (hosts, ports) in [
            (r#"{"a": {"tcp_port": 1, "ssl_port": null}}"#, &[(Some(1), None)][..]),
            (r#"{"a": {"tcp_port": 70000, "ssl_port": 2}}"#, &[(None, Some(2))]),
            (r#"{"tcp_port": 60403}"#, &[]),
            ("[]", &[]),
            ("null", &[]),
        ] {
            let json = alloc::format!(
                r#"{{"genesis_hash":"{hash}","hosts":{hosts},"server_version":"x","protocol_min":"1.4",
                "protocol_max":"1.6","pruning":null,"dsproof":{{"a":[1.5]}}}}"#
            );
            let features = read(RawJson::new(&json), ServerFeatures::read).unwrap();
            let found: Vec<_> = features.hosts.iter().map(|host| (host.tcp_port, host.ssl_port)).collect();
            assert_eq!(found, ports, "{hosts}");
            assert_eq!(features.more["dsproof"], r#"{"a":[1.5]}"#);
            assert_eq!((features.pruning, features.hash_function), (None, None));
        }
    }
}
