//! Fetches runs of headers, with several requests in flight.

use std::collections::VecDeque;

use electrum_smol::proto::operations::Headers;
use electrum_smol::proto::types::HeaderRun;
use electrum_smol::{Call, CallError};

use crate::query::Query;

/// How many headers most servers send at once.
const RUN: u32 = 2016;
/// How many requests are in flight at once.
const AHEAD: usize = 4;

/// The headers from one height to another, in runs.
pub(super) struct Runs {
    next: u32,
    last: u32,
    length: u32,
    calls: VecDeque<(u32, u32, Call<HeaderRun>)>,
}

impl Runs {
    /// Makes the runs from `first` to `last`, both included.
    pub(super) const fn new(first: u32, last: u32) -> Self {
        Self { next: first, last, length: RUN, calls: VecDeque::new() }
    }

    /// Returns the next run.
    pub(super) async fn next(&mut self, query: &Query<'_>) -> Result<HeaderRun, CallError> {
        while self.calls.len() < AHEAD && self.next <= self.last {
            let count = self.length.min(self.last - self.next + 1);
            // The links are checked later, together with those to the run before.
            let call = query.call(Headers::new(self.next, count).without_link_check());
            self.calls.push_back((self.next, count, call));
            self.next += count;
        }
        let Some((start, count, call)) = self.calls.pop_front() else { return Err(CallError::Closed) };
        let run = call.await?;
        let length = u32::try_from(run.headers.len()).unwrap_or(u32::MAX);
        if (1..count).contains(&length) {
            // This server sends fewer at once, so the requests in flight start too high.
            self.calls.clear();
            (self.next, self.length) = (start + length, length);
        }
        Ok(run)
    }
}
