//! `electrum_streaming_client` on tokio's single-threaded runtime, where it spends least.

use std::hint::black_box;
use std::net::SocketAddr;

use bitcoin::Txid;
use bitcoin::hashes::Hash;
use electrum_streaming_client::notification::Notification;
use electrum_streaming_client::request::{Custom, GetBalance, GetHistory, GetTx, Headers};
use electrum_streaming_client::{AsyncBatchRequest, AsyncClient, AsyncEventReceiver, Event};
use futures::StreamExt;
use tokio::net::TcpStream;

use crate::Outcome;
use crate::fixture::{self, WINDOW};
use crate::measure::{Cost, Start};
use crate::server::NOTIFY;
use crate::workload::Workload;

pub(super) fn run(workload: Workload, server: SocketAddr) -> Outcome<Cost> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let (client, events, worker) = AsyncClient::new_tokio(reader, writer);
        let worker = tokio::spawn(worker);
        let version = Custom { method: "server.version".into(), params: vec!["bench".into(), "1.4".into()] };
        client.send_request(version).await?;
        let cost = work(workload, &client, events).await;
        client.close();
        worker.await??;
        cost
    })
}

async fn work(workload: Workload, client: &AsyncClient, mut events: AsyncEventReceiver) -> Outcome<Cost> {
    let operations = workload.operations();
    let balances: Vec<GetBalance> = (0..WINDOW).map(|index| GetBalance::from_script(fixture::script(index))).collect();
    let start = Start::now();
    match workload {
        Workload::Balances => {
            for _ in 0..operations / WINDOW {
                // It writes one array, and reads one.
                let mut batch = AsyncBatchRequest::new();
                let replies: Vec<_> = balances.iter().map(|request| batch.request(*request)).collect();
                client.send_batch(batch)?;
                for reply in replies {
                    black_box(reply.await?);
                }
            }
        }
        Workload::Headers => {
            for _ in 0..operations {
                let request = Headers { start_height: 0, count: fixture::HEADERS };
                let headers = client.send_request(request).await?.headers;
                assert_eq!(black_box(headers).len(), fixture::HEADERS);
            }
        }
        Workload::History => {
            for _ in 0..operations {
                let history = client.send_request(GetHistory::from_script(fixture::script(0))).await?;
                assert_eq!(black_box(history).len(), fixture::HISTORY);
            }
        }
        Workload::Transaction => {
            for _ in 0..operations {
                black_box(client.send_request(GetTx { txid: Txid::all_zeros() }).await?);
            }
        }
        Workload::Notifications => {
            client.send_request(Custom { method: NOTIFY.into(), params: vec![operations.into()] }).await?;
            for _ in 0..operations {
                match events.next().await {
                    Some(Event::Notification(Notification::ScriptHash(notification))) => {
                        black_box(notification);
                    }
                    other => return Err(format!("no notification: {other:?}").into()),
                }
            }
        }
        Workload::OneByOne => {
            for _ in 0..operations {
                black_box(client.send_request(balances[0]).await?);
            }
        }
    }
    Ok(start.cost(operations))
}
