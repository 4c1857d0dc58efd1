//! The adapter against the suite that every driver must pass.

use electrum_conformance::session::SessionAdapter;

const SMOL: SessionAdapter = SessionAdapter(electrum_smol::connect);

#[cfg(feature = "websocket")]
electrum_conformance::driver_conformance!(SMOL);
#[cfg(not(feature = "websocket"))]
electrum_conformance::driver_conformance!(SMOL, without WebSocket);
