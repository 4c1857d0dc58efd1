//! The command line.

use std::time::Duration;

use clap::{Parser, Subcommand};
use electrum_smol::proto::Script;
use electrum_smol::proto::types::ScriptHash;
use electrum_smol::transport::ServerAddr;

use crate::reach::{Reach, seconds};
use crate::typed::args::{
    BroadcastArgs, FeesArgs, HeaderArgs, HeadersArgs, MerkleArgs, OutPointArgs, ScriptArgs, ServerArgs, TxArgs,
};
use crate::typed::target::script;

/// Talks to Electrum servers.
///
/// Without a command it starts the fake servers that are built in, one of each family, and shows how each of them
/// negotiates the protocol version.
///
/// SERVER is tcp://host:port, ssl://host:port, host:port:t or host:port:s.
///
/// Exit codes: 0 success, 1 a server, the network or this machine failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "electrum-cli", version)]
pub(crate) struct Args {
    /// Print one JSON object per line instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Probe(ProbeArgs),
    Call(CallArgs),
    Watch(WatchArgs),
    /// Print what scripts hold
    Balance(ScriptArgs),
    /// Print the transactions of scripts: by height, and inside a block and the mempool by id
    History(ScriptArgs),
    /// Print the unspent outputs of scripts, in the same order
    Unspent(ScriptArgs),
    Tx(TxArgs),
    Header(HeaderArgs),
    Headers(HeadersArgs),
    Merkle(MerkleArgs),
    Fees(FeesArgs),
    /// Print what a server says of itself
    Features(ServerArgs),
    /// Print the other servers that a server knows
    Peers(ServerArgs),
    Broadcast(BroadcastArgs),
    Outpoint(OutPointArgs),
}

impl Default for Command {
    fn default() -> Self {
        Self::Probe(ProbeArgs::default())
    }
}

/// Connect, negotiate the protocol version, and show what the server is
///
/// Without SERVER the servers that are built in are probed, and their matrix is shown.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ProbeArgs {
    /// The servers
    #[arg(value_name = "SERVER")]
    pub(crate) servers: Vec<ServerAddr>,
    /// Try a valid range of versions, an unsupported one (2.0..3.0) and one below the minimum (1.0..1.2)
    #[arg(long)]
    pub(crate) matrix: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Call any method and print its result
#[derive(Debug, clap::Args)]
pub(crate) struct CallArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The method, as in blockchain.block.header
    pub(crate) method: String,
    /// Its parameters: JSON if it can be read as that, else a string; after -- if it begins with a dash
    #[arg(value_name = "PARAM", allow_negative_numbers = true)]
    pub(crate) params: Vec<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Print what happens to the chain and to scripts, as it happens, whatever becomes of the connection
///
/// One server is used at a time; when it fails the next takes over, and what changed meanwhile is told once.
#[derive(Debug, clap::Args)]
pub(crate) struct WatchArgs {
    /// The servers, the preferred one first
    #[arg(value_name = "SERVER", required = true)]
    pub(crate) servers: Vec<ServerAddr>,
    /// An output script to watch: an address of any network, or the script in hexadecimal digits
    #[arg(long = "script", value_name = "ADDRESS|HEX", value_parser = script)]
    pub(crate) scripts: Vec<Script>,
    /// A scripthash to watch; without --script no protocol after 1.6 is offered, which would want the script
    #[arg(long = "scripthash", value_name = "HEX")]
    pub(crate) scripthashes: Vec<ScriptHash>,
    /// How long to watch [default: without end]
    #[arg(long = "for", value_name = "SECS", value_parser = seconds)]
    pub(crate) duration: Option<Duration>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }
}
