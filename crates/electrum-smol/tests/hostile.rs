//! The adapter against the catalogue of hostile servers.

mod adapter;

use adapter::Smol;

electrum_conformance::hostile_conformance!(Smol);
