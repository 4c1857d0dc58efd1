//! Callers who ask all the time, count what they ask and what they are answered, and check that the answer is theirs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use electrum_blocking::CallError;
use electrum_blocking::proto::Request;
use electrum_blocking::proto::operations::{Balance, Broadcast, Headers, History, Ping};
use electrum_blocking::proto::types::{HeaderRun, HistoryEntry, RawTransaction, Script, ScriptBalance};
use real_servers::{Random, from_hex};
use serde_json::{Value, json};

use crate::common::Client;
use crate::known_chain::KnownChain;

const CALLERS: usize = 4;
/// How many wrong answers are shown in full.
const SHOWN: usize = 20;

/// What the callers of one client have asked and got.
#[derive(Default)]
pub(crate) struct Tally {
    is_over: AtomicBool,
    /// Callers who have not ended.
    callers: AtomicUsize,
    asked: AtomicU64,
    answered: AtomicU64,
    right: AtomicU64,
    errors: Mutex<BTreeMap<String, u64>>,
    wrong: Mutex<Vec<String>>,
}

impl Tally {
    /// Nothing more is asked.
    pub(crate) fn stop(&self) {
        self.is_over.store(true, SeqCst);
    }

    pub(crate) fn report(&self) -> Value {
        json!({
            "callers": self.callers.load(SeqCst),
            "asked": self.asked.load(SeqCst),
            "answered": self.answered.load(SeqCst),
            "right": self.right.load(SeqCst),
            "errors": *self.errors.lock().unwrap_or_else(PoisonError::into_inner),
            "wrong": *self.wrong.lock().unwrap_or_else(PoisonError::into_inner),
        })
    }

    fn ask(&self, calls: usize) {
        self.asked.fetch_add(calls as u64, SeqCst);
    }

    /// One answer came: `check` says whether it is right.
    fn answered<T: std::fmt::Debug>(&self, result: Result<T, CallError>, check: impl FnOnce(&T) -> bool) {
        self.answered.fetch_add(1, SeqCst);
        match result {
            Ok(answer) if check(&answer) => drop(self.right.fetch_add(1, SeqCst)),
            Ok(answer) => self.wrong(format!("{answer:?}")),
            // What an outage that outlasts the time of a call comes to.
            Err(CallError::TimedOut) => self.count("timed out"),
            Err(CallError::Unsent { .. }) => self.count("unsent"),
            // What an outage right after another one comes to.
            Err(CallError::ClosesConnection { .. }) => self.count("lost twice"),
            Err(error) => self.wrong(error.to_string()),
        }
    }

    fn count(&self, error: &str) {
        *self.errors.lock().unwrap_or_else(PoisonError::into_inner).entry(error.to_owned()).or_default() += 1;
    }

    fn wrong(&self, what: String) {
        self.count("wrong");
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() < SHOWN {
            wrong.push(what);
        }
    }
}

/// Starts the callers of a client: threads for the one that blocks, tasks for the other.
pub(crate) fn start(client: &Arc<Client>, known: &Arc<KnownChain>, random: &mut Random) -> Arc<Tally> {
    let tally = Arc::new(Tally { callers: CALLERS.into(), ..Tally::default() });
    for _ in 0..CALLERS {
        let caller = Caller {
            client: Arc::clone(client),
            known: Arc::clone(known),
            tally: Arc::clone(&tally),
            random: random.fork(),
        };
        match &**client {
            Client::Blocking(_) => drop(thread::spawn(move || smol::block_on(caller.run()))),
            Client::Smol(_) => smol::spawn(caller.run()).detach(),
        }
    }
    tally
}

struct Caller {
    client: Arc<Client>,
    known: Arc<KnownChain>,
    tally: Arc<Tally>,
    random: Random,
}

impl Caller {
    async fn run(mut self) {
        while !self.tally.is_over.load(SeqCst) {
            match self.random.below(20) {
                0..4 => self.ping().await,
                4..8 => self.balance().await,
                8..12 => self.history().await,
                12..15 => self.headers().await,
                15..17 => self.batch().await,
                17..19 => self.pipeline().await,
                _ => self.broadcast().await,
            }
            let pause = self.random.within(&(Duration::from_millis(50)..Duration::from_millis(300)));
            smol::Timer::after(pause).await;
        }
        self.tally.callers.fetch_sub(1, SeqCst);
    }

    async fn ping(&self) {
        self.tally.ask(1);
        let pong = call(&self.client, Ping).await;
        self.tally.answered(pong, |()| true);
    }

    async fn balance(&mut self) {
        let number = self.number();
        self.tally.ask(1);
        let balance = call(&self.client, Balance::new(script(number))).await;
        self.tally.answered(balance, |balance| is_balance_of(number, balance));
    }

    async fn history(&mut self) {
        let number = self.number();
        self.tally.ask(1);
        let history = call(&self.client, History::new(script(number))).await;
        self.tally.answered(history, |history| is_history_of(&self.known, number, history));
    }

    async fn headers(&mut self) {
        let start = self.random.below(self.known.headers.len() as u64) as usize;
        let count = 1 + self.random.below((self.known.headers.len() - start) as u64) as usize;
        self.tally.ask(1);
        let run = call(&self.client, Headers::new(start as u32, count as u32)).await;
        let known = &self.known.headers[start..start + count];
        self.tally.answered(run, |HeaderRun { headers, .. }| {
            headers.iter().map(|header| header.to_hex()).eq(known.iter().cloned())
        });
    }

    async fn batch(&mut self) {
        let numbers: Vec<_> = (0..2 + self.random.below(30)).map(|_| self.number()).collect();
        let requests = numbers.iter().map(|number| Balance::new(script(*number)));
        self.tally.ask(numbers.len());
        let balances = match &*self.client {
            Client::Blocking(client) => client.batch(requests),
            Client::Smol(client) => client.batch(requests).await,
        };
        for (number, balance) in numbers.into_iter().zip(balances) {
            self.tally.answered(balance, |balance| is_balance_of(number, balance));
        }
    }

    async fn pipeline(&mut self) {
        let number = self.number();
        let (balance, history) = (Balance::new(script(number)), History::new(script(number)));
        self.tally.ask(2);
        let (balance, history) = match &*self.client {
            Client::Blocking(client) => {
                let (balance, history) = client.pipeline(|calls| (calls.call(balance), calls.call(history)));
                (balance.wait(), history.wait())
            }
            Client::Smol(client) => {
                let (balance, history) = client.pipeline(|calls| (calls.call(balance), calls.call(history)));
                (balance.await, history.await)
            }
        };
        self.tally.answered(balance, |balance| is_balance_of(number, balance));
        self.tally.answered(history, |history| is_history_of(&self.known, number, history));
    }

    /// Of what is in the chain for long: a call that may not be repeated, and is refused whenever it gets there.
    async fn broadcast(&self) {
        let known = RawTransaction::new(from_hex(&self.known.known_transaction));
        self.tally.ask(1);
        match call(&self.client, Broadcast { transaction: known }).await {
            Err(CallError::Server(_)) => self.tally.answered(Ok(()), |()| true),
            Err(CallError::MaybeSent { .. }) => {
                self.tally.answered.fetch_add(1, SeqCst);
                self.tally.count("lost");
            }
            other => self.tally.answered(other, |_| false),
        }
    }

    fn number(&mut self) -> u32 {
        self.random.below(self.known.scripts.into()) as u32
    }
}

async fn call<R>(client: &Client, request: R) -> Result<R::Response, CallError>
where
    R: Request<Response: Send> + Send + 'static,
{
    match client {
        Client::Blocking(client) => client.call(request),
        Client::Smol(client) => client.call(request).await,
    }
}

fn script(number: u32) -> Script {
    Script::new(KnownChain::script(number))
}

/// Whatever came and went since are whole steps.
fn is_balance_of(number: u32, balance: &ScriptBalance) -> bool {
    let rest = balance.confirmed.to_sat() % KnownChain::STEP;
    rest == KnownChain::first_amount(number) && balance.unconfirmed.to_sat() % KnownChain::STEP as i64 == 0
}

fn is_history_of(known: &KnownChain, number: u32, history: &[HistoryEntry]) -> bool {
    history.first().is_some_and(|entry| entry.txid.to_string() == known.first_payment(number))
}
