//! The catalogue of hostile servers as it stands. What it does to clients is tested with the adapters.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use electrum_testkit::hostile::{self, Expect, Group, Hostile};

#[test]
fn names_are_identifiers_and_differ() {
    let mut names = BTreeSet::new();
    for entry in hostile::catalogue() {
        assert!(entry.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{}", entry.name);
        assert!(names.insert(entry.name), "{} stands there twice", entry.name);
        assert_eq!(hostile::find(entry.name).map(|found| found.does), Some(entry.does));
    }
    assert!(hostile::find("friendly").is_none());
    assert!(Group::ALL.iter().all(|group| group.entries().len() >= 8));
}

#[test]
fn a_server_is_hostile_once_or_for_ever() {
    let shake = |server: &Hostile| {
        let mut stream = BufReader::new(TcpStream::connect(server.addr()).unwrap());
        let mut say = |text: &str| {
            writeln!(stream.get_mut(), "{text}").unwrap();
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            line
        };
        let version = say(r#"{"id":1,"method":"server.version","params":["x","1.4"]}"#);
        (version.contains("1.4"), say(r#"{"id":2,"method":"server.ping"}"#))
    };
    for (name, hostile, then) in [("error_as_string", "go away", "null"), ("closes_when_asked", "", "")] {
        let server = Hostile::start(hostile::find(name).unwrap());
        let (first, second) = (shake(&server), shake(&server));
        assert!(first.0 && first.1.contains(hostile), "{name}: {first:?}");
        assert!(second.0 && second.1.contains(then), "{name}: {second:?}");
        assert_eq!(second.1.is_empty(), hostile::find(name).unwrap().expect.is_for_ever());
        assert!(server.accepted().is_sorted() && server.accepted().len() == 2);
    }
    assert!(Expect::NeverReady("", "").is_for_ever());
}

/// Compares the table in the README; with `UPDATE_DOCS` set, writes it. The table has the servers on WebSockets.
#[test]
#[cfg(feature = "websocket")]
fn the_readme_lists_the_catalogue() {
    const BEGIN: &str = "<!-- the catalogue of hostile servers -->\n";
    const END: &str = "<!-- the end of the catalogue -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}{}{END}{after}", hostile::table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, expected).unwrap();
        return;
    }
    assert!(readme == expected, "README.md is not up to date: run the tests with UPDATE_DOCS=1");
}
