//! Which operation was seen on which version.

use std::collections::BTreeSet;

use electrum_proto::ProtocolVersion;
use electrum_proto::operations::OPERATIONS;

use crate::operations::Case;
use crate::recording::Exchange;

/// The versions of the table of operations.
const VERSIONS: [ProtocolVersion; 7] = [
    ProtocolVersion::V1_1,
    ProtocolVersion::V1_2,
    ProtocolVersion::V1_3,
    ProtocolVersion::V1_4,
    ProtocolVersion::V1_4_2,
    ProtocolVersion::V1_6,
    ProtocolVersion::V1_7,
];

/// What no recording shows a result of, and why.
const NOT_RECORDED: &[(&str, &[ProtocolVersion], &str)] = &[(
    "AddPeer",
    &[
        ProtocolVersion::V1_1,
        ProtocolVersion::V1_2,
        ProtocolVersion::V1_3,
        ProtocolVersion::V1_4_2,
        ProtocolVersion::V1_7,
    ],
    "only Fulcrum was given features that it could answer",
)];

/// The operations whose result was decoded, and the versions of the connections.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<(&'static str, ProtocolVersion)>);

impl Seen {
    pub(crate) fn operation(&mut self, case: &Case, exchange: &Exchange) {
        self.0.insert((case.name, exchange.version));
    }

    /// Every operation was seen on every version that has it, but for what is listed.
    pub(crate) fn check(&self) {
        let mut missing = BTreeSet::new();
        for operation in OPERATIONS {
            for version in VERSIONS {
                if operation.method(version).is_some() && !self.0.contains(&(operation.name, version)) {
                    missing.insert((operation.name, version));
                }
            }
        }
        let listed = NOT_RECORDED.iter().flat_map(|(name, versions, _)| versions.iter().map(|v| (*name, *v)));
        assert_eq!(missing, listed.collect());
    }
}
