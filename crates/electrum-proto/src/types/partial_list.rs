//! A list without the elements that could not be read.

use alloc::vec::Vec;
use core::ops::Deref;

use crate::json::{Read, Reader};

/// A list without those elements that could not be read, and how many they were.
///
/// Servers send broken entries in lists of peers and of fees. One broken entry does not invalidate the others. What money
/// or identity depends on (balances, outputs, histories, headers, proofs) is never such a list.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::FeeHistogram;
/// use electrum_proto::{ProtocolVersion, Request};
///
/// let result = RawJson::new("[[18446744073709551615, 0], [1, 6210]]");
/// let bins = FeeHistogram.decode(ProtocolVersion::V1_4, result)?;
/// assert_eq!((bins.len(), bins.dropped), (1, 1));
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartialList<T> {
    /// The elements that could be read, in the server's order.
    pub items: Vec<T>,
    /// How many could not.
    pub dropped: usize,
}

impl<T> PartialList<T> {
    /// Reads an array of at most `most` elements, or `null` for none; those that `element` refuses are dropped and counted.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        most: usize,
        mut element: impl FnMut(&mut Reader<'_>) -> Read<T>,
    ) -> Read<Self> {
        let mut list = Self::default();
        if reader.null()? {
            return Ok(list);
        }
        reader.short_array(most, |reader| {
            list.add(reader.lenient(&mut element)?);
            Ok(())
        })?;
        Ok(list)
    }

    /// Adds an element, or counts one that could not be read.
    pub(crate) fn add(&mut self, item: Option<T>) {
        match item {
            Some(item) => self.items.push(item),
            None => self.dropped += 1,
        }
    }
}

impl<T> Default for PartialList<T> {
    fn default() -> Self {
        Self { items: Vec::new(), dropped: 0 }
    }
}

impl<T> Deref for PartialList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> IntoIterator for PartialList<T> {
    type Item = T;
    type IntoIter = alloc::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a PartialList<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
