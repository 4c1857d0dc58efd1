//! The adapter against the suite that every driver must pass.

mod runtime;

use electrum_conformance::session::SessionAdapter;

const TOKIO: SessionAdapter = SessionAdapter(runtime::connect);

#[cfg(feature = "websocket")]
electrum_conformance::driver_conformance!(TOKIO);
#[cfg(not(feature = "websocket"))]
electrum_conformance::driver_conformance!(TOKIO, without WebSocket);
