//! Requests of callers until they have a result, which the caller decodes.
//!
//! The session and its driver see a [`PendingCall`]; the caller's future sees a [`TypedCall`]. The request and its
//! response belong to the caller's half alone: they are decoded and dropped there, never under a lock.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use electrum_proto::json::{DecodeError, RawJson};
use electrum_proto::{EncodedRequests, KeptReply, NotInVersion, ProtocolVersion, Reply, Request, RequestId};

use crate::error::CallError;
use crate::oneshot::{Oneshot, lock};

/// The payload of a panic.
type Payload = Box<dyn Any + Send>;

/// The requests of one call, whatever their type, identified by their index.
pub(crate) trait PendingCall: Send + Sync {
    /// Encodes one request. Runs code of the caller: no lock may be held.
    fn encode(&self, index: u32, requests: &mut EncodedRequests) -> Result<(), Box<EncodeError>>;

    /// Whether the caller still waits for results.
    fn is_awaited(&self) -> bool;

    /// Records the id of the request in flight, so that a dropped call can cancel it.
    fn set_sent_as(&self, id: Option<RequestId>);

    /// Delivers the outcome of one request. Returns the waker to call when no lock is held.
    fn finish(&self, index: u32, outcome: Outcome<'_>) -> Option<Waker>;
}

/// The caller's side of a call with a result of type `T`.
pub(crate) trait TypedCall<T>: Send + Sync {
    fn poll_result(&self, context: &Context<'_>) -> Poll<T>;

    /// Drops the requests. Returns whether the call was still waiting for a result.
    fn abandon(&self) -> bool;

    /// Returns the id of the request in flight, if the call has a single request.
    fn sent_as(&self) -> Option<RequestId>;
}

/// How a request ended.
pub(crate) enum Outcome<'a> {
    Reply(&'a Reply<'a>),
    Failed(Box<CallError>),
    Panicked(Payload),
}

/// Why a request was not encoded.
pub(crate) enum EncodeError {
    /// Its caller dropped the call.
    Abandoned,
    NotInVersion(NotInVersion),
    /// The caller's code panicked.
    Panicked(Payload),
}

impl EncodeError {
    /// Returns the outcome to deliver for the request.
    pub(crate) fn into_outcome(self) -> Outcome<'static> {
        match self {
            Self::Abandoned => Outcome::Failed(CallError::Closed.into()),
            Self::NotInVersion(error) => Outcome::Failed(CallError::from(error).into()),
            Self::Panicked(payload) => Outcome::Panicked(payload),
        }
    }
}

/// A call of one request.
pub(crate) struct SingleCall<R> {
    request: Mutex<Option<R>>,
    sent_as: Mutex<Option<RequestId>>,
    outcome: Oneshot<Settled<KeptReply>>,
}

/// An outcome that the caller has not decoded yet. `S` holds a reply.
enum Settled<S> {
    Reply(S),
    Failed(Box<CallError>),
    Panicked(Payload),
}

impl<S> Settled<S> {
    fn new(outcome: Outcome<'_>, keep: impl FnOnce(&Reply<'_>) -> S) -> Self {
        match outcome {
            Outcome::Reply(reply) => Self::Reply(keep(reply)),
            Outcome::Failed(error) => Self::Failed(error),
            Outcome::Panicked(payload) => Self::Panicked(payload),
        }
    }

    /// Decodes the reply to a request, which is there unless it is being encoded. Resumes a panic of the caller's code
    /// that was caught.
    fn decode<R, T>(
        self,
        request: Option<R>,
        decode: impl FnOnce(R, S) -> Result<T, DecodeError>,
    ) -> Result<T, CallError> {
        match self {
            Self::Reply(kept) => decode(request.ok_or(CallError::Closed)?, kept).map_err(CallError::from),
            Self::Failed(error) => Err(*error),
            Self::Panicked(payload) => resume_unwind(payload),
        }
    }
}

impl<R: Request> SingleCall<R> {
    pub(crate) const fn new(request: R) -> Self {
        Self { request: Mutex::new(Some(request)), sent_as: Mutex::new(None), outcome: Oneshot::new() }
    }
}

impl<R: Request + Send> PendingCall for SingleCall<R> {
    fn encode(&self, _: u32, requests: &mut EncodedRequests) -> Result<(), Box<EncodeError>> {
        encode_taken(&self.request, || self.is_awaited(), |request| encode(request, requests))
    }

    fn is_awaited(&self) -> bool {
        self.outcome.is_awaited()
    }

    fn set_sent_as(&self, id: Option<RequestId>) {
        *lock(&self.sent_as) = id;
    }

    fn finish(&self, _: u32, outcome: Outcome<'_>) -> Option<Waker> {
        self.outcome.send(Settled::new(outcome, |reply| reply.keep()))
    }
}

impl<R: Request + Send> TypedCall<Result<R::Response, CallError>> for SingleCall<R> {
    fn poll_result(&self, context: &Context<'_>) -> Poll<Result<R::Response, CallError>> {
        self.outcome.poll_take(context).map(|settled| {
            let request = lock(&self.request).take();
            settled.decode(request, |request, kept| {
                let reply = kept.reply();
                request.decode(reply.version, reply.result)
            })
        })
    }

    fn abandon(&self) -> bool {
        let was_awaited = self.outcome.abandon();
        let request = lock(&self.request).take();
        drop(request);
        was_awaited
    }

    fn sent_as(&self) -> Option<RequestId> {
        *lock(&self.sent_as)
    }
}

/// A call of several requests of one type, whose results are delivered when all are complete.
pub(crate) struct BatchCall<R> {
    /// Taken out while one of them is encoded, and when the caller needs no more of them.
    requests: Mutex<Option<Vec<R>>>,
    settled: Mutex<BatchSettled>,
    outcome: Oneshot<BatchSettled>,
}

/// The maximum number of bytes that are reserved for the texts of a batch when the first one comes.
const RESERVED: usize = 64 * 1024;

/// The version of a reply, and the range of its text in the string of all texts.
type BatchReply = (ProtocolVersion, Range<usize>);

/// The outcomes of a batch so far. The texts of all results are in one string.
#[derive(Default)]
struct BatchSettled {
    text: String,
    outcomes: Vec<Option<Settled<BatchReply>>>,
    missing: usize,
}

impl<R: Request> BatchCall<R> {
    pub(crate) fn new(requests: Vec<R>) -> Self {
        let missing = requests.len();
        let settled = BatchSettled { text: String::new(), outcomes: Vec::new(), missing };
        let call = Self { requests: Mutex::new(Some(requests)), settled: Mutex::default(), outcome: Oneshot::new() };
        if missing == 0 {
            // There is no receiver yet that could be woken.
            let _ = call.outcome.send(settled);
        } else {
            *lock(&call.settled) = settled;
            lock(&call.settled).outcomes.resize_with(missing, || None);
        }
        call
    }
}

impl<R: Request + Send> PendingCall for BatchCall<R> {
    fn encode(&self, index: u32, requests: &mut EncodedRequests) -> Result<(), Box<EncodeError>> {
        encode_taken(
            &self.requests,
            || self.is_awaited(),
            |all| {
                let request = all.get(index as usize).ok_or(EncodeError::Abandoned)?;
                encode(request, requests)
            },
        )
    }

    fn is_awaited(&self) -> bool {
        self.outcome.is_awaited()
    }

    fn set_sent_as(&self, _: Option<RequestId>) {}

    fn finish(&self, index: u32, outcome: Outcome<'_>) -> Option<Waker> {
        let mut settled = lock(&self.settled);
        let BatchSettled { text, outcomes, missing } = &mut *settled;
        // There is none if the caller has dropped the call.
        let place = outcomes.get_mut(index as usize)?;
        let outcome = Settled::new(outcome, |reply| {
            let (begin, result) = (text.len(), reply.result.as_str());
            if begin == 0 {
                // Results of one operation are often of one length.
                text.reserve(result.len().saturating_mul(*missing).min(RESERVED));
            }
            text.push_str(result);
            (reply.version, begin..text.len())
        });
        *missing -= usize::from(place.is_none());
        *place = Some(outcome);
        if *missing > 0 {
            return None;
        }
        let complete = std::mem::take(&mut *settled);
        drop(settled);
        self.outcome.send(complete)
    }
}

impl<R: Request + Send> TypedCall<Vec<Result<R::Response, CallError>>> for BatchCall<R> {
    fn poll_result(&self, context: &Context<'_>) -> Poll<Vec<Result<R::Response, CallError>>> {
        self.outcome.poll_take(context).map(|BatchSettled { text, outcomes, .. }| {
            let requests = lock(&self.requests).take().unwrap_or_default();
            let mut results = Vec::with_capacity(requests.len());
            // Every request has an outcome by now.
            let settled = outcomes.into_iter().flatten();
            results.extend(requests.iter().zip(settled).map(|(request, settled)| {
                settled.decode(Some(request), |request, (version, range)| {
                    request.decode(version, RawJson::new(&text[range]))
                })
            }));
            results
        })
    }

    fn abandon(&self) -> bool {
        let was_awaited = self.outcome.abandon();
        let requests = lock(&self.requests).take();
        drop(requests);
        // It may hold the payload of a panic, whose destructor is code of the caller.
        let settled = std::mem::take(&mut *lock(&self.settled));
        drop(settled);
        was_awaited
    }

    fn sent_as(&self) -> Option<RequestId> {
        None
    }
}

/// Encodes from `requests` what `encode` chooses. They are taken out meanwhile, since the caller may drop the call in this
/// very code.
fn encode_taken<T>(
    requests: &Mutex<Option<T>>,
    is_awaited: impl FnOnce() -> bool,
    encode: impl FnOnce(&T) -> Result<(), Box<EncodeError>>,
) -> Result<(), Box<EncodeError>> {
    let taken = lock(requests).take();
    let taken = taken.ok_or(EncodeError::Abandoned)?;
    let encoded = encode(&taken);
    *lock(requests) = Some(taken);
    if !is_awaited() {
        let unused = lock(requests).take();
        drop(unused);
    }
    encoded
}

/// Encodes a request of the caller, whose code may panic.
pub(crate) fn encode<R: Request>(request: &R, requests: &mut EncodedRequests) -> Result<(), Box<EncodeError>> {
    match catch_unwind(AssertUnwindSafe(|| requests.push(request))) {
        Ok(pushed) => pushed.map_err(|error| Box::new(EncodeError::NotInVersion(error))),
        Err(payload) => Err(Box::new(EncodeError::Panicked(payload))),
    }
}
