//! Every operation on every version that each real server speaks, beside what bitcoind itself says;
//! and one script's balance, history and unspent outputs through all servers over one chain.

#[path = "../../../../crates/electrum-proto/tests/operations/all.rs"]
mod all;
mod changes;
mod legacy;
mod oracle;
mod reads;
mod scene;
mod session;

use electrum_proto::types::{Script, ScriptRef};
use oracle::Knowledge;
use real_servers::{ElectrumX, Kind, Setup, available, may_run, on_every_server, until};
use scene::{BOUND, DONATION_ADDRESS, Scene};
use session::Session;

on_every_server!(every_operation);

fn every_operation(kind: Kind) {
    let scene = Scene::new();
    let known = Knowledge::of(&scene.script, &scene.bitcoind);
    let server = Setup::new(kind).variable("DONATION_ADDRESS", DONATION_ADDRESS).start(&scene.bitcoind);
    let sessions: Vec<Session> = kind.versions().iter().map(|version| Session::open(&server, version)).collect();
    wait_for(&sessions[0], &scene.script, &known);
    for session in &sessions {
        reads::check(session, &scene, &known);
        legacy::check(session, &scene);
    }
    for session in &sessions {
        changes::check(session, &scene);
    }
    for session in &sessions {
        session.check_all_cells();
    }
    session::check_record(kind, &sessions);
}

#[test]
fn one_chain_looks_the_same_through_all_servers() {
    if !may_run() {
        return;
    }
    let scene = Scene::new();
    let servers: Vec<ElectrumX> = available().into_iter().map(|kind| ElectrumX::start(kind, &scene.bitcoind)).collect();
    let known = [&scene.script, &scene.with_address].map(|script| (script, Knowledge::of(script, &scene.bitcoind)));
    // Confirmed, waiting, child of a waiting one.
    assert_eq!(known[0].1.history.len(), 6);
    let mut compared = 0;
    for server in &servers {
        for version in server.kind().versions() {
            let session = Session::open(server, version);
            for (script, known) in &known {
                wait_for(&session, script, known);
                compared += 1;
            }
        }
    }
    let versions: usize = servers.iter().map(|server| server.kind().versions().len()).sum();
    assert_eq!(compared, 2 * versions);
    println!("{} servers, {versions} pairs of server and version, {compared} scripts alike", servers.len());
}

/// A server may still be reading the mempool when it begins to listen.
fn wait_for(session: &Session, script: &[u8], known: &Knowledge) {
    let script = ScriptRef::from(Script::new(script));
    let answered = until(BOUND, "the server to know the mempool", || {
        let found = reads::knowledge(session, &script).canonical();
        (found.history.len() == known.history.len()).then_some(found)
    });
    assert_eq!(answered, *known, "{} {}", session.kind.name(), session.version);
}
