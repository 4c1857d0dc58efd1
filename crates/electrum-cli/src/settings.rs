//! The configuration file: servers by name, and defaults for options.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use electrum_smol::transport::ServerAddr;
use etcetera::BaseStrategy;
use serde::Deserialize;

/// The content of the configuration file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The servers to ask if the command line and the environment name none: names or addresses.
    #[serde(default)]
    pub(crate) server: OneOrMany,
    pub(crate) network: Option<String>,
    pub(crate) proxy: Option<String>,
    pub(crate) trust: Option<String>,
    /// The limit on the length of answers in MiB.
    pub(crate) max_answer: Option<u32>,
    /// The time-out in seconds.
    pub(crate) timeout: Option<f64>,
    pub(crate) padding: Option<bool>,
    /// The path of the authorization file, relative to the folder of the configuration file.
    pub(crate) authorization_file: Option<PathBuf>,
    /// Servers and groups of servers by name.
    #[serde(default)]
    pub(crate) servers: BTreeMap<String, OneOrMany>,
    /// Addresses, scripts, scripthashes and descriptors by name.
    #[serde(default)]
    pub(crate) scripts: BTreeMap<String, OneOrMany>,
    /// The file that this was read from.
    #[serde(skip)]
    pub(crate) file: Option<PathBuf>,
}

/// One text or a list of texts.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    /// Returns the texts.
    pub(crate) fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl Settings {
    /// Returns the path of the file: `electrum-cli/config.toml` in the platform's configuration folder.
    pub(crate) fn default_file() -> Option<PathBuf> {
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(folders.config_dir().join("electrum-cli").join("config.toml"))
    }

    /// Reads the file, if there is one.
    ///
    /// Returns an error message if it cannot be read or parsed: without it the tool could connect without its proxy.
    pub(crate) fn read() -> Result<Self, String> {
        let Some(file) = Self::default_file() else { return Ok(Self::default()) };
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Self::default());
            }
            Err(error) => return Err(format!("{}: {error}", file.display())),
        };
        let settings: Self = toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let authorization_file = settings.authorization_file.map(|path| file.with_file_name(path));
        Ok(Self { file: Some(file), authorization_file, ..settings })
    }

    /// Returns the texts for scripts under a name.
    pub(crate) fn scripts(&self, name: &str) -> Result<&[String], String> {
        let Some(written) = self.scripts.get(name) else {
            let words = format!("{name} is neither an address, nor a script in hexadecimal digits, nor a scripthash");
            let known = self.scripts.keys().cloned().collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "names none" } else { &format!("names {known}") };
            return Err(format!("{words}, nor a name of the configuration file, which {known}"));
        };
        Ok(written.texts())
    }

    /// Returns the servers under a name.
    pub(crate) fn group(&self, name: &str) -> Result<Vec<ServerAddr>, String> {
        let Some(written) = self.servers.get(name) else {
            let known = self.servers.keys().cloned().collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "it names none".to_owned() } else { format!("it names {known}") };
            return Err(format!(
                "{name} is no server: write tcp://HOST:PORT or ssl://HOST:PORT, or a name of the configuration file; {known}"
            ));
        };
        let address = |text: &String| text.trim().parse().map_err(|error| format!("the server {name}: {error}"));
        written.texts().iter().map(address).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_names_and_groups() {
        let settings: Settings = toml::from_str(
            r#"
            server = "home"
            network = "mainnet"
            proxy = "socks5://127.0.0.1:9050"
            timeout = 20

            [servers]
            home = "tcp://192.0.2.1:50001"
            public = ["ssl://a.example", "ssl://b.example"]
            wrong = "nowhere"
            "#,
        )
        .unwrap();
        let group =
            |name| settings.group(name).map(|servers| servers.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(settings.server.texts(), ["home"]);
        assert_eq!(group("home"), Ok(vec!["tcp://192.0.2.1:50001".to_owned()]));
        assert_eq!(group("public").unwrap().len(), 2);
        assert!(group("wrong").unwrap_err().contains("the server wrong"));
        assert!(group("none").unwrap_err().contains("home, public, wrong"));
    }

    #[test]
    fn a_setting_that_is_not_known_is_refused() {
        assert!(toml::from_str::<Settings>("proxxy = \"socks5://127.0.0.1:9050\"").is_err());
    }
}
