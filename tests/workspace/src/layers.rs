//! The layers of the workspace, and which crate may depend on which.

use crate::metadata::{Dependency, Package};

/// The layers from the bottom up. A crate depends only on crates of layers below its own.
pub const LAYERS: &[(&str, &[&str])] = &[
    ("the protocol, and servers to test against", &["electrum-proto", "electrum-testkit"]),
    ("byte layers", &["electrum-transport"]),
    ("callers", &["electrum-session"]),
    ("tests of the machine and of its drivers", &["electrum-sim", "electrum-conformance"]),
    ("adapters", &["electrum-blocking", "electrum-smol", "electrum-tokio", "electrum-web", "electrum-bare"]),
    ("applications", &["electrum-bdk", "electrum-cli"]),
    ("tests of the workspace", &["electrum-fuzz-bodies", "real-servers", "workspace-tests"]),
];

/// Crates to test with. No client that is published depends on them, except for the tool, which starts fake servers.
pub const TEST_CRATES: &[&str] = &["electrum-testkit", "electrum-sim", "electrum-conformance", "real-servers"];

/// The published crates outside of [`TEST_CRATES`] that may depend on one of them.
const STARTS_FAKE_SERVERS: &[(&str, &str)] = &[("electrum-cli", "electrum-testkit")];

/// Returns what is wrong with the dependencies, one sentence each.
#[must_use]
pub fn violations(packages: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for package in packages {
        let name = package.name.as_str();
        let Some(layer) = layer(name) else {
            found.push(format!("{name} has no layer: give it one in tests/workspace/src/layers.rs"));
            continue;
        };
        for (other, kind) in &package.depends_on {
            if name == "electrum-testkit" {
                found.push(format!("{name} depends on {other}: fake servers share no code with the client"));
            }
            // Tests may use what stands beside their crate, and the crates to test with wherever those stand.
            let is_test_crate = TEST_CRATES.contains(&other.as_str());
            let is_below = match self::layer(other) {
                Some(other) if *kind == Dependency::Dev => other <= layer || is_test_crate,
                Some(other) => other < layer,
                None => true,
            };
            if !is_below {
                found.push(format!("{name} depends on {other}, which stands beside or above it"));
            }
            let may_test = !package.published || TEST_CRATES.contains(&name) || *kind == Dependency::Dev;
            if is_test_crate && !may_test && !STARTS_FAKE_SERVERS.contains(&(name, other)) {
                found.push(format!("{name} depends on {other}, which is for tests: make it a dev-dependency"));
            }
        }
    }
    found
}

/// The layer of a crate, counted from the bottom.
#[must_use]
pub fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, crates)| crates.contains(&name))
}
