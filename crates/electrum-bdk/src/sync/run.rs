//! Carries out a plan with a client: sends its requests in rounds, and reports the answers.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use electrum_session::proto::operations::HeadersSubscribe;
use electrum_session::proto::types::Tip;
use electrum_session::proto::{Topic, Update};
use electrum_session::{Call, CallErrorKind, Client, TopicUpdate, Updates};
use futures_core::Stream;

use super::ask::{Answer, Ask, AskRequest};
use super::error::SyncError;
use super::plan::{Plan, Round};
use super::progress::{Cancel, Progress};
use super::scripts::Scripts;

/// How long to wait before a scan begins again: for a new tip from a server that contradicts itself, and for room among the
/// calls of a client.
pub(crate) const PAUSE: Duration = Duration::from_millis(500);

/// Callbacks of a scan.
pub(crate) trait Watch: Send {
    /// Called before these requests are sent.
    fn asking(&mut self, asks: &[Ask]) -> Result<(), SyncError> {
        let _ = asks;
        Ok(())
    }

    /// Called after each answer.
    fn answered(&mut self, progress: &Progress);
}

/// The requests of a plan that wait for their answers. They outlive the future that waits for them: the next one goes on
/// with them.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    tip: Option<Call<Tip>>,
    /// The requests of a round in their order, without those whose answers were reported.
    round: VecDeque<(Ask, Call<Answer>)>,
    /// How many requests of the round have succeeded.
    answered: usize,
    /// The first error of the round.
    failure: Option<SyncError>,
}

impl InFlight {
    /// Whether a round is in flight: its answers may be older than what a subscription has reported since.
    pub(crate) fn has_round(&self) -> bool {
        !self.round.is_empty()
    }

    /// Asks for the server's tip.
    async fn tip(&mut self, client: &Client) -> Result<Tip, SyncError> {
        let tip = self.tip.get_or_insert_with(|| client.call(HeadersSubscribe)).await;
        self.tip = None;
        tip.map_err(SyncError::Call)
    }

    /// Sends the requests of a round.
    fn send(&mut self, client: &Client, plan: &Plan, asks: Vec<Ask>) {
        let request = |ask: &Ask| AskRequest { ask: ask.clone(), budget: plan.budget.clone() };
        self.round = client.pipeline(|calls| {
            let call = |ask| {
                let call = calls.call(request(&ask));
                (ask, call)
            };
            asks.into_iter().map(call).collect()
        });
    }

    /// Waits for the answers of the round, if one is in flight, and reports them to the plan.
    async fn receive(&mut self, plan: &mut Plan, watch: &mut dyn Watch) -> Result<(), SyncError> {
        while let Some((ask, call)) = self.round.front_mut() {
            let answer = call.await;
            match plan.answer(ask, answer) {
                Ok(()) => self.answered += 1,
                // The scan fails, so the other answers are not awaited.
                Err(error @ (SyncError::Untrue { .. } | SyncError::TooLarge)) => {
                    *self = Self::default();
                    return Err(error);
                }
                Err(error) => drop(self.failure.get_or_insert(error)),
            }
            self.round.pop_front();
            watch.answered(&plan.progress);
        }
        let answered = std::mem::take(&mut self.answered);
        match self.failure.take() {
            // The next round sends the lost requests again.
            Some(error) if answered > 0 && is_lost(&error) => Ok(()),
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Runs a plan until it is complete. If the future is dropped, what is in flight stays so, and the next one goes on with it.
pub(crate) async fn complete(
    client: &Client,
    plan: &mut Plan,
    in_flight: &mut InFlight,
    scripts: &mut dyn Scripts,
    watch: &mut dyn Watch,
) -> Result<(), SyncError> {
    let mut tips = client.subscribe(Topic::Headers).map_err(SyncError::NoSubscription)?;
    let mut known = None;
    loop {
        in_flight.receive(plan, watch).await?;
        match plan.next(scripts)? {
            Round::Done => return Ok(()),
            Round::Begin { pause } => {
                if pause {
                    // Without an update in this time the scan begins again with the same tip.
                    let update = tips.next_within(PAUSE).await.ok();
                    known = update.as_ref().and_then(tip).or(known);
                }
                let newest = ready_updates(&mut tips).await.iter().rev().find_map(tip).or(known);
                let tip = match newest {
                    Some(tip) => {
                        in_flight.tip = None;
                        tip
                    }
                    None => in_flight.tip(client).await?,
                };
                known = Some(tip);
                plan.begin(tip);
            }
            Round::Ask(asks) => {
                watch.asking(&asks)?;
                in_flight.send(client, plan, asks);
            }
        }
    }
}

/// Whether a scan may succeed if it sends its requests again.
pub(crate) fn is_lost(error: &SyncError) -> bool {
    let SyncError::Call(error) = error else { return false };
    matches!(error.kind(), CallErrorKind::TimedOut | CallErrorKind::Unsent | CallErrorKind::QueueFull)
}

/// Returns the updates that are buffered.
pub(crate) async fn ready_updates(updates: &mut Updates) -> Vec<TopicUpdate> {
    let mut ready = Vec::new();
    poll_fn(|context| {
        while let Poll::Ready(Some(update)) = Pin::new(&mut *updates).poll_next(context) {
            ready.push(update);
        }
        Poll::Ready(())
    })
    .await;
    ready
}

/// Returns the tip that an update reports, if it does.
pub(crate) fn tip(update: &TopicUpdate) -> Option<Tip> {
    match update.value {
        Ok(Update::Headers(tip)) => Some(tip),
        _ => None,
    }
}

/// Runs a future until it completes or is cancelled.
pub(crate) async fn or_cancelled<T>(
    cancel: &Cancel,
    future: impl Future<Output = Result<T, SyncError>>,
) -> Result<T, SyncError> {
    let mut future = std::pin::pin!(future);
    poll_fn(|context| match cancel.take(context) {
        true => Poll::Ready(Err(SyncError::Cancelled)),
        false => future.as_mut().poll(context),
    })
    .await
}
