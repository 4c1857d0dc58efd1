//! What the benchmarks start from: a client that is ready, and lines as servers send them.

use std::fmt::Write as _;

use electrum_proto::types::{ScriptHash, ScriptStatus};
use electrum_proto::{Action, Client, Config, ConnId, Event, Input, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::ZERO;

/// A client that has agreed on protocol 1.4, and its link.
pub(crate) fn ready() -> (Client, ConnId) {
    let config = Config { resubscribe_window: usize::MAX, ..Config::default() };
    let mut client = Client::new(config, NOW);
    let Action::Connect(conn, _) = client.poll() else { panic!("no command to connect") };
    client.handle(NOW, Input::Connected(conn));
    client.handle(NOW, Input::Wrote(conn, usize::MAX));
    client.handle(NOW, Input::Read(conn, b"{\"jsonrpc\":\"2.0\",\"result\":[\"bench\",\"1.4\"],\"id\":1}\n"));
    drain(&mut client, |event| assert!(matches!(event, Event::Ready { .. })));
    (client, conn)
}

/// Polls until there is nothing to do but wait.
pub(crate) fn drain(client: &mut Client, mut each: impl FnMut(Event<'_>)) {
    loop {
        match client.poll() {
            Action::Event(event) => each(event),
            Action::Wait(_) => return,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn script(index: usize) -> ScriptHash {
    ScriptHash::of(&index.to_be_bytes())
}

pub(crate) fn status(index: usize, turn: usize) -> ScriptStatus {
    ScriptStatus::of_text(format!("{index}:{turn}").as_bytes())
}

pub(crate) fn balance_line(id: u64) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"result\":{{\"confirmed\":123456789,\"unconfirmed\":-5000}},\"id\":{id}}}\n")
}

pub(crate) fn notification_line(index: usize, turn: usize) -> String {
    let (script, status) = (script(index), status(index, turn).to_string());
    format!(r#"{{"jsonrpc":"2.0","method":"blockchain.scripthash.subscribe","params":["{script}","{status}"]}}"#) + "\n"
}

/// A list of `len` transactions, as `get_history` gives it.
pub(crate) fn history(len: usize) -> String {
    let mut text = String::from("[");
    for index in 0..len {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, r#"{comma}{{"height":{},"tx_hash":"{}"}}"#, 100_000 + index, script(index));
    }
    text + "]"
}
