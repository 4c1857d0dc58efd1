//! Where the certificates of servers are remembered.

use std::path::PathBuf;

use etcetera::BaseStrategy;

/// The file of pins in the folder for data that the platform has, if there is such a folder.
pub(crate) fn default_file() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.data_dir().join("electrum-cli").join("pins"))
}
