//! A runtime for clients of tests that are not async.

use std::sync::LazyLock;

use electrum_tokio::{Client, Config};
use tokio::runtime::Runtime;

/// Starts a client on a runtime that runs until the process ends.
pub(crate) fn connect(config: Config) -> Client {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    let _guard = RUNTIME.enter();
    electrum_tokio::connect(config)
}
