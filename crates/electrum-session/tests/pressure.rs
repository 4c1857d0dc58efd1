//! Servers that hang up on a request, are busy, or answer nothing; and broadcasts that may have been sent.

mod harness;

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use electrum_session::proto::operations::{Banner, Ping, Raw};
use electrum_session::{CallError, CallErrorKind, NoAnswer, block_within};
use electrum_testkit::listener::ClosedPort;
use harness::{Asked, BOUND, Reaction, Server, block_on, bounded, config, connect, server_and_client, start};

fn read(method: &str) -> Raw {
    Raw::reading(method, vec![])
}

fn count(server: &Server, method: &str) -> usize {
    server.asked().iter().filter(|asked| asked.method == method).count()
}

#[test]
fn a_request_that_ends_connections_fails_and_the_others_are_answered() {
    bounded(|| {
        let (server, client) = server_and_client(|asked: &Asked| (asked.method == "bad").then_some(Reaction::Close));
        // Those around it are in flight when the connection ends.
        let (before, bad, after) = client.pipeline(|calls| {
            let before: Vec<_> = (0..20).map(|_| calls.call(Banner)).collect();
            let bad = calls.call(read("bad"));
            (before, bad, (0..20).map(|_| calls.call(Banner)).collect::<Vec<_>>())
        });
        let error = block_on(bad).unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::ClosesConnection);
        let CallError::ClosesConnection { times: 2, cause } = &error else { panic!("{error:?}") };
        assert!(cause.contains(&server.address().to_string()), "{cause}");
        for call in before.into_iter().chain(after) {
            assert_eq!(block_on(call), Ok("Welcome!".into()));
        }
        assert_eq!(count(&server, "bad"), 2);
    });
}

#[test]
fn several_requests_that_end_connections_leave_the_others_their_answers() {
    bounded(|| {
        let (server, client) =
            server_and_client(|asked: &Asked| asked.method.starts_with("bad").then_some(Reaction::Close));
        let (bad, good) = client.pipeline(|calls| {
            let mut call = |number: usize| {
                let bad = (number % 10 == 3).then(|| calls.call(read(&format!("bad{number}"))));
                (bad, calls.call(Banner))
            };
            let calls: Vec<_> = (0..40).map(&mut call).collect();
            let (bad, good): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
            (bad.into_iter().flatten().collect::<Vec<_>>(), good)
        });
        for call in good {
            assert_eq!(block_on(call), Ok("Welcome!".into()));
        }
        assert_eq!(bad.len(), 4);
        for call in bad {
            assert_eq!(block_on(call).unwrap_err().kind(), CallErrorKind::ClosesConnection);
        }
        for number in [3, 13, 23, 33] {
            let sent = count(&server, &format!("bad{number}"));
            assert!((2..=6).contains(&sent), "bad{number} was sent {sent} times");
        }
    });
}

#[test]
fn a_busy_server_is_asked_again_with_growing_pauses() {
    bounded(|| {
        let answers = AtomicUsize::new(0);
        let (server, client) = server_and_client(move |asked: &Asked| {
            let is_busy = asked.method == "server.banner" && answers.fetch_add(1, Ordering::SeqCst) < 3;
            is_busy.then_some(Reaction::Error(-101, "excessive resource usage"))
        });
        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
        let asked: Vec<_> = server.asked().into_iter().filter(|asked| asked.method == "server.banner").collect();
        let pauses: Vec<_> = asked.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
        assert_eq!(pauses.len(), 3);
        // Not earlier than planned; a busy machine may be later.
        for (pause, planned) in pauses.iter().zip([200, 400, 800]) {
            assert!(*pause >= Duration::from_millis(planned), "{pauses:?}");
        }
    });
}

#[test]
fn a_server_that_stays_busy_is_left_for_another_one() {
    bounded(|| {
        let busy = Server::start(|asked: &Asked| {
            (asked.method == "server.banner").then_some(Reaction::Error(-102, "server busy - request timed out"))
        });
        let good = Server::start(|_: &_| None);
        let client = connect(&[busy.address(), good.address()]);
        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
        assert_eq!((count(&busy, "server.banner"), count(&good, "server.banner")), (2, 1));
    });
}

#[test]
fn without_another_server_busy_is_the_error_at_the_deadline() {
    bounded(|| {
        let (_server, client) = server_and_client(|asked: &Asked| {
            (asked.method == "server.banner").then_some(Reaction::Error(-101, "excessive resource usage"))
        });
        let error = block_on(client.call_within(Duration::from_secs(1), Banner)).unwrap_err();
        assert!(matches!(&error, CallError::Server(error) if error.code == Some(-101)), "{error:?}");
    });
}

#[test]
fn a_broadcast_is_not_repeated_at_a_busy_server() {
    bounded(|| {
        let (server, client) = server_and_client(|asked: &Asked| {
            (asked.method == "change").then_some(Reaction::Error(-101, "excessive resource usage"))
        });
        assert!(matches!(block_on(client.call(Raw::new("change", vec![]))), Err(CallError::Server(_))));
        assert_eq!(count(&server, "change"), 1);
    });
}

#[test]
fn a_server_that_hangs_up_is_left_for_another_one() {
    bounded(|| {
        let bad = Server::start(|asked: &Asked| (asked.method == "server.banner").then_some(Reaction::Close));
        let good = Server::start(|_: &_| None);
        let client = connect(&[bad.address(), good.address()]);
        assert_eq!(block_on(client.call(Banner)), Ok("Welcome!".into()));
        assert_eq!((count(&bad, "server.banner"), count(&good, "server.banner")), (1, 1));
    });
}

#[test]
fn a_mute_server_is_left_early_enough() {
    bounded(|| {
        // It answers pings, and nothing else.
        let mute = Server::start(|asked: &Asked| (asked.method == "server.banner").then_some(Reaction::Silence));
        let good = Server::start(|_: &_| None);
        let mut config = config(&[mute.address(), good.address()]);
        config.protocol.timeouts.request = Duration::from_secs(30);
        let client = start(config);
        block_on(client.ready(BOUND)).unwrap();
        assert_eq!(block_on(client.call_within(Duration::from_secs(6), Banner)), Ok("Welcome!".into()));
        assert_eq!((count(&mute, "server.banner"), count(&good, "server.banner")), (1, 1));
    });
}

#[test]
fn a_call_that_a_server_never_answers_moves_though_others_are_answered() {
    bounded(|| {
        let partial = Server::start(|asked: &Asked| (asked.method == "server.banner").then_some(Reaction::Silence));
        let good = Server::start(|_: &_| None);
        let client = connect(&[partial.address(), good.address()]);
        block_on(client.ready(BOUND)).unwrap();
        let begin = Instant::now();
        let mut banner = pin!(client.call_within(Duration::from_secs(20), Banner));
        let mut pings = 0;
        let answer = loop {
            if let Some(answer) = block_within(Duration::ZERO, &mut banner) {
                break answer;
            }
            assert_eq!(block_on(client.call(Ping)), Ok(()));
            pings += 1;
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(answer, Ok("Welcome!".into()));
        assert!(
            pings > 1 && begin.elapsed() >= Duration::from_secs(10),
            "it is left no earlier than at half of the time"
        );
        assert_eq!((count(&partial, "server.banner"), count(&good, "server.banner")), (1, 1));
    });
}

#[test]
fn a_call_finds_the_only_one_of_several_servers_that_answers() {
    bounded(|| {
        let mute = || Server::start(|asked: &Asked| (asked.method == "server.banner").then_some(Reaction::Silence));
        let (mute, other) = (mute(), mute());
        let good = Server::start(|_: &_| None);
        let client = connect(&[mute.address(), other.address(), good.address()]);
        block_on(client.ready(BOUND)).unwrap();
        assert_eq!(block_on(client.call_within(Duration::from_secs(12), Banner)), Ok("Welcome!".into()));
        assert_eq!([&mute, &other, &good].map(|server| count(server, "server.banner")), [1, 1, 1]);
    });
}

#[test]
fn a_broadcast_without_an_answer_may_have_been_sent() {
    bounded(|| {
        let (server, client) = server_and_client(|asked: &Asked| match asked.method.as_str() {
            "silent" => Some(Reaction::Silence),
            "closed" => Some(Reaction::Close),
            _ => None,
        });
        block_on(client.call(Ping)).unwrap();
        let silent = block_on(client.call_within(Duration::from_millis(200), Raw::new("silent", vec![])));
        assert_eq!(silent, Err(CallError::MaybeSent { reason: NoAnswer::TimedOut }));
        let closed = block_on(client.call(Raw::new("closed", vec![])));
        assert_eq!(closed, Err(CallError::MaybeSent { reason: NoAnswer::ConnectionLost }));
        assert_eq!(closed.unwrap_err().kind(), CallErrorKind::MaybeSent);
        block_on(client.call(Ping)).unwrap();
        assert_eq!((count(&server, "silent"), count(&server, "closed")), (1, 1));
    });
}

#[test]
fn nothing_is_sent_after_its_deadline() {
    bounded(|| {
        let closed = ClosedPort::new().unwrap();
        let address = closed.addr();
        let client = connect(&[address]);
        let late = block_on(client.call_within(Duration::from_millis(50), Raw::new("late", vec![])));
        assert_eq!(late.unwrap_err().kind(), CallErrorKind::Unsent);
    });
}
