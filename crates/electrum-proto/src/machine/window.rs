//! How many requests a server is sent at once: as many as it was seen to take.

/// The window of one server. It has no bound until the server shows one, by cutting the connection or by being too busy,
/// and grows again as it answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    /// How many requests may be in flight, if that is bounded.
    bound: Option<usize>,
    /// How many were answered since the bound was set or raised.
    answered: usize,
    /// How many requests that were sent before the bound was last lowered are not answered yet.
    earlier: usize,
}

/// The smallest window: one request after the other takes too long.
const LEAST: usize = 4;
/// The window grows by no more than this at a time.
const STEP: usize = 16;
/// A bound that grows beyond this is dropped.
const MOST: usize = 100_000;
/// A connection that is lost with so few in flight was not lost because of their number.
const FEW: usize = 8;

impl Window {
    /// How many requests may be in flight, at most `limit`.
    pub(crate) fn size(&self, limit: usize) -> usize {
        self.bound.map_or(limit, |bound| bound.min(limit))
    }

    /// The connection was lost with so many in flight.
    pub(crate) fn lost(&mut self, in_flight: usize) {
        self.earlier = 0;
        if in_flight >= FEW {
            self.shrink(in_flight);
        }
    }

    /// The server answered that it is too busy, with so many in flight, that request included. Answers to requests
    /// that were sent before the window last shrank do not shrink it again.
    pub(crate) fn busy(&mut self, in_flight: usize) {
        if self.earlier > 0 {
            self.earlier -= 1;
        } else {
            self.earlier = in_flight.saturating_sub(1);
            self.shrink(in_flight);
        }
    }

    /// The server answered a request. Each time that it has answered as many as the window holds, the window doubles,
    /// or grows by [`STEP`] if that is less.
    pub(crate) fn answered(&mut self) {
        let Some(bound) = self.bound else { return };
        self.earlier = self.earlier.saturating_sub(1);
        self.answered += 1;
        if self.answered >= bound {
            self.answered = 0;
            let larger = bound + bound.min(STEP);
            self.bound = (larger < MOST).then_some(larger);
        }
    }

    fn shrink(&mut self, in_flight: usize) {
        let bound = self.bound.unwrap_or(in_flight).min(in_flight);
        (self.bound, self.answered) = (Some((bound / 2).max(LEAST)), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_no_bound_until_a_server_shows_one() {
        let mut window = Window::default();
        (0..1000).for_each(|_| window.answered());
        window.lost(FEW - 1);
        assert_eq!(window.size(100_000), 100_000);
        window.lost(500);
        assert_eq!((window.size(100_000), window.size(10)), (250, 10));
    }

    #[test]
    fn it_halves_with_every_loss_and_grows_as_answers_come() {
        let mut window = Window::default();
        let sizes = [1000, 500, 250, 125, 62, 31, 15, 8, 4].map(|in_flight| {
            window.lost(in_flight);
            window.size(usize::MAX)
        });
        assert_eq!(sizes, [500, 250, 125, 62, 31, 15, 7, 4, 4], "to the least");
        let mut answers = 0;
        while window.size(usize::MAX) < 100 {
            window.answered();
            answers += 1;
        }
        assert!((100..1000).contains(&answers), "{answers}");
    }

    #[test]
    fn many_busy_answers_to_one_burst_shrink_it_once() {
        let mut window = Window::default();
        (1..=100).rev().for_each(|in_flight| window.busy(in_flight));
        assert_eq!(window.size(usize::MAX), 50);
        window.busy(20);
        assert_eq!(window.size(usize::MAX), 10, "what was sent since");
    }
}
