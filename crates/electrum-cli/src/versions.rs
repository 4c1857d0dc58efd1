//! Ranges of protocol versions.

use electrum_smol::proto::{ProtocolVersion, VersionRange};

/// The range from `min` to `max`, which are in order.
pub(crate) fn range(min: ProtocolVersion, max: ProtocolVersion) -> VersionRange {
    VersionRange::new(min, max).unwrap_or_default()
}
