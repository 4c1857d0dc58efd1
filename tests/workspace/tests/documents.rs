//! Documents: links lead to files that exist, and what is said of the crates is what Cargo says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use workspace_tests::code::types_without_example;
use workspace_tests::documents::{broken_links, check};
use workspace_tests::files;
use workspace_tests::layers::{LAYERS, TEST_CRATES};
use workspace_tests::metadata::{Dependency, Package, packages};

#[test]
fn links_lead_to_files_that_exist() {
    let documents = files::tracked().into_iter().filter(|file| file.ends_with(".md"));
    let broken: Vec<String> = documents.flat_map(|document| broken_links(&document)).collect();
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn each_public_type_has_an_example_that_runs() {
    let published: Vec<_> = packages().into_iter().filter(|package| package.published).collect();
    assert!(published.iter().any(|package| package.name == "electrum-proto"));
    let mut without = Vec::new();
    for package in published {
        // What the tool exports is for its own program.
        let sources = format!("crates/{}/src/", package.name);
        for file in files::tracked().into_iter().filter(|file| file.starts_with(&sources) && file.ends_with(".rs")) {
            if package.name != "electrum-cli" {
                let types = types_without_example(&files::root().join(&file));
                without.extend(types.into_iter().map(|name| format!("{file}: {name}")));
            }
        }
    }
    assert!(without.is_empty(), "types without an example that runs:\n{}", without.join("\n"));
}

/// The methods of `electrum_client::ElectrumApi`, up to version 0.25, but `calls_made`, which counts for tests.
const ELECTRUM_API: &str = "batch_block_header batch_block_header_raw batch_call batch_estimate_fee \
    batch_script_get_balance batch_script_get_history batch_script_list_unspent batch_script_subscribe \
    batch_transaction_get batch_transaction_get_merkle batch_transaction_get_raw block_header block_header_raw \
    block_headers block_headers_pop block_headers_pop_raw block_headers_subscribe block_headers_subscribe_raw \
    estimate_fee estimate_fee_with_mode mempool_get_info ping protocol_version raw_call relay_fee script_get_balance \
    script_get_history script_list_unspent script_pop script_subscribe script_unsubscribe server_features \
    transaction_broadcast transaction_broadcast_package transaction_broadcast_package_raw transaction_broadcast_raw \
    transaction_get transaction_get_merkle transaction_get_raw txid_from_pos txid_from_pos_with_merkle";

#[test]
fn a_search_for_a_method_of_electrum_client_finds_what_does_it() {
    let sources = |name: &str| {
        let folder = format!("crates/{name}/src/");
        let files = files::tracked().into_iter().filter(|file| file.starts_with(&folder) && file.ends_with(".rs"));
        files.map(files::read).collect::<String>()
    };
    let core = sources("electrum-proto");
    for client in ["electrum-session", "electrum-blocking"].map(sources) {
        let has = |method: &str| {
            let alias = format!("doc(alias = \"{method}\")");
            core.contains(&alias) || client.contains(&alias)
        };
        let missing: Vec<_> = ELECTRUM_API.split_whitespace().filter(|method| !has(method)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

#[test]
fn the_picture_of_the_crates_is_up_to_date() {
    check("ARCHITECTURE.md", "crates", &picture(&packages()));
}

#[test]
fn the_table_of_the_crates_is_up_to_date() {
    let packages = packages();
    let mut table = String::from("| crate | what it is | features (default in bold) |\n|---|---|---|\n");
    for name in LAYERS.iter().flat_map(|(_, crates)| *crates) {
        let Some(package) = packages.iter().find(|package| package.name == *name && package.published) else {
            continue;
        };
        let defaults = package.features.get("default").map_or(&[][..], Vec::as_slice);
        let shown = package.features.keys().filter(|feature| *feature != "default").map(|feature| {
            if defaults.contains(feature) { format!("**`{feature}`**") } else { format!("`{feature}`") }
        });
        let features = shown.collect::<Vec<_>>().join(", ");
        let (folder, description) = (&package.folder, &package.description);
        writeln!(table, "| [`{name}`]({folder}) | {description} | {features} |").expect("a string takes all");
    }
    check("README.md", "crates", &table);
}

#[test]
fn each_crate_in_the_tree_of_the_core_has_its_reason() {
    let text = files::read("ARCHITECTURE.md");
    let (_, section) = text.split_once("\n## What the core is built from\n").expect("it has the section");
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| !line.is_empty());
    let names = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let listed: BTreeSet<String> = names.map(Into::into).collect();

    let tree = files::cargo(
        "tree -p electrum-proto --edges normal,build --prefix none --format {p} --target x86_64-unknown-linux-gnu",
    );
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let built: BTreeSet<String> = names.filter(|name| *name != "electrum-proto").map(Into::into).collect();
    assert_eq!(listed, built, "ARCHITECTURE.md lists the first");
}

/// The layers from the top down; below each crate what it stands on.
fn picture(packages: &[Package]) -> String {
    let mut picture = String::from("```text\n");
    for (index, (name, crates)) in LAYERS.iter().enumerate().rev() {
        let present: Vec<&Package> =
            crates.iter().filter_map(|name| packages.iter().find(|package| package.name == *name)).collect();
        if present.is_empty() {
            continue;
        }
        writeln!(picture, "{name} {}", "─".repeat(100 - name.len())).expect("a string takes all");
        for package in present {
            let uses = names(package, |name, kind| kind == Dependency::Normal || !package.published && !is_test(name));
            let tests = names(package, |name, kind| kind == Dependency::Dev && is_test(name));
            let mut line = format!("  {:<22}", package.name);
            if !uses.is_empty() {
                write!(line, "uses {uses}").expect("a string takes all");
            }
            if !tests.is_empty() && package.published {
                write!(line, "{}tested with {tests}", if uses.is_empty() { "" } else { "; " })
                    .expect("a string takes all");
            }
            writeln!(picture, "{}", line.trim_end()).expect("a string takes all");
        }
        if index > 0 {
            picture.push('\n');
        }
    }
    picture.push_str("```\n");
    picture
}

fn is_test(name: &str) -> bool {
    TEST_CRATES.contains(&name)
}

fn names(package: &Package, wanted: impl Fn(&str, Dependency) -> bool) -> String {
    let of_interest = package.depends_on.iter().filter(|(name, kind)| wanted(name, **kind));
    of_interest.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}
