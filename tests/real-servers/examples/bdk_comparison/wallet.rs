//! The wallet in the process of one rival: it scans and syncs when it is asked to, and says what it found.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::Instant;

use bdk_chain::indexed_tx_graph::IndexedTxGraph;
use bdk_chain::local_chain::LocalChain;
use bdk_chain::spk_txout::SpkTxOutIndex;
use bdk_core::bitcoin::consensus::serialize;
use bdk_core::bitcoin::constants::genesis_block;
use bdk_core::bitcoin::{Network, ScriptBuf};
use bdk_core::spk_client::{FullScanRequest, FullScanResponse, SyncRequest, SyncResponse};
use bdk_core::{CheckPoint, ConfirmationBlockTime, TxUpdate};
use bdk_electrum::{BdkElectrumClient, electrum_client};
use electrum_bdk::sync::Syncer;
use real_servers::anyone_can_spend;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::chain::script;
use crate::rival::Rival;

const STOP_GAP: usize = 20;
/// For `bdk_electrum`: how many histories it asks for at once.
const BATCH: usize = 100;

/// Reads `scan` and `sync` from standard input, and writes what each came to as a line of JSON.
pub(crate) fn serve(rival: Rival, address: &str) {
    let backend = Backend::connect(rival, address);
    let mut wallet = Wallet::new();
    for step in io::stdin().lines() {
        let started;
        match step.expect("a line").as_str() {
            "scan" => {
                let request = wallet.scan_request();
                started = Instant::now();
                let response = backend.scan(request);
                wallet.take_scan(response);
            }
            "sync" => {
                let request = wallet.sync_request();
                started = Instant::now();
                let response = backend.sync(request);
                wallet.take(response.tx_update, response.chain_update);
            }
            other => panic!("no such step: {other}"),
        }
        let seconds = started.elapsed().as_secs_f64();
        println!("{}", json!({ "seconds": seconds, "peak": peak(), "result": wallet.digest() }));
    }
}

/// The keychains of the wallet: one.
type Keychain = u8;

enum Backend {
    ElectrumClient(Box<BdkElectrumClient<electrum_client::Client>>),
    DropIn(Box<BdkElectrumClient<electrum_bdk::Client>>),
    Native(Syncer),
}

impl Backend {
    fn connect(rival: Rival, address: &str) -> Self {
        match rival {
            Rival::ElectrumClient => {
                let client = electrum_client::Client::new(address).expect("a connection");
                Self::ElectrumClient(Box::new(BdkElectrumClient::new(client)))
            }
            Rival::DropIn => {
                let client = electrum_bdk::Client::new(address).expect("a connection");
                Self::DropIn(Box::new(BdkElectrumClient::new(client)))
            }
            Rival::Native => {
                let client = electrum_bdk::Client::new(address).expect("a connection");
                Self::Native(Syncer::blocking(client.inner().clone()))
            }
        }
    }

    fn scan(&self, request: FullScanRequest<Keychain>) -> FullScanResponse<Keychain> {
        match self {
            Self::ElectrumClient(client) => client.full_scan(request, STOP_GAP, BATCH, false).expect("a scan"),
            Self::DropIn(client) => client.full_scan(request, STOP_GAP, BATCH, false).expect("a scan"),
            Self::Native(syncer) => syncer.full_scan(request, STOP_GAP).wait().expect("a scan"),
        }
    }

    fn sync(&self, request: SyncRequest<()>) -> SyncResponse {
        match self {
            Self::ElectrumClient(client) => client.sync(request, BATCH, false).expect("a sync"),
            Self::DropIn(client) => client.sync(request, BATCH, false).expect("a sync"),
            Self::Native(syncer) => syncer.sync(request).wait().expect("a sync"),
        }
    }
}

/// What a wallet keeps.
struct Wallet {
    chain: LocalChain,
    graph: IndexedTxGraph<ConfirmationBlockTime, SpkTxOutIndex<u32>>,
    last_used: Option<u32>,
}

impl Wallet {
    fn new() -> Self {
        let genesis = genesis_block(Network::Regtest).block_hash();
        Self {
            chain: LocalChain::from_genesis_hash(genesis).0,
            graph: IndexedTxGraph::new(SpkTxOutIndex::default()),
            last_used: None,
        }
    }

    fn scan_request(&self) -> FullScanRequest<Keychain> {
        let scripts = (0..).map(|index| (index, spk(index)));
        FullScanRequest::builder().chain_tip(self.chain.tip()).spks_for_keychain(0, scripts).build()
    }

    /// Of all scripts that are used, and what was expected on them, as wallets of `bdk_wallet` ask.
    fn sync_request(&self) -> SyncRequest<()> {
        let expected: Vec<_> =
            self.graph.list_expected_spk_txids(&self.chain, self.chain.tip().block_id(), ..).collect();
        let scripts: Vec<ScriptBuf> = (0..self.last_used.map_or(0, |last| last + 1)).map(spk).collect();
        SyncRequest::builder().chain_tip(self.chain.tip()).spks(scripts).expected_spk_txids(expected).build()
    }

    fn take_scan(&mut self, response: FullScanResponse<Keychain>) {
        self.last_used = response.last_active_indices.get(&0).copied();
        for index in 0..self.last_used.map_or(0, |last| last + 1) {
            self.graph.index.insert_spk(index, spk(index));
        }
        self.take(response.tx_update, response.chain_update);
    }

    fn take(&mut self, update: TxUpdate<ConfirmationBlockTime>, chain: Option<CheckPoint>) {
        let _ = self.graph.apply_update(update);
        self.chain.apply_update(chain.expect("an update of the chain")).expect("it connects");
    }

    /// A digest of the tip, the last used script, all transactions with their bytes, and all anchors.
    fn digest(&self) -> String {
        let mut lines = BTreeSet::new();
        for node in self.graph.graph().full_txs() {
            let bytes = Sha256::digest(serialize(&*node.tx));
            lines.insert(format!("transaction {} {bytes:x}", node.txid));
        }
        for (txid, anchors) in self.graph.graph().all_anchors() {
            lines.extend(anchors.iter().map(|anchor| format!("anchor {txid} {anchor:?}")));
        }
        lines.insert(format!("tip {:?} last used {:?}", self.chain.tip().block_id(), self.last_used));
        let mut hash = Sha256::new();
        lines.iter().for_each(|line| hash.update(line));
        format!("{} transactions, {:x}", self.graph.graph().full_txs().count(), hash.finalize())
    }
}

fn spk(index: u32) -> ScriptBuf {
    ScriptBuf::from_bytes(anyone_can_spend(script(index)))
}

/// The peak of this process's memory, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("it has a peak");
    let kilobytes: u64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number");
    kilobytes * 1024
}
