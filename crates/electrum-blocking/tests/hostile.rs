//! The adapter against the catalogue of hostile servers.

mod adapter;

use adapter::Blocking;

#[cfg(feature = "websocket")]
electrum_conformance::hostile_conformance!(Blocking);
#[cfg(not(feature = "websocket"))]
electrum_conformance::hostile_conformance!(Blocking, without WebSocket);
