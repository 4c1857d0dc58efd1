//! The requests of a scan as one type, so that all of a round are sent in one write.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bitcoin::{ScriptBuf, Transaction, Txid};
use electrum_session::proto::json::{DecodeError, Params, RawJson};
use electrum_session::proto::operations::{Headers, History, TransactionGet, TransactionMerkle};
use electrum_session::proto::types::{HistoryEntry, MerkleProof, RawHeader};
use electrum_session::proto::{Effect, Method, NotInVersion, ProtocolVersion, Request};

/// A request of a scan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    /// The history of a script.
    History(ScriptBuf),
    /// A transaction, whose bytes must hash to the id.
    Transaction(Txid),
    /// The merkle branch of a transaction in the block of a height.
    Proof(Txid, u32),
    /// A range of headers.
    Headers {
        /// The first height.
        start: u32,
        /// How many.
        count: u32,
    },
    /// The headers of a height and of the next one, to check that the tip has not changed.
    Check(u32),
}

/// The answer to an [`Ask`] of the same kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    History(Vec<HistoryEntry>),
    Transaction(Arc<Transaction>),
    Proof(MerkleProof),
    Headers {
        headers: Vec<RawHeader>,
        /// How many headers the server sends at most.
        max: u32,
    },
}

/// How many more bytes the answers of a scan may take.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    left: Arc<AtomicU64>,
    is_exceeded: Arc<AtomicBool>,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(bytes)), is_exceeded: Arc::default() }
    }

    /// Whether an answer was refused because it did not fit.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.is_exceeded.load(Ordering::Relaxed)
    }

    /// Returns the bytes of an answer that is dropped.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) -> Result<(), DecodeError> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes as u64));
        taken.map(drop).map_err(|_| {
            self.is_exceeded.store(true, Ordering::Relaxed);
            DecodeError::new("", "the answers are larger than the memory limit of the sync")
        })
    }
}

/// The bytes that an entry of a history takes.
pub(crate) const ENTRY: usize = size_of::<HistoryEntry>();

/// An [`Ask`] as a request to a server.
#[derive(Clone, Debug)]
pub(crate) struct AskRequest {
    pub(crate) ask: Ask,
    pub(crate) budget: Budget,
}

/// Evaluates an expression with the operation of an [`Ask`].
macro_rules! operation {
    ($ask:expr, $operation:ident => $run:expr) => {
        match $ask {
            Ask::History(script) => {
                let $operation = History::new(script);
                $run
            }
            Ask::Transaction(txid) => {
                let $operation = TransactionGet::new((*txid).into());
                $run
            }
            Ask::Proof(txid, height) => {
                let $operation = TransactionMerkle { txid: (*txid).into(), height: *height };
                $run
            }
            Ask::Headers { start, count } => {
                let $operation = Headers::new(*start, *count);
                $run
            }
            Ask::Check(height) => {
                let $operation = Headers::new(*height, 2).without_link_check();
                $run
            }
        }
    };
}

impl Request for AskRequest {
    const NAME: &'static str = "sync of a wallet";
    const METHODS: &'static [Method] = &[];
    type Response = Answer;

    fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        operation!(&self.ask, operation => operation.method(version).map(|method| Cow::Owned(method.into_owned())))
    }

    fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        operation!(&self.ask, operation => operation.params(version, params));
    }

    /// All of them only read, so a lost request is sent again.
    fn effect(&self) -> Effect {
        Effect::Reads
    }

    fn decode(&self, version: ProtocolVersion, result: RawJson<'_>) -> Result<Answer, DecodeError> {
        match &self.ask {
            Ask::History(script) => {
                let history = History::new(script).decode(version, result)?;
                self.budget.take(history.len() * ENTRY)?;
                Ok(Answer::History(history))
            }
            Ask::Transaction(txid) => {
                let raw = TransactionGet::new((*txid).into()).decode(version, result)?;
                self.budget.take(raw.as_bytes().len())?;
                let transaction = Transaction::try_from(&raw).map_err(|error| DecodeError::new("", error))?;
                Ok(Answer::Transaction(Arc::new(transaction)))
            }
            Ask::Proof(txid, height) => {
                let request = TransactionMerkle { txid: (*txid).into(), height: *height };
                request.decode(version, result).map(Answer::Proof)
            }
            Ask::Headers { start, count } => {
                let run = Headers::new(*start, *count).decode(version, result)?;
                Ok(Answer::Headers { headers: run.headers, max: run.max })
            }
            Ask::Check(height) => {
                let run = Headers::new(*height, 2).without_link_check().decode(version, result)?;
                Ok(Answer::Headers { headers: run.headers, max: run.max })
            }
        }
    }
}
