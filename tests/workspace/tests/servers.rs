//! What servers do in their own way and what the client makes of it: each row of docs/servers.md is a test.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use electrum_blocking::proto::operations::{Banner, Broadcast, Features, History, TransactionIdAt};
use electrum_blocking::proto::proof::check_not_withheld;
use electrum_blocking::proto::types::RawTransaction;
use electrum_blocking::proto::{Script, Topic, Update, VersionRange};
use electrum_blocking::transport::ServerAddr;
use electrum_blocking::{Client, Config};
use electrum_testkit::prelude::*;
use electrum_testkit::session::{BIP30_PAIRS, Busy, OnPair};
use workspace_tests::documents::check;

/// More than any of this takes.
const BOUND: Duration = Duration::from_secs(60);

/// What a server does in its own way, and what the client does then.
struct Row {
    server: &'static str,
    quirk: &'static str,
    client: &'static str,
    test: fn(),
}

const ROWS: &[Row] = &[
    Row {
        server: "all eight families",
        quirk: "speak different parts of 1.0 to 1.7",
        client: "agrees on the highest version that both speak, before anything else is sent",
        test: every_family_is_agreed_with,
    },
    Row {
        server: "electrs of Esplora",
        quirk: "answers 1.4, whatever range it is asked for",
        client: "leaves, and says which version the server settled on",
        test: a_version_outside_the_range_is_left,
    },
    Row {
        server: "ElectrumX 1.18 to 2.0",
        quirk: "pads its answers, and holds small ones back for up to a second",
        client: "ends a write with one cheap request whose answer is large, once it has seen padding",
        test: held_answers_are_nudged,
    },
    Row {
        server: "Fulcrum",
        quirk: "takes a client called `name/0.1.0` for an old Electrum, and answers its broadcasts with a page of HTML",
        client: "sends a name that is not taken for one; the broadcast is reported as accepted",
        test: a_broadcast_through_fulcrum_is_accepted,
    },
    Row {
        server: "any, for a moment after a block",
        quirk: "lists a transaction as confirmed and as unconfirmed",
        client: "counts the confirmed one and drops the other",
        test: a_transaction_listed_twice_counts_once,
    },
    Row {
        server: "any, on the main chain",
        quirk: "lists two pairs of equal coinbases, from before BIP 30",
        client: "accepts them",
        test: equal_coinbases_are_accepted,
    },
    Row {
        server: "electrs up to 0.10",
        quirk: "writes hosts flat, and answers `id_from_pos` with `tx_id`",
        client: "understands both, and sends all three parameters",
        test: an_early_electrs_is_understood,
    },
    Row {
        server: "electrs 0.8.6 to 0.9.13, Electrum Personal Server",
        quirk: "take one version as a string, and refuse or close on a pair",
        client: "offers 1.4 alone on the next connection, if its range has it, and remembers what worked",
        test: one_version_is_offered_where_a_pair_is_refused,
    },
    Row {
        server: "Fulcrum above `max_history`",
        quirk: "answers an empty history without an error",
        client: "`check_not_withheld` tells it from a script without a history",
        test: a_withheld_history_is_found_out,
    },
    Row {
        server: "ElectrumX, Fulcrum, electrs under load",
        quirk: "answer -101 or -102 instead of a result",
        client: "asks reads again after growing pauses, within their deadline",
        test: busy_answers_are_not_results,
    },
    Row {
        server: "electrs after a restart",
        quirk: "refuses subscriptions with -32603 until its index is there",
        client: "subscribes again after growing pauses, on the same connection",
        test: a_subscription_refused_for_a_moment_is_made_again,
    },
];

#[test]
fn servers_and_the_client_do_what_the_page_says() {
    let mut page = String::from("| server | what it does | what the client does |\n|---|---|---|\n");
    for row in ROWS {
        println!("{}: {}", row.server, row.quirk);
        (row.test)();
        writeln!(page, "| {} | {} | {} |", row.server, row.quirk, row.client).expect("a string takes all");
    }
    check("docs/servers.md", "quirks", &page);
}

fn every_family_is_agreed_with() {
    for family in Family::ALL {
        let server = Server::start(family);
        let client = client(&server);
        let state = client.ready(BOUND).unwrap_or_else(|error| panic!("{family}: {error}"));
        let (_, version) = state.agreed.expect("a client that is ready has agreed on a version");
        let highest = match family {
            Family::Libbitcoin4 | Family::ElectrumX2_0 => "1.7",
            Family::Fulcrum2_1 => "1.6",
            Family::ElectrumX1_10 => "1.4.1",
            Family::ElectrumX1_16 => "1.4.2",
            Family::ElectrumX1_18 => "1.4.3",
            Family::Electrs | Family::ElectrsEsplora => "1.4",
        };
        assert_eq!(version.to_string(), highest, "{family}");
        client.call(Banner).unwrap_or_else(|error| panic!("{family}: {error}"));
    }
}

fn a_version_outside_the_range_is_left() {
    let server = Server::start(Family::ElectrsEsplora);
    let mut config = Config::new([address(&server)]);
    let (min, max) = ("1.6".parse().expect("a version"), "1.7".parse().expect("a version"));
    config.protocol.versions = VersionRange::new(min, max).expect("a range");
    let client = Client::connect(config).expect("threads are there");
    let why = client.ready(Duration::from_secs(5)).expect_err("it speaks 1.4 only").to_string();
    assert!(why.contains("1.4"), "{why}");
    assert_eq!(server.stats().requests("server.banner"), 0);
}

fn held_answers_are_nudged() {
    for family in [Family::ElectrumX1_18, Family::ElectrumX2_0] {
        let server = Server::start(family);
        let client = client(&server);
        // ElectrumX 2.0 begins to hold answers back after the first kilobyte.
        for _ in 0..10 {
            client.call(Banner).unwrap_or_else(|error| panic!("{family}: {error}"));
        }
        assert!(server.stats().requests("blockchain.block.headers") > 0, "{family}");
    }
}

fn a_broadcast_through_fulcrum_is_accepted() {
    let server = Server::start(Family::Fulcrum2_1);
    let reward = server.chain(|chain| chain.block(1).expect("it is mined").txids[0]);
    let value = server.chain(|chain| chain.output(&OutPoint::new(reward, 0)).expect("a reward").value);
    let payment = Transaction::spending(OutPoint::new(reward, 0), value - 1_000, script(7));
    let transaction = RawTransaction::new(payment.to_bytes());
    let accepted = client(&server).call(Broadcast { transaction }).expect("it is accepted");
    assert_eq!(accepted.txid.to_string(), payment.txid().to_string());
}

fn a_transaction_listed_twice_counts_once() {
    let server = Server::start(Family::Fulcrum2_1);
    server.pay(&script(1), 70_000);
    server.mine(1);
    server.quirks(|quirks| quirks.lists_tip_twice = true);
    let history = client(&server).call(History::new(Script::new(script(1)))).expect("it is understood");
    assert_eq!(history.len(), 1, "{history:?}");
    assert!(history[0].height.confirmed().is_some());
}

fn equal_coinbases_are_accepted() {
    let server = Server::start(Family::Fulcrum2_1);
    let pairs =
        BIP30_PAIRS.iter().flat_map(|(txid, heights)| heights.map(|height| (txid.parse().expect("an id"), height)));
    server.quirks(|quirks| quirks.more_history = pairs.collect());
    let history = client(&server).call(History::new(Script::new(script(1)))).expect("it is accepted");
    assert_eq!(history.len(), 4, "{history:?}");
}

fn an_early_electrs_is_understood() {
    let server = Server::start(Family::Electrs);
    server.quirks(|quirks| quirks.early_electrs = true);
    let client = client(&server);
    let features = client.call(Features).expect("it is understood");
    assert!(!features.hosts.is_empty(), "{features:?}");
    let coinbase = server.chain(|chain| chain.block(5).expect("it is mined").txids[0].to_string());
    let txid = client.call(TransactionIdAt { height: 5, position: 0 }).expect("it is understood");
    assert_eq!(txid.to_string(), coinbase);
}

fn one_version_is_offered_where_a_pair_is_refused() {
    for on_pair in [OnPair::Refuse, OnPair::Close] {
        let server = Server::start(Family::Electrs);
        server.quirks(|quirks| quirks.single_version = Some(on_pair));
        client(&server).call(Banner).unwrap_or_else(|error| panic!("{on_pair:?}: {error}"));
        assert_eq!(server.stats().requests("server.version"), 2, "{on_pair:?}");
    }
}

fn a_withheld_history_is_found_out() {
    let server = Server::start(Family::Fulcrum2_1);
    for _ in 0..2 {
        server.pay(&script(1), 70_000);
        server.mine(1);
    }
    server.quirks(|quirks| quirks.max_history = Some(1));
    let (client, script) = (client(&server), Script::new(script(1)));
    let mut updates = client.subscribe(Topic::Script(script.clone())).expect("there is room");
    let update = updates.next_within(BOUND).expect("a status");
    let Ok(Update::Script(status)) = update.value else { panic!("{update:?}") };
    let history = client.call(History::new(script)).expect("an empty list is no error");
    assert!(check_not_withheld(status, &history).is_err(), "{history:?}");
}

fn busy_answers_are_not_results() {
    let server = Server::start(Family::ElectrumX2_0);
    let message = "excessive resource usage".to_owned();
    server.quirks(|quirks| quirks.busy = Some(Busy { requests: 2, code: -101, message, closes: false }));
    client(&server).call_within(BOUND, Banner).expect("it is asked again");
}

fn a_subscription_refused_for_a_moment_is_made_again() {
    let server = Server::start(Family::Electrs);
    server.quirks(|quirks| quirks.refused_subscriptions = 2);
    let client = client(&server);
    let mut updates = client.subscribe(Topic::Headers).expect("there is room");
    let end = Instant::now() + BOUND;
    let is_served = std::iter::from_fn(|| updates.next_within(end.saturating_duration_since(Instant::now())).ok())
        .any(|update| update.value.is_ok());
    assert!(is_served);
    assert_eq!(server.stats().requests("server.version"), 1, "on the same connection");
}

fn client(server: &Server) -> Client {
    Client::connect(address(server)).expect("threads are there")
}

fn address(server: &Server) -> ServerAddr {
    server.url().parse().expect("an address")
}
