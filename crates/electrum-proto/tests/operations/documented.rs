//! Each operation is documented in full, and found by a search for its wire method.

use std::path::Path;

use electrum_proto::operations::OPERATIONS;

/// The sources of the operations.
fn sources() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/operations");
    let files = std::fs::read_dir(folder).expect("the sources are part of the package");
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// The documentation and attributes that stand before the definition of the operation.
fn documentation<'a>(sources: &'a [String], name: &str) -> Vec<&'a str> {
    let definitions = [format!("pub struct {name} {{"), format!("pub struct {name};"), format!("{name}, \"")];
    let is_definition = |line: &&str| definitions.iter().any(|start| line.trim_start().starts_with(start));
    let found = sources.iter().find_map(|source| {
        let lines: Vec<&str> = source.lines().collect();
        let at = lines.iter().position(&is_definition)?;
        let before = lines[..at].iter().rev().map(|line| line.trim_start());
        Some(before.take_while(|line| line.starts_with("///") || line.starts_with("#[")).collect())
    });
    found.unwrap_or_else(|| panic!("no definition of {name}"))
}

/// What a search finds the operation by.
fn aliases<'a>(documentation: &[&'a str]) -> Vec<&'a str> {
    let alias = |line: &&'a str| line.strip_prefix("#[doc(alias = \"")?.strip_suffix("\")]");
    documentation.iter().filter_map(alias).collect()
}

#[test]
fn each_operation_has_a_section_an_example_and_its_wire_methods() {
    let sources = sources();
    for operation in OPERATIONS {
        let name = operation.name.rsplit("::").next().unwrap();
        let documentation = documentation(&sources, name);
        for part in ["- Result: ", "- Versions: ", "- Errors: ", "- Protocol documentation: `", "# Example", "```"] {
            assert!(documentation.iter().any(|line| line.contains(part)), "{name} has no {part:?}");
        }
        let aliases = aliases(&documentation);
        // 1.1 has no ping, and another method does as one.
        let methods = operation.methods.iter().filter(|method| name != "Ping" || method.name == "server.ping");
        for method in methods {
            assert!(aliases.contains(&method.name), "a search for {} does not find {name}", method.name);
        }
    }
}

#[test]
fn names_of_other_clients_are_found() {
    let sources = sources();
    for (name, searched) in [
        ("History", "get_history"),
        ("History", "script_get_history"),
        ("Unspent", "listunspent"),
        ("Unspent", "script_list_unspent"),
        ("EstimateFee", "estimatefee"),
        ("EstimateFee", "estimate_fee"),
        ("HeadersSubscribe", "block_headers_subscribe"),
        ("Broadcast", "transaction_broadcast"),
        ("TransactionIdAt", "txid_from_pos"),
        ("Raw", "raw_call"),
    ] {
        assert!(aliases(&documentation(&sources, name)).contains(&searched), "{searched}");
    }
}
