//! The table of requests in flight, which finds them by their ids in constant time.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::answer_sizes::Expected;
use super::window::Outstanding;
use crate::time::Timestamp;

const SMALLEST: usize = 16;
/// The number of entries for which a deadline may be noticed late by [`LOOK`]: a search costs as much as there are
/// entries.
const MANY: usize = 4096;
const LOOK: Duration = Duration::from_millis(1);

/// A request in flight: one that was written, or is about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting<O> {
    pub(crate) id: u64,
    pub(crate) owner: O,
    pub(crate) deadline: Timestamp,
    /// The offset of its line in the outgoing stream of the link.
    pub(crate) begin: u64,
    /// When it was written.
    pub(crate) sent: Timestamp,
    /// When the server was pinged because it had answered nothing by the deadline.
    pub(crate) suspected: Option<Timestamp>,
    /// Whether it has waited for so long that it does not count against the window any more.
    is_stale: bool,
    /// The expected length of its answer when it was written.
    pub(crate) answer: Expected,
}

/// The table of requests in flight. The low bits of an id are the index of its entry. Ids rise, and skip those whose
/// entry is still in use, so that the entry of a new id is always free.
#[derive(Clone, Debug)]
pub(crate) struct InFlight<O> {
    places: Vec<Option<Waiting<O>>>,
    count: usize,
    /// The expected number of bytes of all answers.
    bytes: u64,
    /// How many requests do not count against the window any more.
    stale: usize,
    last_id: u64,
    /// When to search for deadlines that have passed. It may be before the earliest deadline, or slightly after it.
    earliest: Option<Timestamp>,
}

impl<O: Copy> InFlight<O> {
    /// Makes an empty table whose ids begin after `last_id`.
    pub(crate) fn after(last_id: u64) -> Self {
        Self { places: Vec::new(), count: 0, bytes: 0, stale: 0, last_id, earliest: None }
    }

    /// Returns the id that was drawn last.
    pub(crate) fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Returns a new id. It can be drawn again until a request is added under it.
    pub(crate) fn draw_id(&mut self) -> u64 {
        if self.count * 2 >= self.places.len() {
            self.resize((self.places.len() * 2).max(SMALLEST));
        }
        loop {
            self.last_id += 1;
            let place = self.place(self.last_id);
            if self.places[place].is_none() {
                return self.last_id;
            }
        }
    }

    /// Adds a request under the id that was drawn last.
    pub(crate) fn add(&mut self, owner: O, sent: Timestamp, deadline: Timestamp, begin: u64, answer: Expected) {
        let place = self.place(self.last_id);
        let (id, suspected, is_stale) = (self.last_id, None, false);
        self.places[place] = Some(Waiting { id, owner, deadline, begin, sent, suspected, is_stale, answer });
        self.count += 1;
        self.bytes += u64::from(answer.bytes);
        self.earliest = Some(self.earliest.map_or(deadline, |earliest| earliest.min(deadline)));
    }

    /// Returns the request with this id.
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Waiting<O>> {
        if self.places.is_empty() {
            return None;
        }
        let place = self.place(id);
        self.places[place].as_mut().filter(|waiting| waiting.id == id)
    }

    /// Changes the owner and the deadline of the request.
    pub(crate) fn pass_to(&mut self, id: u64, owner: O, deadline: Timestamp) {
        if let Some(waiting) = self.get_mut(id) {
            (waiting.owner, waiting.deadline, waiting.suspected) = (owner, deadline, None);
            self.earliest = Some(self.earliest.map_or(deadline, |earliest| earliest.min(deadline)));
        }
    }

    /// Extends the deadline of the request, since the server was pinged to find out whether it is alive.
    pub(crate) fn suspect(&mut self, id: u64, now: Timestamp, deadline: Timestamp) {
        if let Some(waiting) = self.get_mut(id) {
            (waiting.deadline, waiting.suspected) = (deadline, Some(now));
            self.earliest = Some(self.earliest.map_or(deadline, |earliest| earliest.min(deadline)));
        }
    }

    /// Removes the request with this id.
    #[inline]
    pub(crate) fn remove(&mut self, id: u64) -> Option<Waiting<O>> {
        // Field by field: copies of the whole would wait for each other, for every reply.
        let Waiting { id, owner, deadline, begin, sent, suspected, is_stale, answer } = *self.get_mut(id)?;
        let place = self.place(id);
        self.places[place] = None;
        self.count -= 1;
        self.bytes -= u64::from(answer.bytes);
        self.stale -= usize::from(is_stale);
        if self.count == 0 {
            self.earliest = None;
        }
        Some(Waiting { id, owner, deadline, begin, sent, suspected, is_stale, answer })
    }

    /// Moves the offsets of requests whose lines come after lines that were withdrawn from the stream. See
    /// [`begin_after`].
    pub(crate) fn withdrawn(&mut self, lines: &[(u64, u64)]) {
        for waiting in self.places.iter_mut().flatten() {
            waiting.begin = begin_after(waiting.begin, lines);
        }
    }

    /// Returns the only request, if there is exactly one.
    pub(crate) fn only(&self) -> Option<Waiting<O>> {
        if self.count == 1 { self.places.iter().flatten().next().copied() } else { None }
    }

    /// Returns the request that was sent first, of those for whose owners this is true.
    pub(crate) fn oldest_of(&self, is_meant: impl Fn(O) -> bool) -> Option<Waiting<O>> {
        self.places.iter().flatten().filter(|w| is_meant(w.owner)).min_by_key(|waiting| waiting.id).copied()
    }

    /// Returns the number of requests.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Returns what waits for an answer.
    pub(crate) fn outstanding(&self) -> Outstanding {
        Outstanding { requests: self.count, bytes: self.bytes, stale: self.stale }
    }

    /// Lets requests that have waited for so long not count against the window any more.
    pub(crate) fn set_stale(&mut self, now: Timestamp, wait: Duration) {
        for waiting in self.places.iter_mut().flatten().filter(|waiting| waiting.sent + wait <= now) {
            self.stale += usize::from(!core::mem::replace(&mut waiting.is_stale, true));
        }
    }

    /// Returns the expected length of each answer.
    pub(crate) fn answers(&self) -> impl Iterator<Item = Expected> {
        self.places.iter().flatten().map(|waiting| waiting.answer)
    }

    /// Returns when to search for overdue requests.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.earliest
    }

    /// Returns the requests whose deadline has passed, in the order of their ids. They stay in the table.
    pub(crate) fn overdue(&mut self, now: Timestamp) -> Vec<Waiting<O>> {
        let mut overdue: Vec<_> = self.places.iter().flatten().filter(|w| w.deadline <= now).copied().collect();
        overdue.sort_unstable_by_key(|waiting| waiting.id);
        let next = self.places.iter().flatten().map(|w| w.deadline).filter(|deadline| *deadline > now).min();
        // A search costs as much as there are entries, so a large table is searched less often.
        let pause = LOOK * (self.places.len() / MANY) as u32;
        self.earliest = next.map(|next| next.max(now + pause));
        overdue
    }

    /// Removes all requests, in the order of their ids, and releases the memory.
    pub(crate) fn take_all(&mut self) -> VecDeque<Waiting<O>> {
        let mut all: Vec<_> = core::mem::take(&mut self.places).into_iter().flatten().collect();
        all.sort_unstable_by_key(|waiting| waiting.id);
        (self.count, self.bytes, self.stale) = (0, 0, 0);
        self.earliest = None;
        all.into()
    }

    fn place(&self, id: u64) -> usize {
        // The length is a power of two, so the mask also makes the conversion harmless.
        id as usize & (self.places.len() - 1)
    }

    /// Resizes the table. Ids that differ in their low bits also differ under a longer mask, so entries never collide.
    fn resize(&mut self, size: usize) {
        let mut old = core::mem::take(&mut self.places);
        self.places.resize_with(size, || None);
        for waiting in old.drain(..).flatten() {
            let place = self.place(waiting.id);
            self.places[place] = Some(waiting);
        }
    }
}

/// Returns the offset of a line after lines were withdrawn. For each of those, `withdrawn` has its offset, and the
/// length of all withdrawn lines up to and including it.
fn begin_after(begin: u64, withdrawn: &[(u64, u64)]) -> u64 {
    let before = withdrawn.partition_point(|(other, _)| *other < begin);
    match before.checked_sub(1) {
        // A line that was never written has no offset.
        Some(last) if begin < u64::MAX => begin - withdrawn[last].1,
        _ => begin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_moves_up_by_what_was_withdrawn_before_it() {
        let withdrawn = [(10, 4), (30, 9)];
        assert_eq!([5, 10, 20, 30, 40].map(|begin| begin_after(begin, &withdrawn)), [5, 10, 16, 26, 31]);
        assert_eq!(begin_after(u64::MAX, &withdrawn), u64::MAX);
        assert_eq!(begin_after(7, &[]), 7);
    }

    #[test]
    fn stragglers_are_stepped_over_and_ids_never_repeat() {
        let mut table = InFlight::after(0);
        let mut drawn = Vec::new();
        for round in 0..1_000_u64 {
            let id = table.draw_id();
            table.add(round, Timestamp::ZERO, Timestamp::MAX, 0, Expected::default());
            drawn.push(id);
            // Every hundredth request is never answered.
            if round % 100 != 0 {
                assert_eq!(table.remove(id).map(|w| w.owner), Some(round));
            }
            assert_eq!(table.remove(id + 1), None);
        }
        assert!(drawn.is_sorted_by(|a, b| a < b));
        assert_eq!(table.len(), 10);
        let left: Vec<_> = table.take_all().into_iter().map(|w| w.owner).collect();
        assert_eq!(left, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    }

    #[test]
    fn many_at_once_are_all_found() {
        let mut table = InFlight::after(0);
        let ids: Vec<_> = (0..10_000)
            .map(|i| {
                let id = table.draw_id();
                table.add(i, Timestamp::ZERO, Timestamp::MAX, 0, Expected::default());
                id
            })
            .collect();
        assert!(table.places.len() >= 2 * table.len(), "half of the places are free, so that one is soon found");
        for (i, id) in ids.into_iter().enumerate().rev() {
            assert_eq!(table.remove(id).map(|w| w.owner), Some(i));
        }
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn many_deadlines_that_come_one_by_one_are_looked_for_now_and_then() {
        let mut table = InFlight::after(0);
        for micros in 0..50_000 {
            table.draw_id();
            table.add((), Timestamp::ZERO, Timestamp::new(Duration::from_micros(micros)), 0, Expected::default());
        }
        let (mut looks, mut found) = (0, 0);
        while let Some(now) = table.next_deadline() {
            looks += 1;
            for waiting in table.overdue(now) {
                table.remove(waiting.id);
                found += 1;
            }
        }
        assert_eq!((found, table.len()), (50_000, 0));
        assert!(looks < 10, "{looks}");
    }

    #[test]
    fn stale_ones_are_counted_until_they_are_answered() {
        let mut table = InFlight::after(0);
        for millis in [10, 20, 30] {
            table.draw_id();
            table.add((), Timestamp::from_millis(millis), Timestamp::MAX, 0, Expected::default());
        }
        for _ in 0..2 {
            table.set_stale(Timestamp::from_millis(25), Duration::from_millis(5));
            assert_eq!((table.outstanding().requests, table.outstanding().stale), (3, 2));
        }
        for (id, stale) in [(3, 2), (1, 1), (2, 0)] {
            table.remove(id);
            assert_eq!(table.outstanding().stale, stale);
        }
    }

    #[test]
    fn overdue_ones_are_named_once_their_moment_has_come() {
        let mut table = InFlight::after(0);
        for millis in [30, 10, 20] {
            table.draw_id();
            table.add((), Timestamp::ZERO, Timestamp::from_millis(millis), 0, Expected::default());
        }
        assert_eq!(table.next_deadline(), Some(Timestamp::from_millis(10)));
        let overdue = |table: &mut InFlight<()>, millis| {
            table.overdue(Timestamp::from_millis(millis)).iter().map(|waiting| waiting.id).collect::<Vec<_>>()
        };
        assert_eq!(overdue(&mut table, 9), [0_u64; 0]);
        assert_eq!(overdue(&mut table, 20), [2, 3]);
        assert_eq!(table.next_deadline(), Some(Timestamp::from_millis(30)));
    }
}
