//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::broadcast::BroadcastArgs;
use crate::commands::call::CallArgs;
use crate::commands::features::FeaturesArgs;
use crate::commands::fees::FeesArgs;
use crate::commands::header::HeaderArgs;
use crate::commands::headers::HeadersArgs;
use crate::commands::merkle::MerkleArgs;
use crate::commands::outpoint::OutPointArgs;
use crate::commands::peers::PeersArgs;
use crate::commands::probe::ProbeArgs;
use crate::commands::script::ScriptArgs;
use crate::commands::tx::TxArgs;
use crate::commands::watch::WatchArgs;

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
    Features(FeaturesArgs),
    Peers(PeersArgs),
    Broadcast(BroadcastArgs),
    Outpoint(OutPointArgs),
}

impl Default for Command {
    fn default() -> Self {
        Self::Probe(ProbeArgs::default())
    }
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
