//! The examples of the documents at the top of the workspace, which are run as tests.

#[doc = include_str!("../../../README.md")]
mod readme {}

#[doc = include_str!("../../../docs/wallets.md")]
mod wallets {}

#[doc = include_str!("../../../docs/embedding.md")]
mod embedding {}

#[doc = include_str!("../../../docs/adapters.md")]
mod adapters {}

#[doc = include_str!("../../../docs/property-testing.md")]
mod property_testing {}

#[doc = include_str!("../../../docs/fuzzing.md")]
mod fuzzing {}
