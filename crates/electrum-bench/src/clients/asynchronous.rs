//! The asynchronous client of this project, which is the same on every runtime.

use std::hint::black_box;

use electrum_proto::Topic;
use electrum_proto::operations::{Balance, History, Raw};
use electrum_session::{Client, Updates};
use futures::StreamExt;

use super::own::{asked, check};
use crate::Outcome;
use crate::fixture::{NOTIFIED, WINDOW};
use crate::measure::{Cost, Start};
use crate::server::NOTIFY;
use crate::workload::Workload;

pub(super) async fn work(workload: Workload, client: Client) -> Outcome<Cost> {
    let (operations, asked) = (workload.operations(), asked());
    // Whatever is measured, the handshake is not.
    client.call(Balance::new(asked.scripts[0])).await?;
    let mut updates = match workload {
        Workload::Notifications => {
            let topics = asked.scripts.iter().take(NOTIFIED).map(|script| Topic::ScriptHash(*script));
            let mut updates = client.subscribe_all(topics)?;
            take(&mut updates, NOTIFIED).await?;
            Some(updates)
        }
        _ => None,
    };
    let start = Start::now();
    match workload {
        Workload::Balances => {
            for _ in 0..operations / WINDOW {
                let balances = asked.scripts.iter().map(|script| Balance::new(*script)).collect();
                for balance in client.batch(balances).await {
                    black_box(balance?);
                }
            }
        }
        Workload::Headers => {
            for _ in 0..operations {
                check::headers(client.call(asked.headers).await?);
            }
        }
        Workload::History => {
            for _ in 0..operations {
                check::history(client.call(History::new(asked.scripts[0])).await?);
            }
        }
        Workload::Transaction => {
            for _ in 0..operations {
                check::transaction(client.call(asked.transaction).await?);
            }
        }
        Workload::Notifications => {
            client.call(Raw::new(NOTIFY, vec![operations.into()])).await?;
            take(updates.as_mut().ok_or("no updates")?, operations).await?;
        }
        Workload::OneByOne => {
            for _ in 0..operations {
                black_box(client.call(Balance::new(asked.scripts[0])).await?);
            }
        }
    }
    Ok(start.cost(operations))
}

/// Takes so many changes, those counted in that gave way to newer ones.
async fn take(updates: &mut Updates, count: usize) -> Outcome<()> {
    let mut seen = 0;
    while seen < count as u64 {
        let change = updates.next().await.ok_or("closed")?;
        seen += 1 + change.skipped;
        black_box(change.value?);
    }
    Ok(())
}
