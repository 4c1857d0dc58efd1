//! The releases of ElectrumX, and how their settings differ.

/// A release of ElectrumX that the tests know. `e-x` and `electrumX` are two lines of development with one name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `e-x` 2.0.0, protocols 1.4 to 1.7.
    Ex2_0_0,
    /// `e-x` 1.20.0, protocols 1.4 to 1.6.
    Ex1_20_0,
    /// `e-x` 1.18.0, protocols 1.4 to 1.4.3.
    Ex1_18_0,
    /// `e-x` 1.16.0, protocols 1.4 to 1.4.2.
    Ex1_16_0,
    /// `electrumX` 1.12.0, protocols 1.4 to 1.4.2.
    ElectrumX1_12_0,
    /// `electrumX` 1.10.0, protocols 1.2 to 1.4.1.
    ElectrumX1_10_0,
}

impl Kind {
    /// All of them, newest first.
    pub const ALL: [Self; 6] =
        [Self::Ex2_0_0, Self::Ex1_20_0, Self::Ex1_18_0, Self::Ex1_16_0, Self::ElectrumX1_12_0, Self::ElectrumX1_10_0];

    /// The name of its environment below the cache directory: package and version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.release().0
    }

    /// What it calls itself in the answer to `server.version`.
    #[must_use]
    pub const fn software(self) -> &'static str {
        self.release().1
    }

    /// The published protocol versions that it speaks, oldest first.
    #[must_use]
    pub const fn versions(self) -> &'static [&'static str] {
        self.release().2
    }

    /// Its name, what it calls itself, and the versions that it speaks.
    const fn release(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Ex2_0_0 => ("e-x-2.0.0", "ElectrumX 2.0.0", &["1.4", "1.4.1", "1.4.2", "1.4.3", "1.6", "1.7"]),
            Self::Ex1_20_0 => ("e-x-1.20.0", "ElectrumX 1.20.0", &["1.4", "1.4.1", "1.4.2", "1.4.3", "1.6"]),
            Self::Ex1_18_0 => ("e-x-1.18.0", "ElectrumX 1.18.0", &["1.4", "1.4.1", "1.4.2", "1.4.3"]),
            Self::Ex1_16_0 => ("e-x-1.16.0", "ElectrumX 1.16.0", &["1.4", "1.4.1", "1.4.2"]),
            // It calls itself so.
            Self::ElectrumX1_12_0 => ("electrumX-1.12.0", "ElectrumX 1.12", &["1.4", "1.4.1", "1.4.2"]),
            Self::ElectrumX1_10_0 => ("electrumX-1.10.0", "ElectrumX 1.10.0", &["1.2", "1.3", "1.4", "1.4.1"]),
        }
    }

    /// The newest of [`versions`](Self::versions).
    #[must_use]
    pub fn newest(self) -> &'static str {
        self.versions().last().expect("every release speaks a version")
    }

    /// Whether it fills its answers up to powers of two and holds small ones back for up to a second.
    #[must_use]
    pub const fn pads(self) -> bool {
        matches!(self, Self::Ex2_0_0 | Self::Ex1_20_0 | Self::Ex1_18_0)
    }

    /// Whether it can be configured to look at bitcoind more often than every five seconds.
    #[must_use]
    pub const fn polls_fast(self) -> bool {
        self.pads()
    }

    /// The settings that differ between the releases, for these ports.
    pub(crate) fn settings(self, tcp: u16, tls: Option<u16>, admin: u16) -> Vec<(&'static str, String)> {
        let coin = match self {
            Self::ElectrumX1_12_0 | Self::ElectrumX1_10_0 => "BitcoinSegwit",
            _ => "Bitcoin",
        };
        let mut settings = vec![("COIN", coin.to_owned())];
        if self == Self::ElectrumX1_10_0 {
            settings.push(("HOST", "127.0.0.1".to_owned()));
            settings.push(("TCP_PORT", tcp.to_string()));
            settings.push(("RPC_PORT", admin.to_string()));
            settings.push(("BANDWIDTH_LIMIT", "2000000000".to_owned()));
            settings.extend(tls.map(|port| ("SSL_PORT", port.to_string())));
        } else {
            let tls = tls.map(|port| format!(",ssl://127.0.0.1:{port}")).unwrap_or_default();
            settings.push(("SERVICES", format!("tcp://127.0.0.1:{tcp},rpc://127.0.0.1:{admin}{tls}")));
        }
        if self.polls_fast() {
            settings.push(("DAEMON_POLL_INTERVAL_BLOCKS", "100".to_owned()));
            settings.push(("DAEMON_POLL_INTERVAL_MEMPOOL", "100".to_owned()));
        }
        settings
    }
}
