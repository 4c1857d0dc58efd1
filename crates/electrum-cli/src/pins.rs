//! The default file of certificate pins.

use std::path::PathBuf;

use etcetera::BaseStrategy;

/// Returns the file of pins in the platform's data folder, if there is such a folder.
pub(crate) fn default_file() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.data_dir().join("electrum-cli").join("pins"))
}
