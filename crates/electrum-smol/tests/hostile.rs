//! The adapter against the catalogue of hostile servers.

use electrum_conformance::session::SessionAdapter;

const SMOL: SessionAdapter = SessionAdapter(electrum_smol::connect);

#[cfg(feature = "websocket")]
electrum_conformance::hostile_conformance!(SMOL);
#[cfg(not(feature = "websocket"))]
electrum_conformance::hostile_conformance!(SMOL, without WebSocket);
