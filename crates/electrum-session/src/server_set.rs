//! A set of servers of a client.

/// A set of servers, by their indexes in the list. Servers that are 64 places apart count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerSet(u64);

impl ServerSet {
    pub(crate) const NONE: Self = Self(0);

    const fn bit(server: usize) -> u64 {
        1 << (server % 64)
    }

    pub(crate) const fn insert(&mut self, server: usize) {
        self.0 |= Self::bit(server);
    }

    pub(crate) const fn remove(&mut self, server: usize) {
        self.0 &= !Self::bit(server);
    }

    pub(crate) const fn contains(self, server: usize) -> bool {
        self.0 & Self::bit(server) != 0
    }

    pub(crate) const fn len(self) -> u32 {
        self.0.count_ones()
    }
}
