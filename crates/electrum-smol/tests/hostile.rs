//! The adapter against the catalogue of hostile servers.

mod adapter;

use adapter::Smol;

electrum_testkit::hostile_conformance!(Smol);
