//! Reads `cargo metadata`: the crates of the workspace and what they depend on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::files::{cargo, root};

/// A crate of the workspace.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The folder of its manifest, relative to the root.
    pub folder: String,
    /// Its sentence in Cargo.toml.
    pub description: String,
    /// Whether it can be published.
    pub published: bool,
    /// Its dependencies inside the workspace, by name.
    pub depends_on: BTreeMap<String, Dependency>,
    /// The root files of its libraries, programs, tests, examples and benchmarks.
    pub targets: Vec<PathBuf>,
    /// The names of its programs, those of examples included: the files that Cargo links in one folder.
    pub programs: Vec<String>,
    /// Its features and what each switches on.
    pub features: BTreeMap<String, Vec<String>>,
}

/// How a crate depends on another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// Users of the crate get it too.
    Normal,
    /// Only its tests, examples and benchmarks use it.
    Dev,
}

/// Lists the crates of the workspace, by name.
///
/// # Panics
/// If Cargo fails or its answer is not as documented.
#[must_use]
pub fn packages() -> Vec<Package> {
    let metadata = cargo("metadata --format-version=1 --no-deps");
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo metadata writes JSON");
    let mut packages: Vec<Package> = list(&metadata["packages"]).iter().map(package).collect();
    let names: Vec<String> = packages.iter().map(|package| package.name.clone()).collect();
    for package in &mut packages {
        package.depends_on.retain(|name, _| names.contains(name) && *name != package.name);
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages
}

fn package(value: &Value) -> Package {
    let manifest = PathBuf::from(text(&value["manifest_path"]));
    let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root()).ok()).expect("it is below the root");
    let mut depends_on = BTreeMap::new();
    for dependency in list(&value["dependencies"]) {
        let kind = if dependency["kind"] == "dev" { Dependency::Dev } else { Dependency::Normal };
        let known = depends_on.entry(text(&dependency["name"])).or_insert(kind);
        if kind == Dependency::Normal {
            *known = kind;
        }
    }
    let features = value["features"].as_object().into_iter().flatten();
    let is_program = |target: &&Value| list(&target["kind"]).iter().any(|kind| kind == "bin" || kind == "example");
    Package {
        name: text(&value["name"]),
        folder: folder.to_string_lossy().into_owned(),
        description: value["description"].as_str().unwrap_or_default().to_owned(),
        published: value["publish"].is_null(),
        depends_on,
        targets: list(&value["targets"]).iter().map(|target| text(&target["src_path"]).into()).collect(),
        programs: list(&value["targets"]).iter().filter(is_program).map(|target| text(&target["name"])).collect(),
        features: features.map(|(name, on)| (name.clone(), list(on).iter().map(text).collect())).collect(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().expect("cargo metadata has text here").to_owned()
}
