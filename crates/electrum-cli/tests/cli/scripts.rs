//! What people write for scripts: descriptors, names of the configuration file, lines of standard input.

use crate::tool::{Tool, configured, run};
use electrum_testkit::hash::from_hex;
use electrum_testkit::{address, prelude::*};
use serde_json::{Value, json};

/// The account key of BIP 84 in the form for test networks, and its first two scripts for receiving.
pub(crate) const KEY: &str =
    "tpubDCxX2sYFS5bDkSe5GKKYHjBW7tgyN1R3UchpLJvdbf54ohxeGRtd8MbDUe1cguVHe4vnK68DsuD5MXjxi9EXx16rb9EnNsaF5KT99CinaJz";
pub(crate) const SCRIPTS: [&str; 2] =
    ["0014c0cebcd6c3d3ca8c75dc5ec62ebe55330ef910e2", "00149c90f934ea51fa0f6504177043e0908da6929983"];
/// The same account key for the main network.
const MAINNET_KEY: &str =
    "xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V";

fn script_bytes(digits: &str) -> Vec<u8> {
    from_hex(digits).expect("hex")
}

#[test]
fn the_range_of_a_descriptor_is_summed() {
    for family in [Family::Fulcrum2_1, Family::ElectrumX2_0, Family::Electrs] {
        let server = Server::builder(family).prompt().start().expect("a port");
        server.pay(&script_bytes(SCRIPTS[0]), 70_000);
        server.mine(1);
        server.pay(&script_bytes(SCRIPTS[1]), 5_000);
        let descriptor = format!("wpkh({KEY}/0/*)");
        let done = run(&["balance", &server.url(), &descriptor, "--json"]);
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{family}");
        let addresses = SCRIPTS.map(|script| address::of_script(&script_bytes(script)).expect("it has one"));
        let hashes = SCRIPTS.map(|script| Scripthash::of_script(&script_bytes(script)).to_string());
        let expected = json!({"descriptor": descriptor, "confirmed": 70_000, "unconfirmed": 5_000, "scripts": [
            {"index": 0, "script": addresses[0], "scripthash": hashes[0], "confirmed": 70_000, "unconfirmed": 0},
            {"index": 1, "script": addresses[1], "scripthash": hashes[1], "confirmed": 0, "unconfirmed": 5_000},
        ]});
        assert_eq!(done.objects(), [expected]);

        let words = run(&["balance", &server.url(), &descriptor]).lines.join("\n");
        for shown in ["0.00070000", "0.00005000", &format!("index 1  {}", addresses[1])] {
            assert!(words.contains(shown), "{shown} in {words}");
        }
        let only = run(&["balance", &server.url(), &descriptor, "--indexes", "1..5", "--json"]).objects()[0].clone();
        assert_eq!((&only["confirmed"], &only["unconfirmed"]), (&json!(0), &json!(5_000)));
        let history = run(&["history", &server.url(), &descriptor, "--json"]).objects()[0].clone();
        assert_eq!(history["scripts"].as_array().map(Vec::len), Some(2), "{history}");
        assert_eq!(history["scripts"][0]["history"][0]["height"], 111);
        let unspent = run(&["unspent", &server.url(), &descriptor]).lines.join("\n");
        assert_eq!(unspent.matches(":0  0.000").count(), 2, "{unspent}");
        let nothing = run(&["unspent", &server.url(), &descriptor, "--indexes", "50..59"]).lines;
        assert_eq!(nothing.last().map(|line| line.trim()), Some("nothing at any of 10 scripts"));
    }
}

#[test]
fn a_descriptor_of_one_script_is_that_script() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    server.pay(&script_bytes(SCRIPTS[1]), 5_000);
    let found = run(&["balance", &server.url(), &format!("wpkh({KEY}/0/1)"), "--json"]).objects()[0].clone();
    assert_eq!((&found["unconfirmed"], &found["script"]), (&json!(5_000), &json!(format!("wpkh({KEY}/0/1)"))));
}

#[test]
fn a_descriptor_of_another_network_is_refused() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let done = run(&["balance", &server.url(), &format!("wpkh({MAINNET_KEY}/0/*)"), "--json"]);
    assert_eq!((done.code, done.lines.len()), (Some(1), 1));
    assert_eq!(done.objects()[0]["error"]["cause"], "wrong_network");
}

#[test]
fn a_server_that_claims_more_than_there_is_for_a_descriptor_is_not_believed() {
    let server = Server::builder(Family::Electrs).prompt().start().expect("a port");
    let url = crate::faulty::faulty(&server, |method, _| {
        let all = r#"{"confirmed": 2000000000000000, "unconfirmed": 0}"#;
        method.ends_with("get_balance").then(|| crate::faulty::Reply::Result(all.into()))
    });
    let done = run(&["balance", &url, &format!("wpkh({KEY}/0/*)"), "--json"]);
    assert_eq!(done.code, Some(1));
    let objects = done.objects();
    assert_eq!(objects[0]["error"]["cause"], "other_chain");
    assert!(objects[1]["confirmed"].is_null() && objects[1]["scripts"].as_array().map(Vec::len) == Some(20));
}

#[test]
fn descriptors_that_cannot_be_used_are_explained() {
    let server = Server::start(Family::Electrs);
    for (args, words) in [
        (vec![format!("wpkh({KEY}/0/*h)")], "hardened"),
        (vec!["pkh(xprv9s21ZrQH143K)".to_owned()], "private key"),
        (vec!["addr(1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb)".to_owned()], "mistyped"),
        (vec!["raw(deadbeef)#89f8spxn".to_owned()], "mistyped"),
        (vec!["wpkh(".to_owned()], "no output descriptor"),
        (vec![format!("wpkh({KEY}/0/*)"), "--indexes".into(), "0..10000".into()], "0..99"),
        (vec!["savings".to_owned()], "nor a name of the configuration file"),
    ] {
        for command in ["balance", "watch"] {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let done = run(&[&[command, &server.url()][..], &args].concat());
            assert_eq!((done.code, done.lines.len()), (Some(2), 0), "{args:?}: {}", done.errors);
            assert!(done.errors.contains(words), "{args:?}: {}", done.errors);
        }
    }
    assert_eq!(server.stats().connections, 0);
}

#[test]
fn a_private_key_is_refused_and_not_repeated() {
    let server = Server::start(Family::Electrs);
    let extended = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
    let wif = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn";
    for key in [extended, wif] {
        for command in ["balance", "watch"] {
            for word in [key, &format!("wpkh({key})"), "-"] {
                let mut tool = Tool::start(&[command, &server.url(), word]);
                if word == "-" {
                    tool.say(&format!("{key}\n"));
                }
                let done = tool.finish();
                assert_eq!((done.code, done.lines.len()), (Some(2), 0), "{command}: {}", done.errors);
                assert!(done.errors.contains("private key") && !done.errors.contains(key), "{}", done.errors);
            }
        }
    }
    assert_eq!(server.stats().connections, 0);
}

#[test]
fn a_descriptor_of_an_address_stands_for_it() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    server.pay(&script_bytes(SCRIPTS[0]), 70_000);
    let address = address::of_script(&script_bytes(SCRIPTS[0])).expect("it has one");
    let raw = format!("raw({})", SCRIPTS[0]);
    let done = run(&["balance", &server.url(), &format!("addr({address})"), &raw, "--json"]);
    assert_eq!((done.code, done.errors.as_str()), (Some(0), ""));
    let found: Vec<Value> = done.objects().iter().map(|object| object["unconfirmed"].clone()).collect();
    assert_eq!(found, [json!(70_000), json!(70_000)]);
}

#[test]
fn names_of_the_configuration_file_stand_for_servers_and_scripts() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    server.pay(&script_bytes(SCRIPTS[0]), 70_000);
    let folder = configured(&format!(
        "[servers]\nhome = '{}'\n[scripts]\nsavings = 'wpkh({KEY}/0/*)'\nboth = ['{}', 'script:{}']\n",
        server.url(),
        SCRIPTS[0],
        SCRIPTS[1]
    ));
    let with = |args: &[&str]| Tool::start_with(args, &[("XDG_CONFIG_HOME", folder.path())]);
    let done = with(&["balance", "-s", "home", "savings", "both", "--json"]).finish().succeeded();
    let amounts: Vec<Value> = done.objects().iter().map(|object| object["unconfirmed"].clone()).collect();
    assert_eq!(amounts, [json!(70_000), json!(70_000), json!(0)]);
    let shown = with(&["config"]).finish().lines.join("\n");
    assert!(shown.contains("savings") && shown.contains(KEY), "{shown}");

    let tool = with(&["watch", "-s", "home", "both", "--json", "--for", "3"]);
    let done = tool.finish();
    let objects = done.objects();
    let topics = objects.iter().filter(|object| object["event"] == "update").map(|object| object["topic"].clone());
    let mut topics: Vec<String> = topics.map(|topic| topic.as_str().expect("a text").to_owned()).collect();
    topics.sort();
    assert_eq!(topics, ["headers".to_owned(), format!("script:{}", SCRIPTS[1]), format!("script:{}", SCRIPTS[0])]);
}

#[test]
fn watch_takes_addresses_descriptors_and_standard_input() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    let address = address::of_script(&script(1)).expect("it has one");
    let descriptor = format!("wpkh({KEY}/0/*)");
    let mut tool = Tool::start(&["watch", &server.url(), &address, "-", "--indexes", "0..1", "--json"]);
    tool.say(&format!("# the account\n{descriptor}\n"));
    let mut watched = Vec::new();
    while watched.len() < 4 {
        let object = tool.object();
        if object["event"] == "update" {
            watched.push(object["script"].as_str().unwrap_or("headers").to_owned());
        }
    }
    watched.sort();
    let index = |index| format!("{descriptor}, index {index}");
    assert_eq!(watched, [address, "headers".to_owned(), index(0), index(1)]);
    server.pay(&script_bytes(SCRIPTS[1]), 5_000);
    let update = tool.object();
    assert_eq!((&update["script"], &update["origin"]), (&json!(index(1)), &json!("live")), "{update}");
    assert!(update["status"].is_string(), "{update}");
}

#[test]
fn a_script_and_a_hash_are_watched_on_a_protocol_that_has_hashes() {
    let server = Server::builder(Family::ElectrumX2_0).prompt().start().expect("a port");
    let hash = Scripthash::of_script(&script(2)).to_string();
    let done = run(&["watch", &server.url(), SCRIPTS[0], &hash, "--for", "3", "--json"]).succeeded();
    let ready = done.objects().into_iter().find(|object| object["event"] == "ready").expect("it is there");
    assert_eq!(ready["version"], "1.6");
}
