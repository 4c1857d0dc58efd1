//! Threads that wait for futures, and futures with a deadline.

mod harness;

use std::future::{Future, pending, poll_fn, ready};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use electrum_session::proto::operations::Banner;
use electrum_session::transport::ServerAddr;
use electrum_session::{Client, Step, block_on, block_within};
use harness::{BOUND, bounded, server_and_client};

/// A future that is woken at once, runs `code`, and is ready when it is polled again.
fn woken_before(code: impl Fn()) -> impl Future<Output = &'static str> {
    let mut is_woken = false;
    poll_fn(move |context| {
        if is_woken {
            return Poll::Ready("ready");
        }
        is_woken = true;
        context.waker().wake_by_ref();
        code();
        Poll::Pending
    })
}

#[test]
fn a_wake_is_not_lost_to_code_that_parks_the_thread() {
    bounded(|| assert_eq!(block_on(woken_before(thread::park)), "ready"));
}

#[test]
fn a_wake_is_not_lost_to_a_future_that_is_waited_for_in_between() {
    bounded(|| {
        let inner = || assert_eq!(block_on(woken_before(|| {})), "ready");
        assert_eq!(block_on(woken_before(inner)), "ready");
        // The waker of the inner wait is not that of the outer one, which is used again.
        assert_eq!(block_on(woken_before(thread::park)), "ready");
    });
}

#[test]
fn another_thread_wakes_the_one_that_waits() {
    bounded(|| {
        let (sender, wakers) = std::sync::mpsc::channel::<std::task::Waker>();
        let waking = thread::spawn(move || wakers.into_iter().for_each(std::task::Waker::wake));
        let mut polls = 0;
        let third = poll_fn(|context| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready(polls);
            }
            sender.send(context.waker().clone()).unwrap();
            Poll::Pending
        });
        assert_eq!(block_on(third), 3);
        drop(sender);
        waking.join().unwrap();
    });
}

#[test]
fn a_future_that_is_woken_all_the_time_does_not_put_off_the_end() {
    bounded(|| {
        let restless = || {
            poll_fn::<(), _>(|context| {
                context.waker().wake_by_ref();
                Poll::Pending
            })
        };
        assert_eq!(block_within(Duration::ZERO, restless()), None);
        assert_eq!(block_within(Duration::from_millis(20), restless()), None);
        assert_eq!(block_within(Duration::ZERO, ready(1)), Some(1));
        assert_eq!(block_within(Duration::MAX, ready(2)), Some(2));
        assert_eq!(block_within(Duration::from_millis(20), pending::<()>()), None);
    });
}

#[test]
fn a_wait_with_the_timer_of_a_client_ends_in_time_and_when_the_client_is_closed() {
    bounded(|| {
        let (_server, client) = server_and_client(|_: &_| None);
        assert!(matches!(block_on(client.within(BOUND, client.call(Banner))), Some(Ok(_))));
        assert_eq!(block_on(client.within(Duration::from_millis(20), pending::<()>())), None);
        let (waiting, closing) = (client.clone(), client.clone());
        let thread = thread::spawn(move || {
            // Polled by itself first, so that the client is closed while its timer is set.
            let mut wait = std::pin::pin!(waiting.within(Duration::from_secs(1_000_000), pending::<()>()));
            assert_eq!(block_within(Duration::ZERO, wait.as_mut()), None);
            closing.close();
            assert_eq!(block_on(wait), None);
        });
        thread.join().unwrap();
    });
}

#[test]
fn a_wait_that_begins_after_the_driver_has_ended_ends_at_once() {
    let server: ServerAddr = "tcp://127.0.0.1:1".parse().unwrap();
    let (client, driver) = Client::new(server, || {});
    client.close();
    while !matches!(driver.poll(), Step::Finished) {}
    let wait = client.within(Duration::from_secs(1_000_000), pending::<()>());
    assert_eq!(block_within(Duration::ZERO, wait), Some(None));
}
