//! The house rules, on the project itself: layers, imports, words.

use workspace_tests::{files, imports, layers, metadata, words};

#[test]
fn no_crate_depends_on_one_above_it() {
    let found = layers::violations(&metadata::packages());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_two_files_and_no_two_folders_import_each_other() {
    let mut found = Vec::new();
    for target in metadata::packages().iter().flat_map(|package| &package.targets) {
        for ring in imports::rings(target).into_iter().chain(imports::folder_rings(target)) {
            let names = ring.iter().map(|file| file.strip_prefix(files::root()).unwrap_or(file).display().to_string());
            found.push(names.collect::<Vec<_>>().join(" -> "));
        }
    }
    assert!(found.is_empty(), "files or folders that import each other:\n{}", found.join("\n"));
}

/// Cargo links the programs of all crates into the same folders: of two with one name, either may be what a test runs.
#[test]
fn no_two_programs_have_one_name() {
    let mut names: Vec<String> = metadata::packages().into_iter().flat_map(|package| package.programs).collect();
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert!(names.contains(&"electrum-cli".to_owned()) && twice.is_empty(), "{twice:?} of {names:?}");
}

#[test]
fn the_words_are_those_of_the_field() {
    let table = words::table(&files::read("CONTRIBUTING.md"));
    assert!(table.len() > 20, "CONTRIBUTING.md has the table of words: {table:?}");
    let checked = files::tracked().into_iter().filter(|file| has_words_of_ours(file));
    let found: Vec<String> = checked.flat_map(|file| words::findings(&file, &files::read(&file), &table)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Sources, documents and scripts; neither the table itself nor what real servers said.
fn has_words_of_ours(file: &str) -> bool {
    let is_text = [".rs", ".md", ".toml", ".py", ".sh", ".js", ".html", ".yml"].iter().any(|end| file.ends_with(end));
    let is_script = file.starts_with(".ci/")
        || file.starts_with("tests/") && !file.contains('.')
        || ["electrum-cli/package", "model/planted-bugs"].iter().any(|script| file.ends_with(script));
    let is_apart =
        file == "CONTRIBUTING.md" || file.starts_with("tests/transcripts/") || file == "tests/workspace/tests/words.rs";
    (is_text || is_script) && !is_apart
}
