//! What a terminal shows: whole words whatever its width, colours, and progress that is gone when the work is done.

use std::io::Read;
use std::num::NonZero;
use std::process::Child;
use std::sync::mpsc::channel;
use std::thread;

use crate::faulty::{Reply, faulty};
use crate::tool::{BOUND, SETTINGS, closed_port, file_in, run};
use electrum_testkit::prelude::*;
use pty_process::Size;
use pty_process::blocking::{Command, open};

/// More lines than anything here prints, so that nothing is scrolled away.
const ROWS: u16 = 500;
const COLUMNS: [u16; 3] = [40, 80, 100];

/// What came of a run in a terminal.
struct Shown {
    code: Option<i32>,
    /// Everything that was written to the terminal.
    written: String,
    /// What it shows at the end, as lines, and whether each goes on in the next because it was too long.
    lines: Vec<(String, bool)>,
}

/// Ends the tool when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A number of rows or columns.
fn size(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("there are some")
}

fn run_in_terminal(columns: u16, args: &[&str]) -> Shown {
    let (mut terminal, end) = open().expect("a terminal");
    terminal.resize(Size::new(ROWS, columns)).expect("a size");
    let mut command = Command::new(env!("CARGO_BIN_EXE_electrum-cli"));
    for name in SETTINGS {
        command = command.env_remove(format!("ELECTRUM_{name}"));
    }
    let command = command.env("XDG_CONFIG_HOME", "/nonexistent").env("TERM", "xterm-256color").env_remove("NO_COLOR");
    let child = command.env_remove("COLUMNS").args(args).spawn(end).expect("the tool starts");
    let mut running = Running(child);
    let (sender, chunks) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        // At the end there is an error on Linux, and nothing elsewhere.
        while let Ok(count @ 1..) = terminal.read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut parser = vt100::Parser::new(size(ROWS), size(columns), 0);
    let mut written = Vec::new();
    loop {
        match chunks.recv_timeout(BOUND) {
            Ok(chunk) => written.extend(chunk),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("the tool says nothing more, and does not end"),
        }
    }
    parser.process(&written);
    let screen = parser.screen();
    let rows = screen.rows(0, columns).enumerate();
    let lines = rows.map(|(row, text)| (text, screen.row_wrapped(u16::try_from(row).expect("few"))));
    let mut lines: Vec<_> = lines.collect();
    lines.truncate(lines.iter().rposition(|(line, _)| !line.is_empty()).map_or(0, |last| last + 1));
    let code = running.0.wait().expect("it ends").code();
    Shown { code, written: String::from_utf8_lossy(&written).into_owned(), lines }
}

impl Shown {
    fn text(&self) -> String {
        self.lines.iter().map(|(line, _)| format!("{line}\n")).collect()
    }

    fn words(&self) -> Vec<String> {
        self.text().split_whitespace().map(str::to_owned).collect()
    }

    /// That no word is broken but those that are longer than a line.
    #[track_caller]
    fn breaks_no_word(&self, columns: u16, args: &[&str]) {
        for (index, (line, goes_on)) in self.lines.iter().enumerate() {
            if *goes_on {
                let next = self.lines.get(index + 1).map_or("", |(line, _)| line);
                let begin = line.rsplit(' ').next().unwrap_or_default();
                let rest = next.split(' ').next().unwrap_or_default();
                // What stands before it in the line is only its indentation.
                let is_long = begin.len() + rest.len() + 8 > usize::from(columns);
                assert!(is_long, "{begin}{rest} is broken in {columns} columns by {args:?}:\n{}", self.text());
            }
        }
    }
}

#[test]
fn help_shows_whole_words_in_terminals_of_any_width() {
    let commands = run(&["--help"]).lines;
    let names = commands.iter().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = names.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    let mut all: Vec<Vec<&str>> = vec![vec!["--help"], vec!["-h"]];
    all.extend(names.filter(|name| *name != "help").flat_map(|name| [vec![name, "-h"], vec![name, "--help"]]));
    assert!(all.len() > 40);
    for args in all {
        let plain: Vec<String> =
            run(&args).lines.iter().flat_map(|line| line.split_whitespace()).map(str::to_owned).collect();
        for columns in COLUMNS {
            let shown = run_in_terminal(columns, &args);
            assert_eq!(shown.code, Some(0));
            shown.breaks_no_word(columns, &args);
            assert_eq!(shown.words(), plain, "{args:?} in {columns} columns");
        }
    }
}

#[test]
fn results_and_errors_show_whole_words_in_terminals_of_any_width() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let url = server.url();
    let address = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
    let txid = server.chain(|chain| chain.block(100).expect("it is mined").txids[0].to_string());
    let down = closed_port();
    for args in [
        &["balance", address][..],
        &["balance", &url, "address"],
        &["balance", &url, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"],
        &["header", &url, "x"],
        &["balance", &url, address],
        &["balance", &url, "--isolate", address],
        &["header", &down],
        &["header", &url, "999999"],
        &["probe", &url],
        &["probe", &url, "--range", "2.0..3.0"],
        &["doctor", &url, &down],
        &["fees", &url],
        &["features", &url],
        &["merkle", &url, &txid, "100"],
        &["config", &url],
        &["watch", &url, "--for", "1"],
        &["bench", &url, "--calls", "1"],
    ] {
        for columns in COLUMNS {
            let shown = run_in_terminal(columns, args);
            assert!(!shown.lines.is_empty(), "{args:?}");
            shown.breaks_no_word(columns, args);
        }
    }
}

#[test]
fn there_are_colours_in_a_terminal_and_none_elsewhere() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let url = server.url();
    for args in [&["probe", &url][..], &["--help"], &["header", &url, "999999"], &["header", &url, "x"]] {
        assert!(run_in_terminal(80, args).written.contains("\x1b["), "{args:?}");
        let plain = run(args);
        assert!(!plain.errors.contains('\x1b') && !plain.lines.concat().contains('\x1b'), "{args:?}");
    }
    // JSON has none even there.
    let shown = run_in_terminal(80, &["probe", &url, "--json"]);
    assert!(!shown.written.contains('\x1b'), "{:?}", shown.written);
}

#[test]
fn progress_is_shown_while_it_lasts_and_gone_when_it_is_done() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let file = &file_in(&folder, "headers");
    let shown = run_in_terminal(80, &["headers", &server.url(), file]);
    assert_eq!(shown.code, Some(0));
    for words in ["of 111 headers", "left"] {
        assert!(shown.written.contains(words), "{words} in {:?}", shown.written);
    }
    let text = shown.text();
    assert!(!text.contains("of 111 headers,") && text.contains("headers 0 to 110"), "{text}");
    // Where it goes to a file there is none.
    assert_eq!(run(&["headers", &server.url(), file]).errors, "");
}

#[test]
fn what_takes_long_without_steps_is_named_while_it_is_waited_for() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let url = faulty(&server, |method, _| (method == "blockchain.block.header").then_some(Reply::Silence));
    let shown = run_in_terminal(80, &["header", &url, "5", "--timeout", "3"]);
    assert_eq!(shown.code, Some(1));
    assert!(shown.written.contains("waiting for header 5"), "{:?}", shown.written);
    let text = shown.text();
    assert!(!text.contains("waiting for header 5") && text.contains("error:"), "{text}");
}
