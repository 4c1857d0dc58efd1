//! The ways to sync, which all scenarios are run with.

use bdk_core::spk_client::{FullScanRequest, FullScanResponse, SyncRequest, SyncResponse};
use bdk_electrum::BdkElectrumClient;
use electrum_bdk::sync::{Options, Syncer};
use electrum_bdk::transport::ServerAddr;
use electrum_bdk::{Client, electrum_blocking};

/// Something that syncs a wallet, previous outputs included.
pub(crate) trait Backend {
    fn connect(address: &str) -> Self;

    fn sync(&self, request: SyncRequest<()>) -> SyncResponse;

    fn full_scan(&self, request: FullScanRequest<u8>, stop_gap: usize) -> FullScanResponse<u8>;
}

/// `bdk_electrum` on the drop-in client.
pub(crate) struct DropIn(BdkElectrumClient<Client>);

/// So few scripts at once that more than one batch is made.
const BATCH: usize = 5;

impl Backend for DropIn {
    fn connect(address: &str) -> Self {
        Self(BdkElectrumClient::new(Client::new(address).expect("a connection")))
    }

    fn sync(&self, request: SyncRequest<()>) -> SyncResponse {
        self.0.sync(request, BATCH, true).expect("a sync")
    }

    fn full_scan(&self, request: FullScanRequest<u8>, stop_gap: usize) -> FullScanResponse<u8> {
        self.0.full_scan(request, stop_gap, BATCH, true).expect("a scan")
    }
}

/// The sync of `electrum-bdk`.
pub(crate) struct Native(Syncer);

impl Backend for Native {
    fn connect(address: &str) -> Self {
        let address: ServerAddr = address.parse().expect("an address");
        let client = electrum_blocking::Client::connect(address).expect("threads");
        Self(Syncer::blocking(client).with_options(Options { prev_txouts: true, ..Options::default() }))
    }

    fn sync(&self, request: SyncRequest<()>) -> SyncResponse {
        self.0.sync(request).wait().expect("a sync")
    }

    fn full_scan(&self, request: FullScanRequest<u8>, stop_gap: usize) -> FullScanResponse<u8> {
        self.0.full_scan(request, stop_gap).wait().expect("a scan")
    }
}
