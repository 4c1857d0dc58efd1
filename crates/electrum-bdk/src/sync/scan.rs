//! A scan of a wallet, which can be watched, cancelled and continued.

use std::fmt;
use std::time::Duration;

use bdk_core::spk_client::{FullScanResponse, SyncResponse};
use electrum_session::{block_on, block_within};

use super::connection::Work;
use super::error::SyncError;
use super::plan::Plan;
use super::progress::{Cancel, Progress};
use super::run::{InFlight, Watch, complete, or_cancelled};
use super::scripts::{Keychains, ScriptList, Scripts};
use super::update::update;

/// What is scanned, and how its result is made.
pub(crate) trait Target<R>: Scripts {
    fn scripts(&mut self) -> &mut dyn Scripts;

    fn response(&self, plan: &Plan) -> R;
}

impl<K: Ord + Clone + Send> Target<FullScanResponse<K>> for Keychains<K> {
    fn scripts(&mut self) -> &mut dyn Scripts {
        self
    }

    fn response(&self, plan: &Plan) -> FullScanResponse<K> {
        let (tx_update, chain_update) = update(plan, self);
        FullScanResponse { tx_update, chain_update, last_active_indices: self.last_active(&plan.histories) }
    }
}

impl Target<SyncResponse> for ScriptList {
    fn scripts(&mut self) -> &mut dyn Scripts {
        self
    }

    fn response(&self, plan: &Plan) -> SyncResponse {
        let (tx_update, chain_update) = update(plan, self);
        SyncResponse { tx_update, chain_update }
    }
}

/// A scan of a wallet, which results in an update of type `R`. [`Syncer::full_scan`](crate::sync::Syncer::full_scan)
/// and [`Syncer::sync`](crate::sync::Syncer::sync) make one; it does nothing until it is run.
///
/// A scan that failed or was cancelled keeps what it has fetched: run again, it fetches the rest.
/// ```
/// use bdk_core::spk_client::{FullScanRequest, FullScanResponse};
/// use electrum_bdk::sync::{SyncError, Syncer};
///
/// fn scan(syncer: &Syncer, request: FullScanRequest<u32>) -> Result<FullScanResponse<u32>, SyncError> {
///     let mut scan = syncer.full_scan(request, 20).on_progress(|progress| println!("{progress:?}"));
///     loop {
///         match scan.wait() {
///             // The connection was lost for longer than calls wait. Nothing starts over.
///             Err(SyncError::Call(error)) => println!("{error}"),
///             result => return result,
///         }
///     }
/// }
/// # use electrum_bdk::electrum_blocking::Client;
/// # use electrum_bdk::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::ElectrumX2_0).prompt().start()?;
/// # server.pay(&script(3), 70_000);
/// # let syncer = Syncer::blocking(Client::connect(server.url().parse::<ServerAddr>()?)?);
/// # let scripts = (0..).map(|index| (index, bdk_core::bitcoin::ScriptBuf::from_bytes(script(index))));
/// # let request = FullScanRequest::builder().spks_for_keychain(0, scripts).build();
/// # assert_eq!(scan(&syncer, request)?.last_active_indices[&0], 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a scan does nothing until it is run"]
pub struct Scan<R> {
    work: Work,
    target: Box<dyn Target<R>>,
    watcher: Watcher,
    cancel: Cancel,
}

type OnProgress = dyn FnMut(&Progress) + Send;

/// The closure that is called with the progress.
#[derive(Default)]
struct Watcher(Option<Box<OnProgress>>);

impl Watch for Watcher {
    fn answered(&mut self, progress: &Progress) {
        if let Some(on_progress) = &mut self.0 {
            on_progress(progress);
        }
    }
}

impl<R> Scan<R> {
    pub(crate) fn new(work: Work, target: Box<dyn Target<R>>) -> Self {
        Self { work, target, watcher: Watcher::default(), cancel: Cancel::default() }
    }

    /// Calls `on_progress` after each answer of the server.
    pub fn on_progress(mut self, on_progress: impl FnMut(&Progress) + Send + 'static) -> Self {
        self.watcher = Watcher(Some(Box::new(on_progress)));
        self
    }

    /// Returns a handle that cancels the scan from another thread or task.
    #[must_use]
    pub fn canceller(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Returns the progress of the scan.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.work.plan.progress
    }

    /// Runs the scan, in any runtime.
    ///
    /// # Errors
    /// [`SyncError`] says who must act. The scan can be run again, and continues where it stopped.
    ///
    /// # Cancel safety
    /// Dropping the future keeps what was fetched, and leaves what was asked for in flight: run again, the scan continues.
    pub async fn run(&mut self) -> Result<R, SyncError> {
        let Self { work: Work { connection, plan, in_flight }, target, watcher, cancel } = self;
        let completed = complete(connection.client(), plan, in_flight, target.scripts(), watcher);
        match or_cancelled(cancel, completed).await {
            Ok(()) => Ok(target.response(plan)),
            Err(error) => {
                *in_flight = InFlight::default();
                Err(error)
            }
        }
    }

    /// Runs the scan and waits for it in the calling thread.
    ///
    /// # Errors
    /// As with [`run`](Self::run).
    pub fn wait(&mut self) -> Result<R, SyncError> {
        block_on(self.run())
    }

    /// Runs the scan for at most `timeout` in the calling thread. Returns `None` if it was not complete by then: run again,
    /// it continues, with the answers that came meanwhile.
    ///
    /// # Errors
    /// As with [`run`](Self::run).
    pub fn wait_within(&mut self, timeout: Duration) -> Result<Option<R>, SyncError> {
        block_within(timeout, self.run()).transpose()
    }
}

impl<R> fmt::Debug for Scan<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("progress", &self.work.plan.progress).finish_non_exhaustive()
    }
}
