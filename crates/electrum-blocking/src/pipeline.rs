//! Calls that are sent at once, and waited for one by one.

use std::time::Duration;

use electrum_session::proto::Request;
use electrum_session::threads::Threads;
use electrum_session::{self as session, CallError, block_within};

use crate::socket::Tcp;

/// Calls that are sent in one write. See [`Client::pipeline`](crate::Client::pipeline).
///
/// ```
/// use electrum_blocking::proto::operations::{Balance, History};
/// use electrum_blocking::proto::types::Script;
/// use electrum_blocking::{Client, Pipeline};
/// # use electrum_blocking::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::Fulcrum2_1).prompt().start()?;
/// # let address = server.url();
/// # server.pay(&script(1), 70_000);
/// # server.mine(1);
/// # let script = script(1);
/// # let client = Client::connect(address.parse::<ServerAddr>()?)?;
///
/// let script = Script::new(script);
/// let ask = |calls: &mut Pipeline<'_, '_>| (calls.call(Balance::new(&script)), calls.call(History::new(&script)));
/// let (balance, history) = client.pipeline(ask);
/// assert_eq!((balance.wait()?.confirmed.to_sat(), history.wait()?.len()), (70_000, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pipeline<'a, 'b> {
    calls: &'a mut session::Pipeline<'b>,
    threads: &'a Threads<Tcp>,
}

impl<'a, 'b> Pipeline<'a, 'b> {
    pub(crate) fn new(calls: &'a mut session::Pipeline<'b>, threads: &'a Threads<Tcp>) -> Self {
        Self { calls, threads }
    }

    /// Adds a call, which is sent with the others.
    pub fn call<R>(&mut self, request: R) -> Pending<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        Pending { call: self.calls.call(request), threads: self.threads.clone() }
    }
}

/// A call in flight. Dropping it cancels the call.
///
/// ```
/// use std::time::Duration;
/// use electrum_blocking::proto::operations::Balance;
/// use electrum_blocking::proto::types::Script;
/// use electrum_blocking::{CallError, Client};
/// # use electrum_blocking::transport::ServerAddr;
/// # use electrum_testkit::prelude::*;
/// # let server = Server::builder(Family::Fulcrum2_1).prompt().start()?;
/// # let address = server.url();
/// # server.pay(&script(1), 70_000);
/// # server.mine(1);
/// # let script = script(1);
/// # let client = Client::connect(address.parse::<ServerAddr>()?)?;
///
/// let pending = client.pipeline(|calls| calls.call(Balance::new(&Script::new(script))));
/// // Other work, while the server answers.
/// match pending.wait_within(Duration::from_secs(20)) {
///     Ok(balance) => assert_eq!(balance.confirmed.to_sat(), 70_000),
///     Err(CallError::TimedOut) => panic!("the server is slow"),
///     Err(error) => panic!("{error}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping a pending call cancels it"]
pub struct Pending<T> {
    call: session::Call<T>,
    threads: Threads<Tcp>,
}

impl<T> Pending<T> {
    /// Waits for the result.
    ///
    /// # Errors
    /// [`CallError`] says who must act.
    pub fn wait(self) -> Result<T, CallError> {
        let Self { call, threads } = self;
        threads.block_on(|| call)
    }

    /// Waits for the result for at most `timeout`, and then cancels the call.
    ///
    /// # Errors
    /// [`CallError::TimedOut`] if the result did not come in that time; otherwise those of [`wait`](Self::wait).
    pub fn wait_within(mut self, timeout: Duration) -> Result<T, CallError> {
        block_within(timeout, &mut self.call).unwrap_or(Err(CallError::TimedOut))
    }
}
