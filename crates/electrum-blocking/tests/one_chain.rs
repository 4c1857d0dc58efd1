//! One script's balance, history and unspent outputs through every family of servers over one chain,
//! on each version that the family speaks.

use electrum_blocking::proto::operations::{Balance, History, Unspent};
use electrum_blocking::proto::types::{Amount, Script};
use electrum_blocking::proto::{ProtocolVersion, VersionRange};
use electrum_blocking::{Client, Config};
use electrum_testkit::chain;
use electrum_testkit::prelude::*;

/// Those that are published and that the client has operations for.
const VERSIONS: [&str; 9] = ["1.1", "1.2", "1.3", "1.4", "1.4.1", "1.4.2", "1.4.3", "1.6", "1.7"];

/// What a client answers, as plain numbers and text, in canonical order.
#[derive(Debug, PartialEq, Eq)]
struct Answers {
    confirmed: u64,
    unconfirmed: i64,
    /// Id, height and fee.
    history: Vec<(String, i64, Option<u64>)>,
    /// Id, number of the output, height, value.
    unspent: Vec<(String, u32, i64, u64)>,
}

#[test]
fn every_family_tells_the_same_on_every_version() {
    let script = script(1);
    let chain = busy_chain(&script);
    let known = known(&chain, &script);
    assert_heights(&known);
    let mut pairs = 0;
    for family in Family::ALL {
        let server = Server::builder(family).chain(chain.clone()).prompt().start().unwrap();
        let versions: Vec<_> = VERSIONS.into_iter().filter(|version| speaks(family, version)).collect();
        assert!(!versions.is_empty());
        for version in versions {
            let answers = ask(&server, version, &script, &chain);
            assert_eq!(answers, known, "{family} on {version}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 8 + 4 + 3 + 4 + 6 + 5 + 1 + 1, "pairs of family and version");
}

/// What the client answers by this server, asked for this version only.
fn ask(server: &Server, version: &str, script: &[u8], chain: &Chain) -> Answers {
    let version: ProtocolVersion = version.parse().unwrap();
    let mut config = Config::new([server.url().parse().unwrap()]);
    config.protocol.versions = VersionRange::new(version, version).unwrap();
    let client = Client::connect(config).unwrap();
    let script = Script::new(script);
    let balance = client.call(Balance::new(script.clone())).unwrap();
    let agreed = client.state().agreed.map(|(_, version)| version);
    assert_eq!(agreed, Some(version));
    let history = client.call(History::new(script.clone())).unwrap();
    let unspent = client.call(Unspent::new(script)).unwrap();
    let history =
        history.iter().map(|entry| (entry.txid.to_string(), entry.height.to_wire(), entry.fee.map(Amount::to_sat)));
    let unspent = unspent
        .iter()
        .map(|output| (output.txid.to_string(), output.vout, output.height.to_wire(), output.value.to_sat()));
    let answers = Answers {
        confirmed: balance.confirmed.to_sat(),
        unconfirmed: balance.unconfirmed.to_sat(),
        history: history.collect(),
        unspent: unspent.collect(),
    };
    canonical(answers, chain)
}

/// What the chain itself says.
fn known(chain: &Chain, script: &[u8]) -> Answers {
    let script = Hash256::of_script(script);
    let chain::Balance { confirmed, unconfirmed } = chain.balance(&script);
    let history = chain.history(&script).into_iter().map(|entry| (entry.txid.to_string(), entry.height, entry.fee));
    let unspent = chain
        .unspent(&script)
        .into_iter()
        .map(|output| (output.outpoint.txid.to_string(), output.outpoint.index, output.height, output.value));
    let confirmed = u64::try_from(confirmed).unwrap();
    let answers = Answers { confirmed, unconfirmed, history: history.collect(), unspent: unspent.collect() };
    canonical(answers, chain)
}

/// Some families have their own order inside a block and in the mempool, and all of them for unspent outputs.
fn canonical(mut answers: Answers, chain: &Chain) -> Answers {
    let place = |txid: &str, height: i64| {
        let block = u32::try_from(height).ok().filter(|height| *height > 0).and_then(|height| chain.block(height));
        let position = block.and_then(|block| block.txids.iter().position(|other| other.to_string() == txid));
        // Those that wait come last: 0, then -1.
        (if height > 0 { height } else { i64::MAX - 1 - height }, position, txid.to_owned())
    };
    answers.history.sort_by_key(|(txid, height, _)| place(txid, *height));
    answers.unspent.sort();
    answers
}

/// Confirmed, two in one block, spent in a block, and in the mempool: received, spent, received from a waiting parent.
fn busy_chain(script: &[u8]) -> Chain {
    let other = electrum_testkit::chain::script(2);
    let mut chain = Chain::funded();
    let first = chain.pay(script, 10_000);
    let second = chain.pay(script, 20_000);
    let third = chain.pay(script, 30_000);
    chain.mine(1);
    chain.spend(OutPoint::new(first, 0), &other);
    chain.pay(script, 40_000);
    chain.mine(2);
    chain.spend(OutPoint::new(second, 0), &other);
    chain.spend(OutPoint::new(third, 0), script);
    let waiting = chain.pay(script, 50_000);
    chain.spend(OutPoint::new(waiting, 0), script);
    chain
}

fn assert_heights(known: &Answers) {
    let heights: Vec<_> = known.history.iter().map(|(_, height, _)| *height).collect();
    assert_eq!(heights, [111, 111, 111, 112, 112, 0, 0, 0, -1]);
    // 20 000 leave, a fee is paid for 30 000 that stay, 50 000 come and lose a fee at once.
    assert_eq!((known.confirmed, known.unconfirmed), (90_000, 30_000 - 2 * i64::try_from(chain::FEE).unwrap()));
    let waiting = known.unspent.iter().filter(|(_, _, height, _)| *height == 0).count();
    assert_eq!((known.unspent.len(), waiting), (3, 2));
}

fn speaks(family: Family, version: &str) -> bool {
    // libbitcoin knows no 1.4.3.
    if family == Family::Libbitcoin4 && version == "1.4.3" {
        return false;
    }
    let profile = family.profile();
    let version = electrum_testkit::family::Version::strict(version).unwrap();
    profile.protocol_min.compare(&version).is_le() && version.compare(&profile.protocol_max).is_le()
}
