//! Blocks the calling thread until a future is ready.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Blocks the calling thread until a future is ready, and returns its output.
///
/// Another thread must drive the client, as those of `electrum-blocking` do. A future of this client may be waited for
/// like that in a program that has no async runtime, or beside one.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use electrum_session::block_on;
/// use electrum_session::proto::operations::Banner;
///
/// # let client = example::client();
/// assert_eq!(block_on(client.call(Banner))?, "Welcome!");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    wait(None, future).expect("without a deadline the wait ends with the output")
}

/// Blocks the calling thread until a future is ready, for at most `timeout`. Returns `None` if it was not ready by then;
/// it is polled once at least.
///
/// The future is dropped at the end. To go on with it later, pass a pinned reference to it, as here:
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/client.rs")); }
/// use std::pin::pin;
/// use std::time::Duration;
///
/// use electrum_session::block_within;
/// use electrum_session::proto::operations::Banner;
///
/// # let client = example::client();
/// let mut call = pin!(client.call(Banner));
/// let banner = loop {
///     match block_within(Duration::from_secs(1), call.as_mut()) {
///         Some(banner) => break banner?,
///         None => println!("still waiting"),
///     }
/// };
/// assert_eq!(banner, "Welcome!");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn block_within<F: Future>(timeout: Duration, future: F) -> Option<F::Output> {
    // A time that the clock cannot express never comes.
    wait(Instant::now().checked_add(timeout), future)
}

thread_local! {
    /// The parker of this thread while it does not wait, kept so that reading a buffered update need not make one.
    static IDLE: Cell<Option<Parker>> = const { Cell::new(None) };
}

fn wait<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    // There is none if the thread ends, or if code of a future that it waits for waits for another one.
    let idle = IDLE.try_with(Cell::take).ok().flatten();
    let parker = idle.unwrap_or_else(Parker::new);
    let output = parker.wait(deadline, pin!(future));
    let _ = IDLE.try_with(|idle| idle.set(Some(parker)));
    output
}

/// Lets a thread sleep until its waker is called.
struct Parker {
    wake: Arc<Unpark>,
    waker: Waker,
}

/// The waker of a thread that waits.
struct Unpark {
    thread: Thread,
    /// Whether the waker was called. What `unpark` leaves behind may be taken by other code that parks this thread.
    is_called: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_called.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl Parker {
    fn new() -> Self {
        let wake = Arc::new(Unpark { thread: thread::current(), is_called: AtomicBool::new(false) });
        Self { waker: Waker::from(Arc::clone(&wake)), wake }
    }

    fn wait<F: Future>(&self, deadline: Option<Instant>, mut future: Pin<&mut F>) -> Option<F::Output> {
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&self.waker)) {
                return Some(output);
            }
            loop {
                let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                // Before the waker is looked at: one that is always called must not put off the end.
                if left.is_some_and(|left| left.is_zero()) {
                    return None;
                }
                if self.wake.is_called.swap(false, Ordering::Acquire) {
                    break;
                }
                match left {
                    Some(left) => thread::park_timeout(left),
                    None => thread::park(),
                }
            }
        }
    }
}
