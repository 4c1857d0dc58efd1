//! Blocks and scripts, emitted live and across kills of the server.

mod common;

use common::{BOUND, Client, Updates, both, config, status_once, tip_of, topic};
use electrum_blocking::proto::types::ScriptStatus;
use electrum_blocking::proto::{Origin, Topic, Update};
use real_servers::{Bitcoind, ElectrumX, Kind, Spend, anyone_can_spend, on_every_server, run_on, until};

on_every_server!(coins_are_watched_from_the_mempool_to_their_end);
on_every_server!(what_happens_during_an_outage_is_emitted_once);

/// Reads statuses until this one comes, which must do so in time; none comes twice in a row.
#[track_caller]
fn reach(updates: &mut Updates, status: Option<ScriptStatus>) {
    let mut last = None;
    loop {
        let (found, origin) = updates.status();
        assert_eq!(origin, Origin::Live);
        assert_ne!(last, Some(found), "emitted twice");
        if found == status {
            return;
        }
        last = Some(found);
    }
}

fn coins_are_watched_from_the_mempool_to_their_end(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(101);
    let server = ElectrumX::start(kind, &bitcoind);
    let script = anyone_can_spend(7);
    let clients = both(&config([server.address().as_str()]));
    let mut watches: Vec<_> = clients.iter().map(|client| client.subscribe([topic(&script)])).collect();
    let mut tips: Vec<_> = clients.iter().map(|client| client.subscribe([Topic::Headers])).collect();
    for (watch, tips) in watches.iter_mut().zip(&mut tips) {
        assert_eq!(watch.status(), (None, Origin::Subscribed));
        assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Subscribed));
    }

    // Received.
    let coin = bitcoind.fund(&[(script.clone(), 10_000)]).remove(0);
    let status = status_once(server.port(), &script, &[(coin.txid.clone(), 0)]);
    watches.iter_mut().for_each(|watch| reach(watch, status));

    // Confirmed.
    bitcoind.mine(1);
    let status = status_once(server.port(), &script, &[(coin.txid.clone(), 102)]);
    watches.iter_mut().for_each(|watch| reach(watch, status));
    tips.iter_mut().for_each(|tips| assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Live)));

    // Spent.
    let txid = bitcoind.send(&Spend::new().coin(&coin).pay(Bitcoind::MINER, 9_000));
    bitcoind.mine_block(&[&txid]);
    let status = status_once(server.port(), &script, &[(coin.txid.clone(), 102), (txid.clone(), 103)]);
    watches.iter_mut().for_each(|watch| reach(watch, status));
    tips.iter_mut().for_each(|tips| assert_eq!(tips.tip(), (tip_of(&bitcoind), Origin::Live)));

    // And unconfirmed again by a longer chain.
    bitcoind.reorganise(1, 2);
    let status = status_once(server.port(), &script, &[(coin.txid.clone(), 102), (txid, 0)]);
    watches.iter_mut().for_each(|watch| reach(watch, status));
    for tips in &mut tips {
        // Some servers tell of the height in between too.
        while tips.tip() != (tip_of(&bitcoind), Origin::Live) {}
    }
}

/// What one client has heard, in order.
struct Watcher {
    updates: Updates,
    _client: Client,
}

impl Watcher {
    fn new(client: Client, script: &[u8]) -> Self {
        Self { updates: client.subscribe([Topic::Headers, topic(script)]), _client: client }
    }

    /// The next two updates, which must be the tip and the status as they are now.
    #[track_caller]
    fn hears(&mut self, bitcoind: &Bitcoind, status: Option<ScriptStatus>, origin: Origin) {
        let mut updates = [self.updates.next(), self.updates.next()];
        updates.sort_by_key(|change| change.topic);
        let values = updates.map(|change| (change.value, change.origin));
        assert_eq!(values, [(Ok(Update::Headers(tip_of(bitcoind))), origin), (Ok(Update::Script(status)), origin)]);
    }

    #[track_caller]
    fn hears_of_a_block(&mut self, bitcoind: &Bitcoind, origin: Origin) {
        assert_eq!(self.updates.tip(), (tip_of(bitcoind), origin));
    }
}

fn what_happens_during_an_outage_is_emitted_once(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(110);
    let mut server = ElectrumX::start(kind, &bitcoind);
    let script = anyone_can_spend(8);
    let mut watchers = both(&config([server.address().as_str()])).map(|client| Watcher::new(client, &script));
    watchers.iter_mut().for_each(|watcher| watcher.hears(&bitcoind, None, Origin::Subscribed));
    let mut history = Vec::new();
    for _ in 0..3 {
        server.kill();
        let coin = bitcoind.fund(&[(script.clone(), 10_000)]).remove(0);
        bitcoind.mine(2);
        history.push((coin.txid, i64::from(bitcoind.height()) - 1));
        server.restart();
        let status = status_once(server.port(), &script, &history);
        watchers.iter_mut().for_each(|watcher| watcher.hears(&bitcoind, status, Origin::Resumed));
        // Of these nothing more comes: the next is what happens next.
        bitcoind.mine(1);
        watchers.iter_mut().for_each(|watcher| watcher.hears_of_a_block(&bitcoind, Origin::Live));
        // An outage in which nothing happens leads to no update.
        server.restart();
        until(BOUND, "the clients to come back", || (server.sessions() == 2).then_some(()));
    }
    drop(watchers);
    until(BOUND, "the sessions to end", || (server.sessions() == 0).then_some(()));
}

#[test]
fn ten_kills_in_a_row() {
    run_on(Kind::Ex2_0_0, |kind| {
        let bitcoind = Bitcoind::start();
        bitcoind.mine(110);
        let mut server = ElectrumX::start(kind, &bitcoind);
        let script = anyone_can_spend(9);
        let mut watchers = both(&config([server.address().as_str()])).map(|client| Watcher::new(client, &script));
        watchers.iter_mut().for_each(|watcher| watcher.hears(&bitcoind, None, Origin::Subscribed));
        for kill in 1..=10 {
            server.kill();
            bitcoind.mine(kill % 3 + 1);
            server.restart();
            watchers.iter_mut().for_each(|watcher| watcher.hears_of_a_block(&bitcoind, Origin::Resumed));
        }
        bitcoind.mine(1);
        watchers.iter_mut().for_each(|watcher| watcher.hears_of_a_block(&bitcoind, Origin::Live));
    });
}
