//! `peers`: prints the other servers that a server knows.

use std::net::Ipv6Addr;

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::Peers;
use electrum_smol::proto::types::Peer;
use serde::Serialize;

use crate::output::Output;
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Verdict};
use crate::text::printable;

/// Print the other servers that a server knows
#[derive(Debug, clap::Args)]
pub(crate) struct PeersArgs {
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct PeersRecord<'a> {
    peers: Vec<PeerRecord<'a>>,
    /// How many entries could not be read.
    dropped: usize,
}

#[derive(Serialize)]
struct PeerRecord<'a> {
    host: &'a str,
    address: &'a str,
    version: Option<&'a str>,
    tcp_port: Option<u16>,
    ssl_port: Option<u16>,
    pruning: Option<u64>,
}

/// Prints the servers that a server knows.
pub(crate) async fn run(args: PeersArgs, output: &Output) -> Outcome {
    with_server(&args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let peers = query.ask("peers", Peers).await?;
        let dropped = peers.dropped;
        if output.json {
            let peers = peers.iter().map(|peer| PeerRecord {
                host: &peer.host,
                address: &peer.address,
                version: peer.version(),
                tcp_port: peer.tcp_port(),
                ssl_port: peer.ssl_port(),
                pruning: peer.pruning(),
            });
            output.object(&PeersRecord { peers: peers.collect(), dropped })?;
        } else if peers.is_empty() && dropped == 0 {
            output.line("the server knows no other servers")?;
        } else {
            let mut lines: Vec<_> = peers.iter().map(peer_line).collect();
            if dropped > 0 {
                lines.push(format!("{dropped} more could not be read; 'electrum-cli call' shows them as they are"));
            }
            output.line(&lines.join("\n"))?;
        }
        Ok(Verdict::Success)
    })
    .await
}

/// Formats a peer as the addresses that the other commands accept.
fn peer_line(peer: &Peer) -> String {
    // An IPv6 address is written in brackets.
    let host = if peer.host.parse::<Ipv6Addr>().is_ok() { &format!("[{}]", peer.host) } else { &peer.host };
    let url = |scheme: &str, port: Option<u16>| port.map(|port| format!("{scheme}://{host}:{port}"));
    let mut words: Vec<_> = [url("ssl", peer.ssl_port()), url("tcp", peer.tcp_port())].into_iter().flatten().collect();
    if words.is_empty() {
        words.push(peer.host.clone());
    }
    if peer.address != peer.host {
        words.push(format!("({})", peer.address));
    }
    words.extend(peer.version().map(|version| format!("protocol {version}")));
    printable(&words.join("  ")).into_owned()
}
