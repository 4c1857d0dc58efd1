//! The progress of a scan, and the handle that cancels it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

/// The progress of a scan. More requests become necessary while the scan finds more.
///
/// ```
/// # use bdk_core::spk_client::FullScanRequest;
/// # use electrum_bdk::electrum_blocking::Client;
/// # use electrum_bdk::sync::Syncer;
/// # use electrum_bdk::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::ElectrumX2_0).prompt().start()?;
/// # let scripts = (0..).map(|index| (index, bdk_core::bitcoin::ScriptBuf::from_bytes(script(index))));
/// # server.pay(&script(3), 70_000);
/// # server.mine(1);
/// # let syncer = Syncer::blocking(Client::connect(server.url().parse::<ServerAddr>()?)?);
/// # let request = FullScanRequest::builder().spks_for_keychain(0, scripts);
/// let scan = syncer.full_scan(request, 20);
/// let mut scan = scan.on_progress(|progress| println!("{} of {} answers", progress.answered, progress.asked));
/// scan.wait()?;
/// let progress = scan.progress();
/// assert_eq!((progress.transactions, progress.anchors), (1, 1));
/// assert_eq!(progress.answered, progress.asked);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The scripts whose history is known.
    pub scripts: usize,
    /// The transactions that were fetched.
    pub transactions: usize,
    /// The transactions that were proved to be in a block.
    pub anchors: usize,
    /// How many requests were answered.
    pub answered: u64,
    /// How many requests were made. Those that are not answered are in flight.
    pub asked: u64,
    /// How many rounds of requests were sent, each of which takes one round trip to the server.
    pub rounds: u32,
}

/// Cancels a scan, or the wait for the next update of a followed wallet, from another thread or task.
///
/// ```
/// use electrum_bdk::sync::SyncError;
/// # use bdk_core::spk_client::FullScanRequest;
/// # use electrum_bdk::electrum_blocking::Client;
/// # use electrum_bdk::sync::Syncer;
/// # use electrum_bdk::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::ElectrumX2_0).prompt().start()?;
/// # let scripts = (0..).map(|index| (index, bdk_core::bitcoin::ScriptBuf::from_bytes(script(index))));
/// # server.pay(&script(3), 70_000);
/// # server.mine(1);
/// # let syncer = Syncer::blocking(Client::connect(server.url().parse::<ServerAddr>()?)?);
/// # let request = FullScanRequest::builder().spks_for_keychain(0, scripts);
///
/// let mut scan = syncer.full_scan(request, 20);
/// let cancel = scan.canceller();
/// std::thread::spawn(move || cancel.cancel()).join().unwrap(); // the user closes the window
/// assert_eq!(scan.wait().err(), Some(SyncError::Cancelled));
/// // The user opens it again.
/// assert_eq!(scan.wait()?.last_active_indices[&0], 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Cancel(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_cancelled: bool,
    waker: Option<Waker>,
}

impl Cancel {
    /// Cancels the scan or the wait, which returns [`SyncError::Cancelled`](crate::sync::SyncError::Cancelled) at once;
    /// the next one does if none runs. What was fetched is kept: run again, it continues.
    pub fn cancel(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_cancelled = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Returns whether the scan was cancelled since the last call; if not, registers the waker for that.
    pub(crate) fn take(&self, context: &Context<'_>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.waker = Some(context.waker().clone());
        std::mem::take(&mut state.is_cancelled)
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").finish_non_exhaustive()
    }
}
