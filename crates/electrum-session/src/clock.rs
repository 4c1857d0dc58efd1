//! The clock of a client.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use electrum_proto::Timestamp;

/// Reads the time for a client: the system's clock, that of a browser, or the virtual one of a simulation.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use electrum_session::proto::Timestamp;
/// use electrum_session::transport::ServerAddr;
/// use electrum_session::{Client, Clock, Config, Step};
///
/// /// Milliseconds, which pass only when the test says so.
/// struct Virtual(Arc<AtomicU64>);
///
/// impl Clock for Virtual {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_millis(self.0.load(Ordering::Relaxed))
///     }
///     fn unix_time(&self) -> u64 {
///         1_750_000_000 + self.0.load(Ordering::Relaxed) / 1000
///     }
/// }
///
/// let server: ServerAddr = "tcp://electrum.example:50001".parse()?;
/// let time = Arc::new(AtomicU64::new(0));
/// let (_client, driver) = Client::with_clock(server, Virtual(Arc::clone(&time)), || {});
/// let Step::Connect(..) = driver.poll() else { panic!("the first step") };
/// let Step::Wait { until: Some(until), .. } = driver.poll() else { panic!("nothing to do until then") };
/// assert!(!driver.until(until).is_zero());
/// time.store(3_600_000, Ordering::Relaxed);
/// assert!(driver.until(until).is_zero());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Clock: Send + Sync + 'static {
    /// Returns the time since a fixed moment of the clock's choice. It never goes back.
    fn now(&self) -> Timestamp;

    /// Returns the present time in seconds since 1970 (UTC), for checking whether certificates have expired.
    fn unix_time(&self) -> u64;
}

/// The clock of the operating system, which starts at zero when the value is made. It does not work in a browser.
///
/// ```
/// use electrum_session::{Clock, SystemClock};
///
/// let clock = SystemClock::default();
/// let before = clock.now();
/// assert!(clock.now() >= before);
/// assert!(clock.unix_time() > 1_750_000_000); // June 2025
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::new(self.0.elapsed())
    }

    fn unix_time(&self) -> u64 {
        // Read anew each time, not counted from the start: clocks are adjusted, and computers sleep.
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}
