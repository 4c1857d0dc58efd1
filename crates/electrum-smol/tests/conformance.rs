//! The adapter against the suite that every driver must pass.

mod adapter;

use adapter::Smol;

electrum_conformance::driver_conformance!(Smol);
