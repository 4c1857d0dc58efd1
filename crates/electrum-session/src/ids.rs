//! Hash tables keyed by ids that the client draws itself, which need no protection against chosen keys.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table whose keys are ids that count up.
pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Keeps ids that follow each other side by side in the table, so that memory is read in order.
#[derive(Debug, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = self.0.rotate_left(32) ^ number;
    }

    fn finish(&self) -> u64 {
        // The table looks for an entry from the low bits on, and tells neighbours apart by the high ones.
        self.0 ^ (self.0 << 57)
    }
}
