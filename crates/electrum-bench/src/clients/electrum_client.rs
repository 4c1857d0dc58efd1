//! `electrum-client`: blocking, the calling thread reads.

use std::hint::black_box;
use std::net::SocketAddr;

use bitcoin::hashes::Hash;
use bitcoin::{ScriptBuf, Txid};
use electrum_client::{Client, ElectrumApi};

use crate::Outcome;
use crate::fixture::{self, WINDOW};
use crate::measure::{Cost, Start};
use crate::workload::Workload;

pub(super) fn run(workload: Workload, server: SocketAddr) -> Outcome<Cost> {
    let client = Client::new(&format!("tcp://{server}"))?;
    let operations = workload.operations();
    let scripts: Vec<ScriptBuf> = (0..WINDOW).map(fixture::script).collect();
    let txid = Txid::all_zeros();
    let start = Start::now();
    match workload {
        Workload::Balances => {
            for _ in 0..operations / WINDOW {
                let balances = client.batch_script_get_balance(scripts.iter().map(|script| script.as_script()))?;
                assert_eq!(black_box(balances).len(), WINDOW);
            }
        }
        Workload::Headers => {
            for _ in 0..operations {
                assert_eq!(black_box(client.block_headers(0, fixture::HEADERS)?).headers.len(), fixture::HEADERS);
            }
        }
        Workload::History => {
            for _ in 0..operations {
                assert_eq!(black_box(client.script_get_history(&scripts[0])?).len(), fixture::HISTORY);
            }
        }
        Workload::Transaction => {
            for _ in 0..operations {
                assert_eq!(black_box(client.transaction_get_raw(&txid)?).len(), fixture::TRANSACTION);
            }
        }
        Workload::Notifications => {
            return Err("electrum-client has no stream of notifications".into());
        }
        Workload::OneByOne => {
            for _ in 0..operations {
                black_box(client.script_get_balance(&scripts[0])?);
            }
        }
    }
    Ok(start.cost(operations))
}
