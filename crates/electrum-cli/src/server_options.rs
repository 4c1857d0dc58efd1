//! The options for servers: how to reach them, and which versions to offer.

use std::convert::Infallible;
use std::fmt::{self, Display};
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use electrum_smol::proto::{Authorization, VersionRange};
use electrum_smol::transport::{AddrError, Proxy, Route, ServerAddr, Trust};
use electrum_smol::{Client, Config};
use serde::Serialize;

use crate::authorization;
use crate::networks::{WantedChain, chain_name};
use crate::settings::Settings;
use crate::stop::Stop;

/// The options for servers of a command.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "How to reach servers")]
pub(crate) struct ServerOptions {
    /// A server to ask, as SERVER, or the name of one or of a group in the configuration file; the preferred one first
    ///
    /// SERVER is tcp://HOST:PORT, ssl://HOST:PORT, ws://HOST:PORT/PATH, wss://HOST:PORT/PATH, HOST:PORT:t or
    /// HOST:PORT:s. One is used at a time; if it fails the next is asked. Without any those of ELECTRUM_SERVER or of
    /// the configuration file are used.
    #[arg(
        short,
        long = "server",
        value_name = "SERVER|NAME",
        env = "ELECTRUM_SERVER",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(crate) servers: Vec<ServerName>,
    /// The protocol versions to offer, as in 1.4..1.7 or 1.4 [default: what the command can work with]
    #[arg(long, value_name = "MIN..MAX")]
    pub(crate) range: Option<VersionRange>,
    /// How long to wait for the connection, for the handshake, for each answer, and for a sign of life of a silent
    /// server; four times that behind a proxy [default: 10, 15, 30 and 20]
    #[arg(long, value_name = "SECS", value_parser = seconds, env = "ELECTRUM_TIMEOUT", hide_env_values = true)]
    pub(crate) timeout: Option<Duration>,
    /// The longest answer to accept, in MiB; servers that pad may send twice as much as they say [default: 16]
    #[arg(long, value_name = "MIB", value_parser = mebibytes, env = "ELECTRUM_MAX_ANSWER", hide_env_values = true)]
    pub(crate) max_answer: Option<u32>,
    /// The chain that the server must serve; a server of another one is refused as wrong_chain
    ///
    /// mainnet, testnet, testnet4, signet, regtest, or the hash of the first block
    #[arg(long, value_name = "NAME|HASH", alias = "genesis", env = "ELECTRUM_NETWORK", hide_env_values = true)]
    pub(crate) network: Option<WantedChain>,
    /// Accept a protocol version that the server writes as a JSON number, as old Electrum Personal Servers do
    #[arg(long)]
    pub(crate) numeric_version: bool,
    /// A SOCKS5 proxy, as in socks5://127.0.0.1:9050 for Tor, with USER:PASSWORD@ before the host if it wants that; it
    /// resolves the names of servers, too
    #[arg(long, value_name = "socks5://HOST:PORT", env = "ELECTRUM_PROXY", hide_env_values = true)]
    pub(crate) proxy: Option<Proxy>,
    /// Show the proxy other credentials for each server, so that Tor keeps the servers apart
    #[arg(long)]
    pub(crate) isolate: bool,
    /// Which certificates to accept: ca-or-pin (by a web CA, or the one that the server showed first), ca,
    /// pin:FINGERPRINT (that one only), or insecure (any) [default: ca-or-pin]
    #[arg(long, value_name = "WHICH", env = "ELECTRUM_TRUST", hide_env_values = true)]
    pub(crate) trust: Option<Trusted>,
    /// Accept, once, a certificate other than the one that a server showed before, and remember it from now on
    #[arg(long)]
    pub(crate) accept_new_pin: bool,
    /// The file of the certificates that servers showed first [default: electrum-cli/pins in the user's data folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) pins: Option<PathBuf>,
    /// Pad what is sent to a few sizes, as Electrum does, so that those who watch an encrypted connection learn little
    /// from them; calls that follow one another then take up to a second each
    #[arg(
        long,
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        env = "ELECTRUM_PADDING",
        hide_env_values = true
    )]
    pub(crate) padding: Option<bool>,
    /// A file with the secret that each request carries, for servers that want one: one line, such as Bearer TOKEN. It
    /// may change while the tool runs
    #[arg(long, value_name = "FILE", env = "ELECTRUM_AUTHORIZATION_FILE", hide_env_values = true)]
    pub(crate) authorization_file: Option<PathBuf>,
    /// The authorization in that file.
    #[arg(skip)]
    authorization: Option<Authorization>,
    /// The configuration file, which also has the servers that it names.
    #[arg(skip)]
    settings: Settings,
    /// The options that were taken from the configuration file.
    #[arg(skip)]
    from_file: Vec<&'static str>,
}

/// A setting in effect.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// `command line`, `environment`, `configuration file` or `default`.
    pub(crate) source: &'static str,
}

/// A server as it is written: its address, or a name in the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerName {
    Address(ServerAddr),
    /// A name. It is empty behind a comma at the end of a list, and is then ignored.
    Name(String),
}

impl Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl FromStr for ServerName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Lists in the environment and in files have spaces and ends of lines.
        let text = text.trim();
        if text.contains([':', '.', '[']) {
            return text.parse().map(Self::Address).map_err(|error: AddrError| error.to_string());
        }
        Ok(Self::Name(text.to_owned()))
    }
}

/// [`Trust`], as it is written on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trusted(Trust);

impl FromStr for Trusted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("pin:")) {
            ("ca-or-pin", _) => Ok(Self(Trust::CaOrPin)),
            ("ca", _) => Ok(Self(Trust::CaOnly)),
            ("insecure", _) => Ok(Self(Trust::Insecure)),
            (_, Some(fingerprint)) => fingerprint
                .parse()
                .map(|fingerprint| Self(Trust::Pinned(fingerprint)))
                .map_err(|error| format!("{error}")),
            _ => Err("ca-or-pin, ca, insecure or pin:FINGERPRINT is wanted".into()),
        }
    }
}

impl ServerOptions {
    /// Fills options that neither the command line nor the environment sets from the configuration file.
    pub(crate) fn fill(&mut self, settings: Settings) -> Result<(), String> {
        let from_file = &mut self.from_file;
        if self.servers.is_empty() {
            let servers = settings.server.texts().iter().map(|text| of_file("server", text, str::parse));
            self.servers = servers.collect::<Result<_, _>>()?;
            from_file.extend((!self.servers.is_empty()).then_some("server"));
        }
        fill("network", &mut self.network, settings.network.as_ref(), str::parse, from_file)?;
        fill("proxy", &mut self.proxy, settings.proxy.as_ref(), str::parse, from_file)?;
        fill("trust", &mut self.trust, settings.trust.as_ref(), str::parse, from_file)?;
        fill("max-answer", &mut self.max_answer, settings.max_answer, mebibytes, from_file)?;
        fill("timeout", &mut self.timeout, settings.timeout, seconds, from_file)?;
        fill("padding", &mut self.padding, settings.padding, str::parse, from_file)?;
        if let (None, Some(file)) = (&self.authorization_file, &settings.authorization_file) {
            self.authorization_file = Some(file.clone());
            from_file.push("authorization-file");
        }
        // Read only once, since it may be a pipe.
        self.authorization = self.authorization_file.as_deref().map(authorization::read).transpose()?;
        self.settings = settings;
        Ok(())
    }

    /// Returns the configuration file.
    pub(crate) const fn file(&self) -> &Settings {
        &self.settings
    }

    /// Returns the settings in effect, each with its source.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        let setting = |name, default: &str, value: Option<String>, meaning: &dyn Fn(&str) -> Option<String>| {
            let variable = format!("ELECTRUM_{}", str::to_uppercase(name).replace('-', "_"));
            let source = match &value {
                None => "default",
                Some(_) if self.from_file.contains(&name) => "configuration file",
                // The command line has priority, so the environment is the source only if it says the same.
                Some(_) if std::env::var(variable).is_ok_and(|text| meaning(&text) == value) => "environment",
                Some(_) => "command line",
            };
            Setting { name, value: value.unwrap_or_else(|| default.to_owned()), source }
        };
        let servers = |servers: &[ServerName]| {
            let names = servers.iter().map(ToString::to_string).filter(|name| !name.is_empty());
            names.collect::<Vec<_>>().join(",")
        };
        let parse_servers = |text: &str| text.split(',').map(str::parse).collect::<Result<Vec<_>, _>>().ok();
        let network = |WantedChain(genesis)| chain_name(genesis);
        let proxy = |proxy: &Proxy| proxy.to_string();
        let mib = |most| format!("{most} MiB");
        let trust = |Trusted(trust)| trust_name(trust);
        let time = |time: Duration| format!("{} s", time.as_secs_f64());
        let as_is = |text: &str| Some(text.to_owned());
        let file = self.authorization_file.as_ref().map(|file| file.display().to_string());
        vec![
            setting("server", "none", (!self.servers.is_empty()).then(|| servers(&self.servers)), &|text| {
                parse_servers(text).map(|names| servers(&names))
            }),
            setting("network", "any", self.network.map(network), &|text| text.parse().ok().map(network)),
            setting("proxy", "none", self.proxy.as_ref().map(proxy), &|text| text.parse().ok().as_ref().map(proxy)),
            setting("max-answer", "16 MiB", self.max_answer.map(mib), &|text| mebibytes(text).ok().map(mib)),
            setting("trust", "ca-or-pin", self.trust.map(trust), &|text| text.parse().ok().map(trust)),
            setting("timeout", "10, 15, 30 and 20 s", self.timeout.map(time), &|text| seconds(text).ok().map(time)),
            setting("padding", "false", self.padding.map(|padding| padding.to_string()), &as_is),
            setting("authorization-file", "none", file, &as_is),
        ]
    }

    /// Returns the servers to use, at least one.
    pub(crate) fn servers(&self) -> Result<Vec<ServerAddr>, Stop> {
        let mut servers = Vec::new();
        for server in &self.servers {
            match server {
                ServerName::Address(address) => servers.push(address.clone()),
                ServerName::Name(name) if name.is_empty() => {}
                ServerName::Name(name) => servers.extend(self.settings.group(name).map_err(Stop::Usage)?),
            }
        }
        if servers.is_empty() {
            let how = "no server is named: write one first, as in tcp://127.0.0.1:50001, or set ELECTRUM_SERVER, or \
                       name one in the configuration file (see 'electrum-cli config')";
            return Err(Stop::Usage(how.into()));
        }
        Ok(servers)
    }

    /// Makes the configuration of a client of these servers, which offers `range` unless the user chose one. Warns on
    /// stderr if it sends an authorization unencrypted.
    pub(crate) fn config(
        &self,
        servers: impl IntoIterator<Item = ServerAddr>,
        range: VersionRange,
    ) -> Result<Config, Stop> {
        let config = self.config_of_relay(servers, range)?;
        if config.protocol.authorization.is_some() {
            authorization::warn_if_exposed(&config.servers);
        }
        Ok(config)
    }

    /// Makes the configuration for a command that only relays what another client sends.
    pub(crate) fn config_of_relay(
        &self,
        servers: impl IntoIterator<Item = ServerAddr>,
        range: VersionRange,
    ) -> Result<Config, Stop> {
        let mut config = Config::new(servers);
        config.route = self.route(&config.servers).map_err(Stop::Usage)?;
        #[cfg(feature = "tls")]
        if config.servers.iter().any(|server| config.route.uses_pin(server)) {
            let file = self.pins.clone().or_else(crate::pins::default_file).ok_or_else(|| {
                Stop::Usage("there is no data folder for the certificates of servers; name a file with --pins".into())
            })?;
            config.pins = std::sync::Arc::new(electrum_smol::FilePins::new(file));
            config.accept_new_pins = self.accept_new_pin;
        }
        let protocol = &mut config.protocol;
        protocol.client_name = concat!("electrum-cli ", env!("CARGO_PKG_VERSION")).into();
        protocol.versions = self.range.unwrap_or(range);
        protocol.genesis_hash = self.network.map(|WantedChain(genesis)| genesis);
        protocol.accept_numeric_version = self.numeric_version;
        protocol.padding = self.padding.unwrap_or(false);
        protocol.authorization.clone_from(&self.authorization);
        if let Some(most) = self.max_answer {
            protocol.limits.line = most as usize * 1024 * 1024;
        }
        if let Some(timeout) = self.timeout {
            let timeouts = &mut protocol.timeouts;
            for part in [&mut timeouts.connect, &mut timeouts.handshake, &mut timeouts.request, &mut timeouts.pong] {
                *part = timeout;
            }
        }
        Ok(config)
    }

    /// Sets the client's authorization whenever the file changes.
    pub(crate) async fn renew_authorization(&self, client: &Client) -> Infallible {
        authorization::renew(client, self.authorization_file.clone()).await
    }

    /// Returns the route to these servers, or an error message if the options exclude each other.
    fn route(&self, servers: &[ServerAddr]) -> Result<Route, String> {
        let trust = self.trust.map_or_else(Trust::default, |Trusted(trust)| trust);
        let mut route = Route::direct().with_trust(trust);
        if self.isolate && self.proxy.is_none() {
            return Err("--isolate is for --proxy: without one there is nothing to show credentials to".into());
        }
        if let Some(proxy) = self.proxy.clone() {
            let isolated = if self.isolate { proxy.isolated(RandomState::new().hash_one(1)) } else { Ok(proxy) };
            route = route.with_proxy(isolated.map_err(|error| format!("--isolate: {error}"))?);
        }
        if self.accept_new_pin && trust != Trust::CaOrPin {
            return Err("--accept-new-pin is for --trust ca-or-pin: with any other nothing is remembered".into());
        }
        for server in servers {
            route.dial_target(server).map_err(|error| error.to_string())?;
        }
        Ok(route)
    }
}

/// Fills an option that is not set from the configuration file.
fn fill<T, E: Display>(
    name: &'static str,
    option: &mut Option<T>,
    value: Option<impl ToString>,
    read: impl FnOnce(&str) -> Result<T, E>,
    from_file: &mut Vec<&'static str>,
) -> Result<(), String> {
    if let (None, Some(value)) = (&option, value) {
        *option = Some(of_file(name, &value.to_string(), read)?);
        from_file.push(name);
    }
    Ok(())
}

/// Parses a value of the configuration file.
fn of_file<T, E: Display>(name: &str, text: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Result<T, String> {
    read(text).map_err(|error| format!("the configuration file's {name}: {error}"))
}

/// Formats [`Trust`] as it is written on the command line.
fn trust_name(trust: Trust) -> String {
    match trust {
        Trust::CaOnly => "ca".into(),
        Trust::Insecure => "insecure".into(),
        Trust::Pinned(fingerprint) => format!("pin:{fingerprint}"),
        _ => "ca-or-pin".into(),
    }
}

/// Parses a time in seconds, of more than zero and at most a year.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|time| !time.is_zero() && *time <= YEAR)
        .ok_or_else(|| "a number of seconds is wanted, such as 10 or 0.5".into())
}

/// Parses a length in MiB, from 1 MiB to 1 GiB.
fn mebibytes(text: &str) -> Result<u32, String> {
    let most = text.parse().ok().filter(|most| (1..=1024).contains(most));
    most.ok_or_else(|| "a whole number of MiB from 1 to 1024 is wanted, such as 64".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_positive_and_finite() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "inf", "NaN", "1e300", "", "ten"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_time_out_bounds_connection_handshake_and_answers() {
        let options = ServerOptions { timeout: Some(Duration::from_secs(3)), ..ServerOptions::default() };
        let timeouts = options.config([], VersionRange::default()).unwrap().protocol.timeouts;
        assert_eq!(
            [timeouts.connect, timeouts.handshake, timeouts.request, timeouts.pong],
            [Duration::from_secs(3); 4]
        );
    }

    #[test]
    fn the_longest_answer_is_a_whole_number_of_mebibytes() {
        let limits = |max_answer| {
            let options = ServerOptions { max_answer, ..ServerOptions::default() };
            options.config([], VersionRange::default()).unwrap().protocol.limits
        };
        assert_eq!(limits(None).line, limits(Some(16)).line);
        assert_eq!(limits(Some(64)).line, 67_108_864);
        for text in ["0", "1025", "-1", "1.5", "16M", ""] {
            assert!(mebibytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn trust_has_four_words() {
        let fingerprint = "AB:".repeat(31) + "AB";
        let trust = |text: &str| text.parse().map(|Trusted(trust)| trust);
        assert_eq!(trust("ca-or-pin"), Ok(Trust::CaOrPin));
        assert_eq!(trust("ca"), Ok(Trust::CaOnly));
        assert_eq!(trust("insecure"), Ok(Trust::Insecure));
        assert_eq!(trust(&format!("pin:{fingerprint}")), Ok(Trust::Pinned(fingerprint.parse().unwrap())));
        for text in ["", "pin", "pin:", "pin:ab", &fingerprint, "INSECURE"] {
            assert!(trust(text).is_err(), "{text}");
        }
    }
}
