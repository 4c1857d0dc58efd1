//! The protocol versions that tests go through.

use electrum_proto::ProtocolVersion;

/// Those that changed something, which the tables show, and one on either side of them.
pub(crate) const VERSIONS: [ProtocolVersion; 9] = [
    ProtocolVersion::V1_0,
    ProtocolVersion::V1_1,
    ProtocolVersion::V1_2,
    ProtocolVersion::V1_3,
    ProtocolVersion::V1_4,
    ProtocolVersion::V1_4_2,
    ProtocolVersion::V1_6,
    ProtocolVersion::V1_7,
    ProtocolVersion::new(2, 0, 0),
];
