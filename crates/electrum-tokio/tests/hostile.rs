//! The adapter against the catalogue of hostile servers.

mod runtime;

use electrum_conformance::session::SessionAdapter;

const TOKIO: SessionAdapter = SessionAdapter(runtime::connect);

electrum_conformance::hostile_conformance!(TOKIO);
