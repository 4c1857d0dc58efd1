//! Finds words that the project does not use, by the table in CONTRIBUTING.md.
//!
//! A word of the table is looked for everywhere: in names, text, comments and messages, split at `_` and at capitals,
//! so that `dog` is found in `feed_dog` and `DogFood`. A word in backticks is a name: only the identifier that is
//! called exactly so is found, in Rust and as the name of a file.

use std::collections::BTreeSet;
use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What not to say.
    pub avoid: String,
    /// Whether only a name that is exactly this is meant.
    pub is_name: bool,
    /// What to avoid, word by word.
    pieces: Vec<String>,
    /// What to say instead.
    pub say: String,
    /// Lines with one of these are right, whatever else they say.
    pub except: Vec<String>,
}

/// Reads the rows of the first table below the heading "Words": what to avoid, what to say, exceptions.
#[must_use]
pub fn table(contributing: &str) -> Vec<Word> {
    let section = contributing.split_once("\n## Words\n").map_or("", |(_, after)| after);
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.flat_map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let (avoid, say, except) = (cells.next(), cells.next(), cells.next());
        let except: Vec<String> = split(except.unwrap_or_default()).collect();
        let say = say.unwrap_or_default().to_owned();
        let words: Vec<String> = split(avoid.unwrap_or_default()).collect();
        words.into_iter().map(move |word| {
            let name = word.strip_prefix('`').and_then(|word| word.strip_suffix('`'));
            Word {
                avoid: name.map_or_else(|| word.to_lowercase(), str::to_owned),
                is_name: name.is_some(),
                pieces: pieces(&word),
                say: say.clone(),
                except: except.clone(),
            }
        })
    })
    .collect()
}

fn split(cell: &str) -> impl Iterator<Item = String> {
    cell.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty())
}

/// Returns the words of the table that stand in a file, one sentence each.
#[must_use]
pub fn findings(path: &str, text: &str, table: &[Word]) -> Vec<String> {
    let mut found = BTreeSet::new();
    let stem = path.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
    for word in table {
        if word.is_name && stem == word.avoid || !word.is_name && contains(&pieces(path), word) {
            found.insert((0, report(path, 0, word)));
        }
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut add = |line: usize, word: &Word| {
        let is_excepted = lines.get(line - 1).is_some_and(|line| word.except.iter().any(|right| line.contains(right)));
        if !is_excepted {
            found.insert((line, report(path, line, word)));
        }
    };
    for (index, line) in lines.iter().enumerate() {
        let pieces = pieces(line);
        for word in table.iter().filter(|word| !word.is_name && contains(&pieces, word)) {
            add(index + 1, word);
        }
    }
    if path.ends_with(".rs") {
        for (line, name) in identifiers(text) {
            for word in table.iter().filter(|word| word.is_name && word.avoid == name) {
                add(line, word);
            }
        }
    }
    found.into_iter().map(|(_, report)| report).collect()
}

fn report(path: &str, line: usize, word: &Word) -> String {
    let place = if line == 0 { path.to_owned() } else { format!("{path}:{line}") };
    format!("{place}: \"{}\", say: {}", word.avoid, word.say)
}

/// The words of a line in lower case, names taken apart.
fn pieces(line: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut before_was_lower = false;
    for letter in line.chars() {
        let begins = letter.is_uppercase() && before_was_lower;
        before_was_lower = letter.is_lowercase() || letter.is_ascii_digit();
        if begins || !letter.is_alphanumeric() {
            pieces.push(String::new());
        }
        if let (true, Some(piece)) = (letter.is_alphanumeric(), pieces.last_mut()) {
            piece.extend(letter.to_lowercase());
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn contains(line: &[String], word: &Word) -> bool {
    !word.pieces.is_empty() && line.windows(word.pieces.len()).any(|window| window == word.pieces)
}

/// The identifiers of Rust code with their lines; none if it is no Rust.
fn identifiers(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if let Ok(tokens) = TokenStream::from_str(text) {
        collect(tokens, &mut found);
    }
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => found.push((ident.span().start().line, ident.to_string())),
            TokenTree::Group(group) => collect(group.stream(), found),
            _ => {}
        }
    }
}
