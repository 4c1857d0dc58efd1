//! Parts of documents that are generated: what stands between `<!-- generated: NAME -->` and `<!-- end -->`.

use std::path::Path;

use crate::files::{read, root};

const END: &str = "<!-- end -->";

/// Compares a generated part of a document with what it should be; with `UPDATE_DOCS=1` it is written.
///
/// # Panics
/// If the document has no such part, or another text in it.
pub fn check(document: &str, name: &str, expected: &str) {
    let text = read(document);
    let begin = format!("<!-- generated: {name} -->");
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{document} has no line {begin}"));
    let (_, after) = rest.split_once(END).unwrap_or_else(|| panic!("{document} has no end of {begin}"));
    let right = format!("{before}{begin}\n{}\n{END}{after}", expected.trim_end());
    if text == right {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(root().join(document), right).unwrap_or_else(|error| panic!("{document}: {error}"));
        return;
    }
    panic!(
        "{document} is not up to date: run `UPDATE_DOCS=1 cargo test -p workspace-tests`. It should say:\n{expected}"
    );
}

/// Returns the relative links of a document in Markdown that lead nowhere.
#[must_use]
pub fn broken_links(document: &str) -> Vec<String> {
    let text = read(document);
    let folder = root().join(document).parent().map(Path::to_owned).unwrap_or_default();
    let targets = text.split("](").skip(1).filter_map(|after| after.split(')').next());
    let files = targets.map(|target| target.split('#').next().unwrap_or_default());
    // Code has brackets of this kind too: a target is a path of plain characters.
    let is_path = |file: &&str| {
        !file.is_empty() && file.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter))
    };
    let mut broken: Vec<String> = files
        .filter(is_path)
        .filter(|file| file.contains(['.', '/']) && !folder.join(file).exists())
        .map(|file| format!("{document}: {file}"))
        .collect();
    broken.dedup();
    broken
}
