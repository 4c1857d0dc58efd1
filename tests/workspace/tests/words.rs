//! The search for words, on planted ones.

use workspace_tests::words::{findings, table};

const CONTRIBUTING: &str = "\
# Contributing

## Words

| avoid | say | except in |
|---|---|---|
| dog, hot dog, dogs | cat | dog days, DOG_FOOD |
| `Slot`, `take_back` | Oneshot | |

## Tests

| bird | fish | |
";

#[test]
fn words_are_found_in_text_in_names_and_in_the_names_of_files() {
    let code = "/// A dog.\nfn feed_dog() { let big = HotDog; }\n// Nothing: dogma, hotdog.\n";
    let found = ["a.rs:1: \"dog\", say: cat", "a.rs:2: \"dog\", say: cat", "a.rs:2: \"hot dog\", say: cat"];
    assert_eq!(findings("a.rs", code, &table(CONTRIBUTING)), found);
    assert_eq!(findings("src/my_dog.rs", "", &table(CONTRIBUTING)), ["src/my_dog.rs: \"dog\", say: cat"]);
}

#[test]
fn names_are_found_as_identifiers_only() {
    let code = "// A Slot: take_back.\nstruct Slots;\nstruct Slot;\nconst TEXT: &str = \"Slot\";\n";
    assert_eq!(findings("a.rs", code, &table(CONTRIBUTING)), ["a.rs:3: \"Slot\", say: Oneshot"]);
    assert_eq!(findings("a.md", "A Slot, and take_back.", &table(CONTRIBUTING)), Vec::<String>::new());
    let file = findings("src/take_back.rs", "", &table(CONTRIBUTING));
    assert_eq!(file, ["src/take_back.rs: \"take_back\", say: Oneshot"]);
}

#[test]
fn exceptions_and_other_tables_are_no_findings() {
    let text = "In dog days.\nDOG_FOOD=1\nA bird.\n";
    assert_eq!(findings("a.md", text, &table(CONTRIBUTING)), Vec::<String>::new());
}
