//! What the contenders of this project ask for, and what must come of it.

use crate::fixture::{self, WINDOW};
use electrum_proto::operations::{Headers, TransactionGet};
use electrum_proto::types::{ScriptHash, Txid};

pub(crate) struct Asked {
    pub(crate) scripts: Vec<ScriptHash>,
    pub(super) headers: Headers,
    pub(super) transaction: TransactionGet,
}

/// As with the other clients, links between headers and the id of a transaction are not checked (nor could they be:
/// the answers are made up).
pub(crate) fn asked() -> Asked {
    Asked {
        scripts: (0..WINDOW).map(|index| ScriptHash::of(fixture::script(index).as_bytes())).collect(),
        headers: Headers::new(0, fixture::HEADERS as u32).without_link_check(),
        transaction: TransactionGet::new(Txid::from_display_bytes([0; 32])).unchecked(),
    }
}

/// What a client does under a workload, and what it costs, for a function that returns them: the same of clients whose
/// methods return results, with `measured!(workload, client)`, and futures, with `measured!(workload, client, await)`.
macro_rules! measured {
    ($workload:expr, $client:expr $(, $wait:tt)?) => {{
        use std::hint::black_box;

        use electrum_proto::Topic;
        use electrum_proto::operations::{Balance, History, Raw};

        use crate::clients::own::{asked, check};
        use crate::fixture::{NOTIFIED, WINDOW};
        use crate::measure::Start;
        use crate::server::NOTIFY;

        let (workload, client) = ($workload, $client);
        let (operations, asked) = (workload.operations(), asked());
        // Whatever is measured, the handshake is not.
        client.call(Balance::new(asked.scripts[0]))$(.$wait)??;
        let mut updates = None;
        if let Workload::Notifications = workload {
            let topics = asked.scripts.iter().take(NOTIFIED).map(|script| Topic::ScriptHash(*script));
            take(updates.insert(client.subscribe_all(topics)?), NOTIFIED)$(.$wait)??;
        }
        let start = Start::now();
        match workload {
            Workload::Balances => {
                for _ in 0..operations / WINDOW {
                    let balances = asked.scripts.iter().map(|script| Balance::new(*script));
                    for balance in client.batch(balances)$(.$wait)? {
                        black_box(balance?);
                    }
                }
            }
            Workload::Headers => {
                for _ in 0..operations {
                    check::headers(client.call(asked.headers)$(.$wait)??);
                }
            }
            Workload::History => {
                for _ in 0..operations {
                    check::history(client.call(History::new(asked.scripts[0]))$(.$wait)??);
                }
            }
            Workload::Transaction => {
                for _ in 0..operations {
                    check::transaction(client.call(asked.transaction)$(.$wait)??);
                }
            }
            Workload::Notifications => {
                client.call(Raw::new(NOTIFY, vec![operations.into()]))$(.$wait)??;
                take(updates.as_mut().ok_or("no updates")?, operations)$(.$wait)??;
            }
            Workload::OneByOne => {
                for _ in 0..operations {
                    black_box(client.call(Balance::new(asked.scripts[0]))$(.$wait)??);
                }
            }
        }
        Ok(start.cost(operations))
    }};
}
pub(super) use measured;

/// Each response is what it should be.
pub(super) mod check {
    use std::hint::black_box;

    use electrum_proto::types::{HeaderRun, HistoryEntry, RawTransaction};

    use crate::fixture;

    pub(in super::super) fn headers(run: HeaderRun) {
        assert_eq!(black_box(run).headers.len(), fixture::HEADERS);
    }

    pub(in super::super) fn history(history: Vec<HistoryEntry>) {
        assert_eq!(black_box(history).len(), fixture::HISTORY);
    }

    pub(in super::super) fn transaction(transaction: RawTransaction) {
        assert_eq!(black_box(transaction).as_bytes().len(), fixture::TRANSACTION);
    }
}
