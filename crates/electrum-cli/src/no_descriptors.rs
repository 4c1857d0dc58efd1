//! Output descriptors in a build without them: a type that has no values.

use std::str::FromStr;

use electrum_smol::proto::Script;
use electrum_smol::proto::types::Network;

use crate::indexes::Indexes;

/// A descriptor, which cannot be made in this build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Descriptor {}

/// Reads descriptors of one script: none is read.
pub(crate) const fn of_one_script(_: &str) -> Option<Result<String, String>> {
    None
}

impl FromStr for Descriptor {
    type Err = String;

    fn from_str(_: &str) -> Result<Self, String> {
        Err("this tool was built without descriptors: give addresses or scripts, or build it with the feature \
             `descriptors`"
            .into())
    }
}

impl Descriptor {
    pub(crate) const fn is_ranged(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn scripts(&self, _: Indexes) -> Result<Vec<(Option<u32>, Script)>, String> {
        match *self {}
    }

    pub(crate) const fn networks(&self) -> Option<&'static [Network]> {
        match *self {}
    }
}
