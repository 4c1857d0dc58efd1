//! What deny.toml says about licences, bans and sources, without cargo-deny: offline, and from `cargo metadata` alone.

use serde_json::Value;
use workspace_tests::files::{cargo, read};

#[test]
fn licences_bans_and_sources_are_as_deny_toml_says() {
    let rules = read("deny.toml");
    let allowed = strings(&rules, "allow = [");
    let banned: Vec<String> =
        rules.split("{ crate = ").skip(1).filter_map(|ban| strings(ban, "").into_iter().next()).collect();
    assert!(!allowed.is_empty() && !banned.is_empty(), "deny.toml has lists that this test can read");
    let mut wrong = Vec::new();
    // The lock file has every package, also those of features and systems that are not built here.
    for package in read("Cargo.lock").split("[[package]]").skip(1) {
        let field = |name| strings(package, name).into_iter().next().unwrap_or_default();
        let (name, source) = (field("name = "), field("source = "));
        if banned.contains(&name) {
            wrong.push(format!("{name} is banned"));
        }
        // None is of this workspace.
        if package.contains("\nsource = ") && source != CRATES_IO {
            wrong.push(format!("{name} comes from {source}"));
        }
    }
    for package in packages() {
        let name = package["name"].as_str().expect("it has a name");
        let licence = package["license"].as_str().unwrap_or_default();
        if !is_allowed(licence, &allowed) {
            wrong.push(format!("{name}: the licence \"{licence}\" is not allowed"));
        }
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if package["source"].is_null() && dependency["req"] == "*" && dependency["path"].is_null() {
                wrong.push(format!("{name} takes any version of {}", dependency["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn expressions_of_licences_are_understood() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()];
    let right = ["MIT", "MIT/GPL-3.0", "GPL-3.0 OR ISC", "MIT AND ISC", "(GPL-3.0 OR MIT) AND ISC"];
    let more = ["Apache-2.0 WITH LLVM-exception OR Apache-2.0", "ISC AND (MIT OR GPL-3.0)"];
    for licence in right.into_iter().chain(more) {
        assert!(is_allowed(licence, &allowed), "{licence}");
    }
    for licence in
        ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT OR ISC) AND GPL-3.0", "GPL-3.0 AND MIT OR GPL-2.0"]
    {
        assert!(!is_allowed(licence, &allowed), "{licence}");
    }
}

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The packages that the workspace is built from on Linux.
fn packages() -> Vec<Value> {
    let metadata = cargo("metadata --format-version=1 --filter-platform x86_64-unknown-linux-gnu");
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo metadata writes JSON");
    metadata["packages"].as_array().cloned().unwrap_or_default()
}

/// The strings in quotes after `beginning`, to the next `]` or `}`.
fn strings(rules: &str, beginning: &str) -> Vec<String> {
    let (_, list) = rules.split_once(beginning).unwrap_or_default();
    let list = list.split([']', '}']).next().unwrap_or_default();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether the allowed licences satisfy an SPDX expression. `AND` binds more tightly than `OR`.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let mut at = 0;
    any(&words, &mut at, allowed) && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut satisfied = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        satisfied |= all(words, at, allowed);
    }
    satisfied
}

fn all(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut satisfied = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        satisfied &= one(words, at, allowed);
    }
    satisfied
}

fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    if words.get(*at) == Some(&"(") {
        *at += 1;
        let satisfied = any(words, at, allowed);
        *at += 1;
        return satisfied;
    }
    let begin = *at;
    *at = words.len().min(begin + 1);
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    let licence = words.get(begin..*at).unwrap_or_default().join(" ");
    allowed.contains(&licence)
}
