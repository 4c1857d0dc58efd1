//! A queue of bytes that is readable as one slice.

use std::fmt;

/// A queue of bytes whose content is always one contiguous slice.
#[derive(Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        // Amortized: at least as many bytes were consumed as are moved now.
        if self.start > self.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends all bytes of `other`, which is empty afterwards.
    pub(crate) fn take_all(&mut self, other: &mut Self) {
        if self.len() == 0 {
            std::mem::swap(self, other);
        } else {
            self.push(other.as_slice());
        }
        other.consume(other.len());
    }

    /// Drops `n` bytes at the front, or all if there are fewer.
    pub(crate) fn consume(&mut self, n: usize) {
        self.start += n.min(self.len());
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
            // The memory of one large message is released, not kept for as long as the stack is open.
            if self.bytes.capacity() > KEEP {
                self.bytes.shrink_to(KEEP);
            }
        }
    }

    /// Returns the underlying vector, to append to. It may begin with bytes that were consumed already.
    #[cfg(any(feature = "tls", feature = "websocket"))]
    pub(crate) fn writer(&mut self) -> &mut Vec<u8> {
        self.push(&[]);
        &mut self.bytes
    }
}

/// Shows the length only, since the bytes may contain secrets.
impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The capacity that an empty buffer keeps at most. Twice the limit of outgoing bytes fits.
const KEEP: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        /// A queue of single bytes is the model.
        #[test]
        fn behaves_as_a_queue(steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), 0usize..50), 0..60)) {
            let (mut buffer, mut model) = (Buffer::default(), VecDeque::new());
            for (bytes, n) in steps {
                buffer.push(&bytes);
                model.extend(bytes);
                prop_assert_eq!(buffer.as_slice(), &*model.make_contiguous());
                buffer.consume(n);
                model.drain(..n.min(model.len()));
                prop_assert_eq!(buffer.as_slice(), &*model.make_contiguous());
            }
        }
    }

    #[test]
    fn memory_of_a_large_message_is_returned() {
        let mut buffer = Buffer::default();
        buffer.push(&vec![0; 1 << 20]);
        buffer.consume(1 << 20);
        assert!(buffer.bytes.capacity() <= KEEP);
    }
}
