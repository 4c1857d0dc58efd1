//! Which operation was seen on which version.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use electrum_proto::operations::OPERATIONS;
use electrum_proto::{ProtocolVersion, VersionRange};

use crate::operations::Case;
use crate::recording::Exchange;
use crate::versions::VERSIONS;

/// The versions of the table of operations.
fn shown() -> impl Iterator<Item = ProtocolVersion> {
    VERSIONS.into_iter().filter(|version| VersionRange::ALL.contains(*version))
}

/// Which operation was seen with its result, on which version.
type Cells = BTreeSet<(&'static str, ProtocolVersion)>;

/// The operations whose result was decoded, and the versions of the connections.
#[derive(Default)]
pub(crate) struct Seen {
    recorded: Cells,
    /// Read as an older version from the recordings of a newer one.
    as_older: Cells,
}

/// What tests with servers went through with, as they wrote it down.
#[derive(Default)]
struct Exercised {
    real: Cells,
    testkit: Cells,
}

impl Seen {
    pub(crate) fn operation(&mut self, case: &Case, exchange: &Exchange) {
        self.recorded.insert((case.name, exchange.version));
    }

    pub(crate) fn as_older(&mut self, case: &Case, older: &Exchange) {
        self.as_older.insert((case.name, older.version));
    }

    /// Every operation was seen on every version that has it, and the page that says so is up to date;
    /// with `UPDATE_DOCS` set it is written.
    pub(crate) fn check(&self) {
        let exercised = Exercised::read();
        let mut missing = Cells::new();
        for operation in OPERATIONS {
            for version in shown().filter(|version| operation.method(*version).is_some()) {
                let cell = (operation.name, version);
                let is_seen = match version {
                    // No server that can be had for a test speaks it.
                    ProtocolVersion::V1_1 => exercised.testkit.contains(&cell),
                    _ => self.recorded.contains(&cell) || exercised.real.contains(&cell),
                };
                if !is_seen {
                    missing.insert(cell);
                }
            }
        }
        assert!(missing.is_empty(), "no test goes through with {missing:?}");

        let path = docs().join("exercised.md");
        let expected = self.document(&exercised);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == expected, "docs/exercised.md is not up to date: run the tests with UPDATE_DOCS=1");
    }

    fn document(&self, exercised: &Exercised) -> String {
        let marks = [('R', &exercised.real), ('G', &self.recorded), ('g', &self.as_older), ('T', &exercised.testkit)];
        let mut out = String::from(INTRODUCTION);
        out.push_str("| operation |");
        shown().for_each(|version| write!(out, " {version} |").unwrap());
        out.push_str("\n|---|");
        out.push_str(&"---|".repeat(shown().count()));
        out.push('\n');
        for operation in OPERATIONS {
            write!(out, "| `{}` |", operation.name).unwrap();
            for version in shown() {
                let cell = (operation.name, version);
                let seen: String =
                    marks.iter().filter(|(_, cells)| cells.contains(&cell)).map(|(mark, _)| mark).collect();
                let shown = if operation.method(version).is_none() { "–" } else { &seen };
                write!(out, " {shown} |").unwrap();
            }
            out.push('\n');
        }
        out
    }
}

const INTRODUCTION: &str = "\
# What the operations were tried on

Which tests went through with an operation on each protocol version and looked at its result; – where the version lacks it.

- R: a real ElectrumX, beside what bitcoind says (`ELECTRUM_REAL_SERVERS_TESTS=1 cargo test -p real-servers --test operations`).
  The same tests see every – of 1.2 and later refused before anything is written, on each version of each server.
- G: a recording of a real server, beside an independent reading (`cargo test -p electrum-proto --test golden`).
- g: a recording of 1.2, where 1.1 writes the same request.
- T: the testkit's libbitcoin, as no other server of 1.1 can be had (`cargo test -p electrum-blocking --test protocol_1_1`).

This page is written by the golden test from its own results and from the lists in `exercised/`, which the other two tests write and
compare: first those, then this one, each with `UPDATE_DOCS=1`. The test fails if a cell has neither R nor G, or on 1.1 no T.

";

impl Exercised {
    /// Reads the lists: an operation and its versions in each line.
    fn read() -> Self {
        let mut exercised = Self::default();
        for entry in std::fs::read_dir(docs().join("exercised")).expect("the lists are in docs/exercised") {
            let path = entry.unwrap().path();
            let is_testkit = path.file_stem().is_some_and(|name| name == "testkit");
            let cells = if is_testkit { &mut exercised.testkit } else { &mut exercised.real };
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let mut words = line.split(' ');
                let name = words.next().unwrap();
                let operation = OPERATIONS.iter().find(|operation| operation.name == name).expect(name);
                cells.extend(words.map(|version| (operation.name, version.parse().unwrap())));
            }
        }
        exercised
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/docs")
}
