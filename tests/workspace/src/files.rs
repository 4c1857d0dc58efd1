//! Finds and reads the files of the project.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the folder of the workspace.
///
/// # Panics
/// If it has been moved away since this was compiled.
#[must_use]
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the workspace is where it was compiled")
}

/// Lists the files that Git tracks or would track, as paths relative to the root, in order.
///
/// # Panics
/// If Git is missing or this is no checkout.
#[must_use]
pub fn tracked() -> Vec<String> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(list).current_dir(root()).output().expect("git runs");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let mut files: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files.dedup();
    files
}

/// Reads a file of the project as text.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs Cargo at the root, offline, and returns what it writes.
///
/// # Panics
/// If Cargo fails.
#[must_use]
pub fn cargo(arguments: &str) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["--offline", "--locked"].into_iter().chain(arguments.split_whitespace());
    let output = Command::new(cargo).args(arguments.clone()).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes text")
}
