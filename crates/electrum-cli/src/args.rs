//! The command line.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use clap::{Parser, Subcommand};
use electrum_smol::Config;
use electrum_smol::proto::types::ScriptHash;
use electrum_smol::proto::{Script, VersionRange};
use electrum_smol::transport::ServerAddr;

/// Talks to Electrum servers.
///
/// Without a command it starts the fake servers that are built in, one of each family, and shows how each of them
/// negotiates the protocol version.
///
/// SERVER is tcp://host:port, ssl://host:port, host:port:t or host:port:s.
///
/// Exit codes: 0 success, 1 a server or the network failed, 2 wrong usage.
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
#[derive(Debug, clap::Args)]
pub(crate) struct WatchArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// An output script to watch, in hexadecimal digits
    #[arg(long = "script", value_name = "HEX", value_parser = script)]
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

/// How to reach servers, and what to agree on with them.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Reach {
    /// The protocol versions to offer [default: 1.4..1.7; with --matrix 1.3..1.4]
    #[arg(long, value_name = "MIN..MAX")]
    pub(crate) range: Option<VersionRange>,
    /// How long to wait for the connection, for the handshake, and for each answer
    /// [default: 10, 15 and 30]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

impl Reach {
    /// A client of these servers, which offers `range` unless the user named one.
    pub(crate) fn config(&self, servers: impl IntoIterator<Item = ServerAddr>, range: VersionRange) -> Config {
        let mut config = Config::new(servers);
        let protocol = &mut config.protocol;
        protocol.client_name = concat!("electrum-cli/", env!("CARGO_PKG_VERSION")).into();
        protocol.versions = self.range.unwrap_or(range);
        // Many of these may have lost one server at the same time.
        protocol.seed = RandomState::new().hash_one(0);
        if let Some(timeout) = self.timeout {
            let timeouts = &mut protocol.timeouts;
            (timeouts.connect, timeouts.handshake, timeouts.request) = (timeout, timeout, timeout);
        }
        config
    }
}

fn script(digits: &str) -> Result<Script, &'static str> {
    Script::from_hex(digits).ok_or("a script is an even number of hexadecimal digits")
}

/// A time of more than nothing and at most a year, in seconds.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|time| !time.is_zero() && *time <= YEAR)
        .ok_or_else(|| "a number of seconds is wanted, such as 10 or 0.5".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn seconds_are_positive_and_finite() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "inf", "NaN", "1e300", "", "ten"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_time_out_bounds_connection_handshake_and_answers() {
        let reach = Reach { range: None, timeout: Some(Duration::from_secs(3)) };
        let timeouts = reach.config([], VersionRange::default()).protocol.timeouts;
        assert_eq!([timeouts.connect, timeouts.handshake, timeouts.request], [Duration::from_secs(3); 3]);
    }
}
