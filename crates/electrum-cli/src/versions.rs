//! Ranges of protocol versions.

use electrum_smol::proto::{ProtocolVersion, VersionRange};

/// Makes the range from `min` to `max`, which must be in order.
pub(crate) fn range(min: ProtocolVersion, max: ProtocolVersion) -> VersionRange {
    VersionRange::new(min, max).unwrap_or_default()
}
