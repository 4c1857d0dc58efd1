//! Calls whose deadlines pass at the moment at which they could be sent.

use std::future::Future as _;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use electrum_session::proto::Timestamp;
use electrum_session::proto::operations::Banner;
use electrum_session::{CallErrorKind, Client, Clock, Config, Step};

struct Manual(Arc<AtomicU64>);

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn unix_time(&self) -> u64 {
        1_750_000_000
    }
}

#[test]
fn a_call_whose_deadline_passes_as_the_server_becomes_ready_fails() {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        play();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(60)).expect("the driver finds something to wait for");
}

fn play() {
    let millis = Arc::new(AtomicU64::new(0));
    let config = Config::new(["tcp://127.0.0.1:50001".parse().unwrap()]);
    let (client, driver) = Client::with_clock(config, Manual(Arc::clone(&millis)), || {});
    let mut call = pin!(client.call_within(Duration::from_secs(1), Banner));
    let Step::Connect(conn, _) = driver.poll() else { panic!("the first step") };
    driver.connected(conn);
    let Step::Wait { write: true, .. } = driver.poll() else { panic!("the handshake is to be written") };
    driver.with(|session, now| {
        let count = session.outgoing().len();
        session.wrote(now, conn, count);
    });
    // The timer of the call is late, and the answer of the server is not.
    millis.store(1_001, Ordering::Relaxed);
    driver.with(|session, now| session.read(now, conn, b"{\"id\":1,\"result\":[\"Example 1.0\",\"1.4\"]}\n"));
    let Step::Wait { write: false, .. } = driver.poll() else { panic!("nothing is sent after its deadline") };
    let Poll::Ready(Err(error)) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the call has its error")
    };
    assert_eq!(error.kind(), CallErrorKind::Unsent);
}
