//! The command line.

use clap::{ArgAction, CommandFactory, Parser, Subcommand};

use crate::commands::bench::BenchArgs;
use crate::commands::broadcast::BroadcastArgs;
use crate::commands::call::CallArgs;
use crate::commands::completions::{CompletionsArgs, ManArgs};
use crate::commands::config::ConfigArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::features::FeaturesArgs;
use crate::commands::fees::FeesArgs;
use crate::commands::header::HeaderArgs;
use crate::commands::headers::HeadersArgs;
use crate::commands::merkle::MerkleArgs;
use crate::commands::outpoint::OutPointArgs;
use crate::commands::peers::PeersArgs;
use crate::commands::probe::ProbeArgs;
use crate::commands::script::ScriptArgs;
use crate::commands::serve::ServeArgs;
use crate::commands::transcript::record::RecordArgs;
use crate::commands::transcript::replay::ReplayArgs;
use crate::commands::tx::TxArgs;
use crate::commands::watch::WatchArgs;
use crate::server_options::ServerOptions;

/// Talks to Electrum servers.
///
/// SERVER is tcp://HOST:PORT, ssl://HOST:PORT, ws://HOST:PORT/PATH, wss://HOST:PORT/PATH, HOST:PORT:t or HOST:PORT:s.
/// Several may be given, the preferred one first; without any those of --server, of ELECTRUM_SERVER or of the
/// configuration file are used.
///
/// Exit codes: 0 success, 1 a server, the network or this machine failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "electrum-cli", version)]
pub(crate) struct Args {
    /// Print one JSON object per line instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print events of connections to stderr; -vv also requests and answers, -vvv also what is sent and received
    #[arg(short = 'v', long = "verbose", global = true, action = ArgAction::Count)]
    pub(crate) verbosity: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Probe(ProbeArgs),
    Call(CallArgs),
    Watch(WatchArgs),
    /// Print the balances of scripts
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
    Doctor(DoctorArgs),
    Bench(BenchArgs),
    Config(ConfigArgs),
    Serve(ServeArgs),
    Record(RecordArgs),
    Replay(ReplayArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

impl Command {
    /// Returns the server options of a command that has them.
    pub(crate) const fn server_options(&mut self) -> Option<&mut ServerOptions> {
        match self {
            Self::Probe(ProbeArgs { options, .. })
            | Self::Call(CallArgs { options, .. })
            | Self::Watch(WatchArgs { options, .. })
            | Self::Balance(ScriptArgs { options, .. })
            | Self::History(ScriptArgs { options, .. })
            | Self::Unspent(ScriptArgs { options, .. })
            | Self::Tx(TxArgs { options, .. })
            | Self::Header(HeaderArgs { options, .. })
            | Self::Headers(HeadersArgs { options, .. })
            | Self::Merkle(MerkleArgs { options, .. })
            | Self::Fees(FeesArgs { options, .. })
            | Self::Features(FeaturesArgs { options, .. })
            | Self::Peers(PeersArgs { options, .. })
            | Self::Broadcast(BroadcastArgs { options, .. })
            | Self::Outpoint(OutPointArgs { options, .. })
            | Self::Doctor(DoctorArgs { options, .. })
            | Self::Bench(BenchArgs { options, .. })
            | Self::Record(RecordArgs { options, .. })
            | Self::Config(ConfigArgs { options, .. }) => Some(options),
            Self::Serve(_) | Self::Replay(_) | Self::Completions(_) | Self::Man(_) => None,
        }
    }
}

/// Returns the definition of the command line for clap, with usages that show where servers are written.
pub(crate) fn command() -> clap::Command {
    let mut command = unbuilt();
    command.build();
    command
}

/// Returns the definition before clap adds generated parts such as `--help`.
pub(crate) fn unbuilt() -> clap::Command {
    let command = Args::command();
    let name = command.get_name().to_owned();
    command.mut_subcommands(|subcommand| {
        let subcommand = if subcommand.get_name() == "tx" { short_verbosity(subcommand) } else { subcommand };
        let subcommand = subcommand.mut_args(without_empty_variable);
        let has_servers = subcommand.get_arguments().any(|argument| argument.get_long() == Some("server"));
        if !has_servers {
            return subcommand;
        }
        let usage = usage(&name, &subcommand);
        subcommand.override_usage(usage)
    })
}

/// Makes clap ignore an argument's environment variable if it is empty.
fn without_empty_variable(argument: clap::Arg) -> clap::Arg {
    let is_empty = argument.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
    if is_empty { argument.env(None) } else { argument }
}

/// Removes the long form of `-v` from `tx`, whose `--verbose` prints the answer of the server's node.
fn short_verbosity(tx: clap::Command) -> clap::Command {
    let help =
        "Print events of connections to stderr; -vv also requests and answers, -vvv also what is sent and received";
    tx.arg(clap::Arg::new("verbosity").short('v').action(ArgAction::Count).help(help))
}

/// Returns the usage of a command with its servers, which clap knows only as an option.
fn usage(name: &str, subcommand: &clap::Command) -> String {
    let positionals = subcommand.get_positionals().map(|positional| {
        let names = positional.get_value_names().unwrap_or_default().join("> <");
        let is_many = positional.get_num_args().is_some_and(|count| count.max_values() > 1);
        let dots = if is_many { "..." } else { "" };
        if positional.is_required_set() { format!(" <{names}>{dots}") } else { format!(" [{names}]{dots}") }
    });
    format!("{name} {} [OPTIONS] [SERVER]...{}", subcommand.get_name(), positionals.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }
}
