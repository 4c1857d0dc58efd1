//! The adapter against the catalogue of hostile servers.

mod adapter;

use adapter::Blocking;

electrum_conformance::hostile_conformance!(Blocking);
