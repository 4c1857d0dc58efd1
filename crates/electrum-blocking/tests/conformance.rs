//! The adapter against the suite that every driver must pass.

mod adapter;

use adapter::Blocking;

#[cfg(feature = "websocket")]
electrum_conformance::driver_conformance!(Blocking);
#[cfg(not(feature = "websocket"))]
electrum_conformance::driver_conformance!(Blocking, without WebSocket);
