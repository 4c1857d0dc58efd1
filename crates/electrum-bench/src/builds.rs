//! What it costs to build each client: crates, and seconds from nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Outcome;

/// What one client brings along.
#[derive(Clone, Debug)]
pub struct Build {
    /// Its name and how it was asked for.
    pub name: &'static str,
    /// Crates compiled, itself among them.
    pub crates: usize,
    /// A release build from nothing, everything downloaded before.
    pub time: Duration,
}

const OTHERS: [(&str, &str); 2] = [
    ("electrum-client", r#"electrum-client = { version = "=0.25.2", default-features = false }"#),
    ("electrum_streaming_client", r#"electrum_streaming_client = "=0.4.0""#),
];
const OWN: [&str; 4] = ["electrum-proto", "electrum-blocking", "electrum-smol", "electrum-tokio"];

/// Builds each of them in a folder of its own.
pub fn all() -> Outcome<Vec<Build>> {
    let crates = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let own = OWN.map(|name| (name, format!("{name} = {{ path = {:?} }}", crates.join(name))));
    let others = OTHERS.map(|(name, dependency)| (name, dependency.to_owned()));
    let folder = std::env::temp_dir().join(format!("electrum-bench-{}", std::process::id()));
    let builds =
        own.into_iter().chain(others).map(|(name, dependency)| build(name, &dependency, &folder.join(name))).collect();
    // What is left behind in the folder for temporary files does no harm.
    let _ = fs::remove_dir_all(&folder);
    builds
}

fn build(name: &'static str, dependency: &str, folder: &Path) -> Outcome<Build> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let manifest =
        format!("[package]\nname = \"empty\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{dependency}\n");
    fs::write(folder.join("Cargo.toml"), manifest)?;
    // The same versions as everywhere here.
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"), folder.join("Cargo.lock"))?;
    cargo(folder, &["fetch", "--quiet"])?;
    let tree = cargo(folder, &["tree", "--prefix", "none", "--format", "{p}", "--edges", "normal,build"])?;
    let crates: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    let start = Instant::now();
    cargo(folder, &["build", "--release", "--quiet"])?;
    // The empty one that asks for the others is not counted.
    Ok(Build { name, crates: crates.len() - 1, time: start.elapsed() })
}

fn cargo(folder: &Path, arguments: &[&str]) -> Outcome<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    let output = command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target")).output()?;
    if !output.status.success() {
        return Err(format!("cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
