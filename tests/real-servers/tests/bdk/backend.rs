//! The ways to sync, which all scenarios are run with.

use bdk_core::spk_client::{FullScanRequest, FullScanResponse, SyncRequest, SyncResponse};
use bdk_electrum::BdkElectrumClient;
use electrum_bdk::Client;

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
