//! Builds the page in `www` and serves it on this machine with fake servers: `serve [PORT]`. It ends with Ctrl-C.
//!
//! The tools that build the page are a workspace of their own, only in the repository, so that they are no dependencies
//! of this crate.

use std::path::Path;
use std::process::{Command, exit};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = folder.join("www/Cargo.toml");
    if !manifest.exists() {
        eprintln!("{} is missing: the page is part of the repository, not of the package", manifest.display());
        exit(1);
    }
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--locked", "--package", "electrum-web-tools", "--bin", "serve", "--manifest-path"])
        .arg(manifest)
        .arg("--")
        .args(std::env::args().skip(1))
        // Beside the repository's other build output.
        .env("CARGO_TARGET_DIR", folder.join("../../target/web"))
        .status();
    match status {
        Ok(status) => exit(status.code().unwrap_or(1)),
        Err(error) => {
            eprintln!("cargo does not start: {error}");
            exit(1);
        }
    }
}
