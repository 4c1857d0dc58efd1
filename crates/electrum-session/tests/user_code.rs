//! Code of a caller runs without a lock, and harms only its own call: requests, decoding, wakers, destructors.

mod harness;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use electrum_session::proto::json::{DecodeError, Params, RawJson};
use electrum_session::proto::operations::{Banner, Ping};
use electrum_session::proto::{Method, ProtocolVersion, Request, Topic};
use electrum_session::{CallError, Client, NoUpdate};
use electrum_testkit::listener::ClosedPort;
use harness::{Asked, Reaction, block_on, bounded, server_and_client, tip};

type Hook = Box<dyn FnMut() + Send>;

/// A request whose code is that of a test.
#[derive(Default)]
struct Custom {
    in_params: Mutex<Option<Hook>>,
    in_decode: Mutex<Option<Hook>>,
    #[allow(dead_code, reason = "it is dropped")]
    in_drop: OnDrop,
}

/// Runs code of a test when it is dropped.
#[derive(Default)]
struct OnDrop(Option<Hook>);

impl Request for Custom {
    const NAME: &'static str = "custom request";
    const METHODS: &'static [Method] = &[Method::since("server.banner", ProtocolVersion::V1_1).reading()];
    type Response = String;

    fn params(&self, _: ProtocolVersion, _: &mut Params<'_>) {
        if let Some(hook) = &mut *self.in_params.lock().unwrap() {
            hook();
        }
    }

    fn decode(&self, _: ProtocolVersion, result: RawJson<'_>) -> Result<String, DecodeError> {
        if let Some(hook) = &mut *self.in_decode.lock().unwrap() {
            hook();
        }
        result.decode()
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(hook) = &mut self.0 {
            hook();
        }
    }
}

impl Custom {
    fn in_params(hook: impl FnMut() + Send + 'static) -> Self {
        Self { in_params: Mutex::new(Some(Box::new(hook))), ..Self::default() }
    }

    fn in_decode(hook: impl FnMut() + Send + 'static) -> Self {
        Self { in_decode: Mutex::new(Some(Box::new(hook))), ..Self::default() }
    }
}

/// A waker that runs code of a test, then wakes another one.
struct Waking<F> {
    hook: F,
    then: Waker,
}

impl<F: Fn() + Send + Sync> Wake for Waking<F> {
    fn wake(self: Arc<Self>) {
        (self.hook)();
        self.then.wake_by_ref();
    }
}

/// Uses the client in every way that a caller can, short of closing it.
fn use_all(client: &Client) {
    let _ = client.state();
    drop(client.events());
    drop(client.call(Ping));
    drop(client.batch([Ping, Ping]));
    drop(client.subscribe(Topic::Headers));
}

/// Holds the answer to a banner back until something else is asked.
fn answer_banner_later(asked: &Asked) -> Option<Reaction> {
    (asked.method == "server.banner").then(|| Reaction::Later("Welcome!".into()))
}

/// Waits for a call that panics in the thread of its caller.
fn panics<T>(call: impl Future<Output = T>) -> bool {
    catch_unwind(AssertUnwindSafe(|| block_on(call))).is_err()
}

#[test]
fn a_waker_may_use_the_client() {
    bounded(|| {
        let (server, client) = server_and_client(answer_banner_later);
        let used = Arc::new(AtomicUsize::new(0));
        let hook = {
            let (client, used) = (client.clone(), Arc::clone(&used));
            move || {
                use_all(&client);
                used.fetch_add(1, Ordering::SeqCst);
            }
        };
        let mut banner = pin!(client.call(Banner));
        let mut tips = client.subscribe(Topic::Headers).unwrap();
        let mut events = client.events();
        let waker = Waker::from(Arc::new(Waking { hook, then: Waker::noop().clone() }));
        let mut context = Context::from_waker(&waker);
        assert!(banner.as_mut().poll(&mut context).is_pending());
        assert!(pin!(harness::next(&mut tips)).poll(&mut context).is_pending());
        while pin!(harness::next(&mut events)).poll(&mut context).is_ready() {}
        server.wait_asked(|asked| asked.method == "server.banner");
        block_on(client.call(Ping)).unwrap();
        assert_eq!(block_on(banner), Ok("Welcome!".into()));
        block_on(harness::next(&mut tips)).expect("a tip");
        client.close();
        while block_on(harness::next(&mut events)).is_some() {}
        assert_eq!(used.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn a_waker_may_close_the_client() {
    bounded(|| {
        let (server, client) = server_and_client(answer_banner_later);
        let mut banner = pin!(client.call(Banner));
        let hook = {
            let client = client.clone();
            move || client.close()
        };
        let waker = Waker::from(Arc::new(Waking { hook, then: Waker::noop().clone() }));
        assert!(banner.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        server.wait_asked(|asked| asked.method == "server.banner");
        // Its answer is behind that to the banner.
        let _ = block_on(client.call(Ping));
        assert_eq!(block_on(banner), Ok("Welcome!".into()));
        while block_on(client.call(Banner)) != Err(CallError::Closed) {}
    });
}

#[test]
fn a_waker_that_takes_long_delays_no_call_that_others_make() {
    bounded(|| {
        let (server, client) = server_and_client(answer_banner_later);
        let (begun, is_begun) = channel();
        let (finish, may_finish) = channel::<()>();
        let (begun, may_finish) = (Mutex::new(begun), Mutex::new(may_finish));
        let hook = move || {
            begun.lock().unwrap().send(()).unwrap();
            may_finish.lock().unwrap().recv().unwrap();
        };
        let mut banner = pin!(client.call(Banner));
        let waker = Waker::from(Arc::new(Waking { hook, then: Waker::noop().clone() }));
        assert!(banner.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        server.wait_asked(|asked| asked.method == "server.banner");
        let ping = client.call(Ping);
        is_begun.recv().unwrap();
        // The thread that reads is in the waker. The call is written all the same.
        let mut tips = client.subscribe(Topic::Headers).unwrap();
        server.wait_asked(|asked| asked.method == "blockchain.headers.subscribe");
        finish.send(()).unwrap();
        assert_eq!(block_on(ping), Ok(()));
        assert_eq!(block_on(banner), Ok("Welcome!".into()));
        block_on(harness::next(&mut tips)).expect("a tip");
    });
}

#[test]
fn a_call_may_be_dropped_by_the_code_of_its_own_request() {
    bounded(|| {
        let (_server, client) = server_and_client(|_: &_| None);
        let caller = thread::current().id();
        let own: Arc<Mutex<Option<Box<dyn Send>>>> = Arc::default();
        // The driver encodes the request, since there is no connection yet.
        let request = || {
            let own = Arc::clone(&own);
            Custom::in_params(move || {
                while thread::current().id() != caller {
                    let call = own.lock().unwrap().take();
                    if call.is_some() {
                        return drop(call);
                    }
                    thread::yield_now();
                }
            })
        };
        let call = client.call(request());
        *own.lock().unwrap() = Some(Box::new(call));
        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
        client.close();

        let (_server, client) = server_and_client(|_: &_| None);
        let batch = client.batch(vec![Custom::default(), request(), Custom::default()]);
        *own.lock().unwrap() = Some(Box::new(batch));
        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
    });
}

#[test]
fn a_waker_that_panics_harms_no_other_task() {
    bounded(|| {
        let (server, client) = server_and_client(answer_banner_later);
        let mut victim = pin!(client.call(Banner));
        let panicking = Waking { hook: || panic!("a waker that panics"), then: Waker::noop().clone() };
        let waker = Waker::from(Arc::new(panicking));
        assert!(victim.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        server.wait_asked(|asked| asked.method == "server.banner");
        block_on(client.call(Ping)).unwrap();
        assert_eq!(block_on(victim), Ok("Welcome!".into()));
    });
}

#[test]
fn a_panic_in_decode_reaches_its_caller_alone() {
    bounded(|| {
        let (_server, client) = server_and_client(|_: &_| None);
        let bad = client.call(Custom::in_decode(|| panic!("decoding that panics")));
        let good = client.call(Banner);
        assert!(panics(bad));
        assert_eq!(block_on(good), Ok("Welcome!".into()));
        assert!(panics(client.batch(vec![Custom::in_decode(|| panic!("decoding that panics")), Custom::default()])));
        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
    });
}

#[test]
fn a_panic_in_params_reaches_its_caller_alone() {
    bounded(|| {
        // Once encoded by the driver, since there is no connection yet, once by the caller.
        let (_server, client) = server_and_client(|_: &_| None);
        for _ in 0..2 {
            let before = client.call(Banner);
            let bad = client.call(Custom::in_params(|| panic!("parameters that panic")));
            let after = client.call(Banner);
            assert!(panics(bad));
            assert_eq!(block_on(before), Ok("Welcome!".into()));
            assert_eq!(block_on(after), Ok("Welcome!".into()));
            block_on(client.ready(harness::BOUND)).unwrap();
        }
        let (good, bad) = client
            .pipeline(|calls| (calls.call(Banner), calls.call(Custom::in_params(|| panic!("parameters that panic")))));
        assert_eq!(block_on(good), Ok("Welcome!".into()));
        assert!(panics(bad));
    });
}

#[test]
fn parameters_and_decoding_may_use_the_client() {
    bounded(|| {
        let (_server, client) = server_and_client(|_: &_| None);
        for _ in 0..2 {
            let (in_params, in_decode) = (client.clone(), client.clone());
            let request = Custom {
                in_params: Mutex::new(Some(Box::new(move || use_all(&in_params)))),
                in_decode: Mutex::new(Some(Box::new(move || use_all(&in_decode)))),
                in_drop: OnDrop::default(),
            };
            assert_eq!(block_on(client.call(request)), Ok("Welcome!".into()));
        }
    });
}

#[test]
fn a_request_may_use_the_client_when_it_is_dropped() {
    bounded(|| {
        let (server, client) = server_and_client(|asked: &Asked| {
            // The first banner is answered, the others are not.
            static ANSWERED: AtomicBool = AtomicBool::new(false);
            let is_banner = asked.method == "server.banner";
            (is_banner && ANSWERED.swap(true, Ordering::SeqCst)).then_some(Reaction::Silence)
        });
        let dropped = Arc::new(AtomicUsize::new(0));
        let request = || {
            let (client, dropped) = (client.clone(), Arc::clone(&dropped));
            let hook = move || {
                use_all(&client);
                dropped.fetch_add(1, Ordering::SeqCst);
            };
            Custom { in_drop: OnDrop(Some(Box::new(hook))), ..Custom::default() }
        };
        // Answered; dropped before it is sent; dropped while in flight; closed.
        assert_eq!(block_on(client.call(request())), Ok("Welcome!".into()));
        drop(client.call(request()));
        let mut in_flight = Box::pin(client.call(request()));
        assert_eq!(in_flight.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
        server.wait_asked(|asked| asked.method == "server.banner");
        drop(in_flight);
        drop(client.batch(vec![request(), request()]));
        let waiting = client.call(request());
        client.close();
        assert!(block_on(waiting).is_err());
        assert_eq!(dropped.load(Ordering::SeqCst), 6);
    });
}

#[test]
fn a_decoding_that_takes_long_delays_no_other_call() {
    bounded(|| {
        let (_server, client) = server_and_client(|_: &_| None);
        let (begun, is_begun): (Sender<()>, Receiver<()>) = channel();
        let (finish, may_finish) = channel();
        let may_finish = Mutex::new(may_finish);
        let slow = Custom::in_decode(move || {
            begun.send(()).unwrap();
            may_finish.lock().unwrap().recv().unwrap();
        });
        let call = client.call(slow);
        let caller = thread::spawn(move || block_on(call));
        is_begun.recv().unwrap();
        // The other call is answered while the first one is still being decoded.
        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
        finish.send(()).unwrap();
        assert_eq!(caller.join().unwrap(), Ok("Welcome!".into()));
    });
}

#[test]
fn a_large_answer_is_decoded_by_its_caller() {
    bounded(|| {
        let (_server, client) = server_and_client(|asked: &Asked| {
            (asked.method == "server.banner").then(|| Reaction::Result("x".repeat(15_000_000).into()))
        });
        let decoded_in = Arc::new(Mutex::new(None));
        let thread = Arc::clone(&decoded_in);
        let large = client.call(Custom::in_decode(move || *thread.lock().unwrap() = Some(thread::current().id())));
        assert_eq!(block_on(large).map(|banner| banner.len()), Ok(15_000_000));
        assert_eq!(*decoded_in.lock().unwrap(), Some(thread::current().id()));
    });
}

#[test]
fn an_answer_awaited_inside_its_pipeline_comes() {
    bounded(|| {
        let (_server, client) = server_and_client(|_: &_| None);
        let (first, second) = client.pipeline(|calls| {
            let first = block_on(calls.call(Banner));
            (first, calls.call(Banner))
        });
        assert_eq!(first, Ok("Welcome!".into()));
        assert_eq!(block_on(second), Ok("Welcome!".into()));
    });
}

#[test]
fn a_topic_that_was_removed_sends_no_updates() {
    bounded(|| {
        let (server, client) = server_and_client(|_: &_| None);
        let mut updates = client.subscribe_all([Topic::Headers]).unwrap();
        let raw = updates.add(Topic::Raw { method: "some.topic.subscribe".into(), params: vec![] }).unwrap();
        let first = block_on(updates.next_within(harness::BOUND)).unwrap();
        let second = block_on(updates.next_within(harness::BOUND)).unwrap();
        assert_eq!([first.topic, second.topic].iter().sum::<usize>(), raw);
        assert!(updates.remove(0) && !updates.remove(0) && !updates.remove(7));
        server.notify("blockchain.headers.subscribe", &serde_json::json!([tip(2)]));
        // The server answers in order, so its notification came before this.
        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
        let none = block_on(updates.next_within(std::time::Duration::from_millis(20)));
        assert_eq!(none, Err(NoUpdate::TimedOut));
        client.close();
        assert_eq!(block_on(updates.next_within(harness::BOUND)), Err(NoUpdate::Closed));
    });
}

#[test]
fn without_a_server_ready_says_why() {
    bounded(|| {
        let closed = ClosedPort::new().unwrap();
        let address = closed.addr();
        let client: Client = harness::connect(&[address]);
        let error = block_on(client.ready(std::time::Duration::from_millis(300))).unwrap_err();
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        client.close();
        assert_eq!(block_on(client.ready(harness::BOUND)), Err(electrum_session::NotReady::Closed));
    });
}
