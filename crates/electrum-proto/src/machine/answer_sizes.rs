//! Learns how long the answers of a server are, by method.

/// The length of the longest recent answer to each method.
#[derive(Clone, Debug)]
pub(crate) struct AnswerSizes([u32; PLACES]);

/// The number of entries. Methods that share one are expected to have answers of the same, longer length.
const PLACES: usize = 64;
/// By which part of the difference an answer that is shorter than expected lowers the expected length.
const DECAY: u32 = 16;

/// The expected length of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The entry of the method.
    place: u8,
    /// The expected number of bytes; zero if no answer to the method was seen.
    pub(crate) bytes: u32,
}

impl Default for AnswerSizes {
    fn default() -> Self {
        Self([0; PLACES])
    }
}

impl AnswerSizes {
    /// Returns the expected length of the next answer to a method.
    pub(crate) fn expected(&self, method: &[u8]) -> Expected {
        self.again(Expected { place: place(method), bytes: 0 })
    }

    /// Returns the expected length of an answer by what has been learned since it was expected first.
    pub(crate) fn again(&self, answer: Expected) -> Expected {
        Expected { bytes: self.0[usize::from(answer.place) % PLACES], ..answer }
    }

    /// Learns from the length of an answer.
    pub(crate) fn seen(&mut self, answer: Expected, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let expected = &mut self.0[usize::from(answer.place) % PLACES];
        *expected = bytes.max(*expected - expected.saturating_sub(bytes) / DECAY);
    }
}

/// Returns the entry of a method: a hash of its length and its last four letters, which takes few instructions. The
/// factor is chosen so that all methods with long answers get entries of their own.
fn place(method: &[u8]) -> u8 {
    let last = method.last_chunk().map_or(0, |last| u32::from_le_bytes(*last));
    let length = (method.len() as u32).wrapping_mul(0x0100_0193);
    // The upper bits, as many as 64 places need.
    ((last ^ length).wrapping_mul(0xc2ce_6f45) >> 26) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_answer_of_late_is_expected() {
        let mut sizes = AnswerSizes::default();
        let history = sizes.expected(b"blockchain.scripthash.get_history");
        let balance = sizes.expected(b"blockchain.scripthash.get_balance");
        assert_eq!(history.bytes, 0);
        for bytes in [100, 1_000_000, 100] {
            sizes.seen(history, bytes);
            sizes.seen(balance, 150);
        }
        assert_eq!(sizes.again(balance).bytes, 150);
        assert!((900_000..1_000_000).contains(&sizes.again(history).bytes));
        (0..300).for_each(|_| sizes.seen(history, 100));
        assert!(sizes.again(history).bytes < 200, "{history:?}");
        sizes.seen(history, usize::MAX);
        assert_eq!(sizes.again(history).bytes, u32::MAX);
    }

    #[test]
    fn methods_with_long_answers_have_places_of_their_own() {
        let methods = [
            "blockchain.scripthash.get_history",
            "blockchain.scripthash.listunspent",
            "blockchain.scripthash.get_balance",
            "blockchain.scripthash.get_mempool",
            "blockchain.scripthash.subscribe",
            "blockchain.scriptpubkey.get_history",
            "blockchain.scriptpubkey.listunspent",
            "blockchain.scriptpubkey.get_balance",
            "blockchain.scriptpubkey.subscribe",
            "blockchain.transaction.get",
            "blockchain.transaction.get_merkle",
            "blockchain.transaction.broadcast",
            "blockchain.block.header",
            "blockchain.block.headers",
            "blockchain.headers.subscribe",
            "server.ping",
        ];
        let mut places: Vec<u8> = methods.iter().map(|method| place(method.as_bytes())).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), methods.len());
        assert_eq!((place(b""), usize::from(place(b"\xff")) < PLACES), (0, true));
    }
}
