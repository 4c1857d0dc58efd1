//! How long, how much and how bad.

use std::env;
use std::fmt;
use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use real_servers::Weather;

/// What a run does.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) scripts: u32,
    pub(crate) duration: Duration,
    pub(crate) kills: usize,
    pub(crate) seed: u64,
}

impl Plan {
    /// The short form, unless the environment asks for the full one.
    pub(crate) fn from_env() -> Self {
        let (scripts, seconds, kills) = (100, 30, 5);
        let short = Self { name: "short", scripts, duration: Duration::from_secs(seconds), kills, seed: seed() };
        match env::var("ELECTRUM_SOAK").as_deref() {
            Err(_) | Ok("" | "short") => short,
            Ok("full") => Self { name: "full", scripts: 1_000, duration: Duration::from_secs(600), kills: 50, ..short },
            Ok(other) => panic!("ELECTRUM_SOAK is short or full, not {other:?}"),
        }
    }

    /// Of the two clients, each meets with something every few seconds.
    pub(crate) fn weather(&self) -> Weather {
        let millis = Duration::from_millis;
        Weather { pause: millis(500)..millis(4_000), stall: millis(200)..millis(8_000) }
    }

    /// How long the server stays down after a kill.
    pub(crate) fn downtime(&self) -> Range<Duration> {
        Duration::ZERO..Duration::from_millis(1_500)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, scripts, duration, kills, seed } = self;
        write!(f, "{name}: {scripts} scripts, {duration:?}, {kills} kills; ELECTRUM_SOAK_SEED={seed}")
    }
}

fn seed() -> u64 {
    match env::var("ELECTRUM_SOAK_SEED") {
        Ok(seed) => seed.parse().expect("ELECTRUM_SOAK_SEED is a number"),
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").subsec_nanos().into(),
    }
}
