//! The adapter against the catalogue of hostile servers.

mod runtime;

use electrum_conformance::session::SessionAdapter;

const TOKIO: SessionAdapter = SessionAdapter(runtime::connect);

#[cfg(feature = "websocket")]
electrum_conformance::hostile_conformance!(TOKIO);
#[cfg(not(feature = "websocket"))]
electrum_conformance::hostile_conformance!(TOKIO, without WebSocket);
