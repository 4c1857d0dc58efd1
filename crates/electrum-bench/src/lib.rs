//! The project's adapters and its core, other clients, and the floor, each on the same canned answers.

pub mod builds;
pub mod clients;
pub mod core_figures;
pub mod fixture;
pub mod machine;
pub mod measure;
pub mod offline;
pub mod page;
pub mod report;
pub mod runner;
pub mod scale;
pub mod server;
pub mod workload;

/// Whatever goes wrong in a measurement ends it.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
