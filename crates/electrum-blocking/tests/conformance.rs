//! The adapter against the suite that every driver must pass.

mod adapter;

use adapter::Blocking;

electrum_conformance::driver_conformance!(Blocking);
