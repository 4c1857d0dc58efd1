//! Where the certificates of servers are remembered.

use std::path::PathBuf;

/// The file of pins in the user's data folder, if there is such a folder.
pub(crate) fn default_file() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .or_else(|| folder("LOCALAPPDATA"))?;
    Some(data.join("electrum-cli").join("pins"))
}
