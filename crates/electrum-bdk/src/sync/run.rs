//! Carries out a plan with a client: sends its requests in rounds, and reports the answers.

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

/// How long to wait for a new tip from a server that contradicts itself, before the scan begins again.
const PAUSE: Duration = Duration::from_millis(500);

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

/// Runs a plan until it is complete.
pub(crate) async fn complete(
    client: &Client,
    plan: &mut Plan,
    scripts: &mut dyn Scripts,
    watch: &mut dyn Watch,
) -> Result<(), SyncError> {
    let mut tips = client.subscribe(Topic::Headers).map_err(SyncError::NoSubscription)?;
    let mut known = None;
    loop {
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
                    Some(tip) => tip,
                    None => client.call(HeadersSubscribe).await.map_err(SyncError::Call)?,
                };
                known = Some(tip);
                plan.begin(tip);
            }
            Round::Ask(asks) => {
                watch.asking(&asks)?;
                ask(client, plan, &asks, watch).await?;
            }
        }
    }
}

/// Sends one round of requests, and reports the answers to the plan.
async fn ask(client: &Client, plan: &mut Plan, asks: &[Ask], watch: &mut dyn Watch) -> Result<(), SyncError> {
    let request = |ask: &Ask| AskRequest { ask: ask.clone(), budget: plan.budget.clone() };
    let calls: Vec<Call<Answer>> = client.pipeline(|calls| asks.iter().map(|ask| calls.call(request(ask))).collect());
    let (mut answered, mut failure) = (0_usize, None);
    for (ask, call) in asks.iter().zip(calls) {
        match plan.answer(ask, call.await) {
            Ok(()) => answered += 1,
            // The scan fails, so the other answers are not awaited.
            Err(error @ (SyncError::Untrue { .. } | SyncError::TooLarge)) => return Err(error),
            Err(error) => drop(failure.get_or_insert(error)),
        }
        watch.answered(&plan.progress);
    }
    match failure {
        // The next round sends the lost requests again.
        Some(error) if answered > 0 && is_lost(&error) => Ok(()),
        Some(error) => Err(error),
        None => Ok(()),
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
