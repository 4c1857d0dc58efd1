//! The adapter against the suite that every driver must pass.

mod adapter;

use adapter::Blocking;

electrum_testkit::driver_conformance!(Blocking);
