//! Finds files of a crate that import each other, directly or in a ring, and folders whose files do.
//!
//! A file imports another one if it names an item that is defined there, in a `use` or in a path that begins with
//! `crate`, `super`, `self` or a module of its own. Names that are re-exported are followed to the file that defines
//! them, so a `mod.rs` that shows what its folder offers imports nothing by that, unless it uses the name itself.
//! What is compiled for tests only is left out: tests stand above everything.

mod graph;
mod module;
mod resolve;

use std::path::{Path, PathBuf};

pub use graph::Ring;

/// Returns the rings of files that import each other, below the root file of a library, program or test.
///
/// # Panics
/// If a file of it cannot be read or is not Rust.
#[must_use]
pub fn rings(root_file: &Path) -> Vec<Ring> {
    let modules = module::load(root_file);
    graph::rings(&resolve::imports(&modules))
}

/// Returns the rings of folders whose files import each other, below the root file of a library, program or test. A folder
/// and what it is in count as one: there the rings of files say more.
///
/// # Panics
/// If a file of it cannot be read or is not Rust.
#[must_use]
pub fn folder_rings(root_file: &Path) -> Vec<Ring> {
    graph::rings(&graph::by_folder(&resolve::imports(&module::load(root_file))))
}

/// Returns the files of a library, program or test, from its root file down, without what is compiled for tests only.
///
/// # Panics
/// If a file of it cannot be read or is not Rust.
#[must_use]
pub fn files(root_file: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = module::load(root_file).into_values().map(|module| module.file).collect();
    files.sort();
    files.dedup();
    files
}
