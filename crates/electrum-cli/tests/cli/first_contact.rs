//! What a new user meets: help, servers by name, swapped arguments, completions, manuals, and a server to try.

use std::fs;
use std::path::Path;

use crate::tool::{Done, Tool, closed_port, configure, configured, run};
use electrum_testkit::prelude::*;
use serde_json::json;

const ADDRESS: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

fn with(args: &[&str], variables: &[(&str, &str)]) -> Done {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, Path::new(*value))).collect();
    Tool::start_with(args, &variables).finish()
}

#[test]
fn the_server_comes_from_the_command_line_or_the_environment_or_the_file_in_that_order() {
    let servers = [Family::Fulcrum2_1, Family::Electrs, Family::ElectrumX1_16].map(Server::start);
    let urls = servers.each_ref().map(Server::url);
    let folder = configured(&format!(
        "server = 'home'\nnetwork = 'regtest'\n[servers]\nhome = '{}'\nboth = ['{}', '{}']\n",
        urls[2], urls[0], urls[1]
    ));
    let file = folder.path().join("electrum-cli/config.toml");
    let config = ("XDG_CONFIG_HOME", folder.path().to_str().expect("UTF-8"));
    // A list as people write it, with spaces, and with the end of the line that it was read from.
    let environment = ("ELECTRUM_SERVER", &format!(" {} ,\n", urls[1])[..]);
    let asked = |done: &Done| {
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""));
        servers.each_ref().map(|server| server.stats().connections)
    };
    assert_eq!(asked(&with(&["header"], &[config])), [0, 0, 1]);
    assert_eq!(asked(&with(&["header"], &[config, environment])), [0, 1, 1]);
    assert_eq!(asked(&with(&["header", &urls[0]], &[config, environment])), [1, 1, 1]);
    assert_eq!(asked(&with(&["header", "-s", "both"], &[config])), [2, 1, 1]);
    assert_eq!(asked(&with(&["balance", ADDRESS, "--server", &urls[0]], &[config])), [3, 1, 1]);

    let found = with(&["config", "--json"], &[config, environment]).objects()[0].clone();
    assert_eq!((&found["file"], &found["file_exists"]), (&json!(file), &json!(true)));
    let setting = |name: &str| {
        let settings = found["settings"].as_array().expect("a list");
        settings.iter().find(|setting| setting["name"] == name).expect("it is listed").clone()
    };
    assert_eq!(setting("server"), json!({"name": "server", "value": urls[1], "source": "environment"}));
    assert_eq!(setting("network"), json!({"name": "network", "value": "regtest", "source": "configuration file"}));
    assert_eq!(setting("trust")["source"], "default");
    let words = with(&["config", "--network", "signet"], &[config]).lines.join("\n");
    assert!(words.contains("signet") && words.contains("command line") && words.contains("-s both"), "{words}");

    let done = with(&["header", "-s", "nowhere"], &[config]);
    assert_eq!(done.code, Some(2));
    assert!(done.errors.contains("both, home"), "{}", done.errors);
    configure(&folder, "servr = 'x'");
    let done = with(&["header"], &[config]);
    assert_eq!(done.code, Some(2));
    assert!(done.errors.contains("config.toml") && done.errors.contains("servr"), "{}", done.errors);
    let done = with(&["header"], &[]);
    assert_eq!(done.code, Some(2));
    assert!(done.errors.contains("ELECTRUM_SERVER"), "{}", done.errors);
}

#[test]
fn of_several_servers_the_next_is_asked_when_one_fails() {
    let down = closed_port();
    let refusing = Scripted::start(vec![Step::call("server.version"), Step::error(1, "unsupported protocol version")]);
    let up = Server::start(Family::Fulcrum2_1);
    let done = run(&["balance", &down, &refusing.url(), &up.url(), ADDRESS, "--json"]).succeeded();
    assert_eq!(done.objects()[0]["confirmed"], 0);
    // When all fail each is named.
    let done = run(&["header", &down, "tcp://127.0.0.1:1", "--json"]);
    assert_eq!((done.code, done.lines.len()), (Some(1), 2));
    assert!(done.errors.contains(&down) && done.errors.contains("127.0.0.1:1 "), "{}", done.errors);
}

#[test]
fn swapped_arguments_are_explained() {
    let txid = "ab".repeat(32);
    for (args, words) in [
        (&["balance", ADDRESS, "tcp://127.0.0.1:1"][..], "servers come first"),
        (&["tcp://127.0.0.1:1", "balance", ADDRESS], "the command comes before it"),
        (&["merkle", "tcp://127.0.0.1:1", "100", &txid], "the transaction id comes before the height"),
        (&["balance", "electrum.example.org", ADDRESS], "a server is written"),
    ] {
        let done = run(args);
        assert_eq!(done.code, Some(2), "{args:?}");
        assert!(done.errors.contains(words), "{words:?} in {}", done.errors);
    }
}

#[test]
fn the_network_by_its_name() {
    let server = Server::start(Family::Fulcrum2_1);
    assert_eq!(run(&["header", &server.url(), "--network", "regtest"]).code, Some(0));
    for network in ["mainnet", "testnet", "testnet4", "signet"] {
        let done = run(&["header", &server.url(), "--network", network, "--json"]);
        assert_eq!(done.code, Some(1), "{network}");
        assert_eq!(done.objects()[0]["error"]["cause"], "wrong_chain");
    }
    assert_eq!(run(&["header", &server.url(), "--network", "litecoin"]).code, Some(2));
}

#[test]
fn scripts_from_standard_input() {
    let server = Server::start(Family::Fulcrum2_1);
    let mut tool = Tool::start(&["balance", &server.url(), "-", "--json"]);
    tool.say(&format!("# mine\n{ADDRESS}\n\n0014751e76e8199196d454941c45d1b3a323f1433bd6\n"));
    let done = tool.finish();
    assert_eq!((done.code, done.lines.len(), done.errors.as_str()), (Some(0), 2, ""));
    let mut tool = Tool::start(&["balance", &server.url(), "-"]);
    tool.say("mistyped\n");
    let done = tool.finish();
    assert_eq!(done.code, Some(2));
    assert!(done.errors.contains("standard input: mistyped"), "{}", done.errors);
}

#[test]
fn help_breaks_no_word_however_narrow_the_terminal_is() {
    let words =
        |lines: &[String]| lines.iter().flat_map(|line| line.split_whitespace()).map(str::to_owned).collect::<Vec<_>>();
    for command in [&["--help"][..], &["balance", "--help"], &["watch", "-h"], &["headers", "--help"]] {
        let wide = words(&with(command, &[("COLUMNS", "1000")]).lines);
        for columns in [40, 80, 100] {
            let done = with(command, &[("COLUMNS", &columns.to_string())]);
            assert_eq!(words(&done.lines), wide, "{command:?} in {columns} columns");
            for line in &done.lines {
                // A word longer than the line, and the usage, stay whole.
                let longest = line.split_whitespace().map(str::len).max().unwrap_or_default();
                let is_usage = line.starts_with("Usage: ");
                assert!(line.len() <= columns.max(longest + 12) || is_usage, "{columns}: {line}");
            }
        }
    }
}

#[test]
fn a_manual_page_for_the_tool_and_for_each_command() {
    let folder = tempfile::tempdir().expect("a folder");
    run(&["man", folder.path().to_str().expect("UTF-8")]).succeeded();
    for (page, words) in [
        ("electrum-cli.1", "Exit codes"),
        ("electrum-cli-balance.1", "ELECTRUM_SERVER"),
        ("electrum-cli-balance.1", "ELECTRUM_AUTHORIZATION_FILE"),
        ("electrum-cli-watch.1", "ELECTRUM_PADDING"),
    ] {
        let text = fs::read_to_string(folder.path().join(page)).expect("it was written");
        assert!(text.contains(words), "{page}: {text}");
    }
}

#[test]
fn a_fake_server_to_try_clients_on() {
    let mut server = Tool::start(&["serve", "fulcrum-2.1"]);
    let url = server.line().expect("its address");
    assert!(run(&["header", &url]).lines[0].ends_with(" 110"));
    server.say("mine 2\npay 0014751e76e8199196d454941c45d1b3a323f1433bd6 5000\nsing\n");
    assert!(server.line().expect("an answer").starts_with("block "));
    assert!(server.line().expect("an answer").starts_with("transaction "));
    assert!(server.line().expect("an answer").starts_with("mine BLOCKS"));
    let done = run(&["balance", &url, ADDRESS, "--json"]);
    assert_eq!(done.objects()[0]["unconfirmed"], 5000);
    // Its input has ended, and it goes on.
    assert!(run(&["header", &url]).lines[0].ends_with(" 112"));

    let mining = Tool::start(&["serve", "electrs", "--mine-every", "0.1"]);
    mining.line().expect("its address");
    assert!(mining.line().expect("a block").starts_with("block "));
    let done = run(&["serve", "electrumz"]);
    assert_eq!(done.code, Some(2));
    assert!(done.errors.contains("electrs-esplora"), "{}", done.errors);
}
