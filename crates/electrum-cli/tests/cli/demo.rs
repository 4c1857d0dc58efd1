//! The demonstration in the README: a session in a terminal as text, written by this test and compared.
//! `UPDATE_DOCS=1 cargo test -p electrum-cli --test cli demo` writes it.

use crate::tool::run;
use electrum_testkit::hash::from_hex;
use electrum_testkit::prelude::*;

const BEGIN: &str = "<!-- generated: demo -->\n";
const END: &str = "<!-- end -->";
/// The server as it is shown.
const SERVER: &str = "tcp://127.0.0.1:50001";
const ADDRESS: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const SCRIPT: &str = "0014751e76e8199196d454941c45d1b3a323f1433bd6";

/// What is typed, and what the tool answers with what differs from run to run replaced.
fn session() -> String {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let script = from_hex(SCRIPT).expect("hex");
    server.pay(&script, 70_000);
    server.mine(1);
    let txid = server.pay(&script, 5_000).to_string();
    let mut text = String::new();
    for typed in [
        &["probe", SERVER][..],
        &["balance", SERVER, ADDRESS],
        &["history", SERVER, ADDRESS],
        &["tx", SERVER, &txid, "--inputs"],
        &["header", SERVER, "112"],
        &["doctor", SERVER],
    ] {
        text += &format!("$ electrum-cli {}\n", typed.join(" "));
        let url = server.url();
        let args: Vec<&str> = typed.iter().map(|word| if *word == SERVER { &url } else { *word }).collect();
        let done = run(&args);
        for line in done.lines.iter().map(String::as_str).chain(done.errors.lines()) {
            text += &shown(line, &server);
            text.push('\n');
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

/// A line with the server's port and all times as they might be.
fn shown(line: &str, server: &Server) -> String {
    let mut line = line.replace(&server.url(), SERVER);
    // Elsewhere the digits may be those of a hash.
    if line.contains("port ") {
        line = line.replace(&server.addr().port().to_string(), "50001");
    }
    match line.find(" ms") {
        Some(end) => {
            let begin = line[..end].rfind(|c: char| !c.is_ascii_digit() && c != '.').map_or(0, |at| at + 1);
            format!("{}0.3{}", &line[..begin], &line[end..])
        }
        None => line,
    }
}

#[test]
fn the_session_in_the_readme_is_what_the_tool_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).expect("the README");
    let begin = readme.find(BEGIN).expect("its place") + BEGIN.len();
    let end = begin + readme[begin..].find(END).expect("its end");
    let now = format!("```text\n{}```\n", session());
    assert!(now.contains("error:"), "what fails is shown, too");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, [&readme[..begin], &now, &readme[end..]].concat()).expect("the README");
        return;
    }
    let (written, now): (Vec<_>, Vec<_>) = (readme[begin..end].lines().collect(), now.lines().collect());
    assert_eq!(written, now);
}
