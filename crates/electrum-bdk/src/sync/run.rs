//! Carries out a plan over a client: sends its questions in rounds, and reports the answers.

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

/// How long a server that contradicts itself has to report another tip, before it is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Who watches a scan.
pub(crate) trait Watch: Send {
    /// Is called before these questions are sent.
    fn asking(&mut self, asks: &[Ask]) -> Result<(), SyncError> {
        let _ = asks;
        Ok(())
    }

    /// Is called after each answer.
    fn answered(&mut self, progress: &Progress);
}

/// Runs a plan until all is known.
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
                    // An update that does not come is none: the tip may be the same.
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

/// Asks one round of questions.
async fn ask(client: &Client, plan: &mut Plan, asks: &[Ask], watch: &mut dyn Watch) -> Result<(), SyncError> {
    let request = |ask: &Ask| AskRequest { ask: ask.clone(), budget: plan.budget.clone() };
    let calls: Vec<Call<Answer>> = client.pipeline(|calls| asks.iter().map(|ask| calls.call(request(ask))).collect());
    let (mut answered, mut failure) = (0_usize, None);
    for (ask, call) in asks.iter().zip(calls) {
        match plan.answer(ask, call.await) {
            Ok(()) => answered += 1,
            // The others are not worth waiting for.
            Err(error @ (SyncError::Untrue { .. } | SyncError::TooLarge)) => return Err(error),
            Err(error) => drop(failure.get_or_insert(error)),
        }
        watch.answered(&plan.progress);
    }
    match failure {
        // The next round asks again for what is missing.
        Some(error) if answered > 0 && is_lost(&error) => Ok(()),
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Whether the answer may come another time.
pub(crate) fn is_lost(error: &SyncError) -> bool {
    let SyncError::Call(error) = error else { return false };
    matches!(error.kind(), CallErrorKind::TimedOut | CallErrorKind::Unsent | CallErrorKind::QueueFull)
}

/// The updates that can be read at once.
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

/// The tip that an update reports.
pub(crate) fn tip(update: &TopicUpdate) -> Option<Tip> {
    match update.value {
        Ok(Update::Headers(tip)) => Some(tip),
        _ => None,
    }
}

/// Runs a future until it is complete, or cancelled.
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
