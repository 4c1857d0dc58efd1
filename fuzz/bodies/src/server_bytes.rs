//! What a server says to a client that waits for answers and notifications.

use electrum_proto::operations::{Balance, Banner, HeadersSubscribe, History, Ping, Raw};
use electrum_proto::types::OutPoint;
use electrum_proto::{Config, Script, Topic};

use crate::session::{Session, whole_as_in_pieces};

/// The first byte is the size of the pieces, one bit of the second chooses the version, the rest is the server's.
///
/// What the client emits and writes does not depend on how the bytes were cut. No request is answered twice.
pub fn server_bytes(data: &[u8]) {
    let [size, choice, bytes @ ..] = data else { return };
    let version = if choice & 1 == 1 { "1.7" } else { "1.4" };
    let emitted = whole_as_in_pieces(waiting(version), waiting(version), bytes, usize::from(*size));
    let mut answered: Vec<&str> =
        emitted.iter().filter_map(|word| word.strip_prefix("reply ")?.split(' ').next()).collect();
    let count = answered.len();
    answered.sort_unstable();
    answered.dedup();
    assert_eq!(answered.len(), count, "{emitted:?}");
}

/// A client with requests 2 to 7 and three subscriptions on their way.
fn waiting(version: &str) -> Session {
    // With nudges, the requests that are written depend on how many answers one turn sees.
    let config = Config { nudge: false, ..Config::default() };
    let mut session = Session::ready(config, version);
    let (client, now) = (&mut session.client, Session::NOW);
    let script = Script::new(*b"\x51");
    client.request(now, Ping).expect("it is ready");
    client.request(now, Banner).expect("it is ready");
    client.request(now, Balance::new(script.clone())).expect("it is ready");
    client.request(now, History::new(script.clone())).expect("it is ready");
    client.request(now, HeadersSubscribe).expect("it is ready");
    client.request(now, Raw::new("x", vec![])).expect("it is ready");
    let outpoint = OutPoint { txid: TXID.parse().expect("64 digits"), vout: 1 };
    for topic in [Topic::Headers, Topic::Script(script.clone()), Topic::OutPoint { outpoint, script }] {
        client.subscribe(now, topic).expect("there is room");
    }
    session.drain();
    session.write();
    session
}

const TXID: &str = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
