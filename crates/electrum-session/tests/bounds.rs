//! How often, and until when, calls are sent, in virtual time.

mod manual_clock;

use std::future::Future as _;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use electrum_session::proto::ConnId;
use electrum_session::proto::operations::Banner;
use electrum_session::{Call, CallError, CallErrorKind, Client, Config, Driver, Step};

use manual_clock::Manual;

type Virtual = (Client, Driver, Arc<AtomicU64>);

fn start() -> Virtual {
    let millis = Arc::new(AtomicU64::new(0));
    let config = Config::new(["tcp://127.0.0.1:50001".parse().unwrap()]);
    let (client, driver) = Client::with_clock(config, Manual(Arc::clone(&millis)), || {});
    (client, driver, millis)
}

/// Runs `play`, which must come to an end.
fn bounded(play: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        play();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(60)).expect("the driver finds something to wait for");
}

/// Writes what is outgoing. Returns whether there was anything.
fn write(driver: &Driver, conn: ConnId) -> bool {
    driver.with(|session, now| {
        let count = session.outgoing().len();
        session.wrote(now, conn, count);
        count > 0
    })
}

/// Does what the driver must do until a connection is wanted, and opens that.
fn connect(driver: &Driver, millis: &AtomicU64) -> ConnId {
    loop {
        match driver.poll() {
            Step::Connect(conn, _) => {
                driver.connected(conn);
                return conn;
            }
            Step::Wait { until: Some(until), .. } => {
                let until = u64::try_from(until.since_epoch().as_micros().div_ceil(1000)).unwrap();
                millis.fetch_max(until, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

fn poll(call: Pin<&mut Call<String>>) -> Poll<Result<String, CallError>> {
    call.poll(&mut Context::from_waker(Waker::noop()))
}

const READY: &str = "\"result\":[\"Example 1.0\",\"1.4\"]}\n";

#[test]
fn a_call_whose_deadline_passes_as_the_server_becomes_ready_fails() {
    bounded(|| {
        let (client, driver, millis) = start();
        let mut call = pin!(client.call_within(Duration::from_secs(1), Banner));
        let conn = connect(&driver, &millis);
        let Step::Wait { write: true, .. } = driver.poll() else { panic!("the handshake is to be written") };
        write(&driver, conn);
        // The timer of the call is late, and the answer of the server is not.
        millis.store(1_001, Ordering::Relaxed);
        driver.with(|session, now| session.read(now, conn, format!("{{\"id\":1,{READY}").as_bytes()));
        let Step::Wait { write: false, .. } = driver.poll() else { panic!("nothing is sent after its deadline") };
        let Poll::Ready(Err(error)) = poll(call.as_mut()) else { panic!("the call has its error") };
        assert_eq!(error.kind(), CallErrorKind::Unsent);
    });
}

#[test]
fn no_call_is_sent_on_more_than_ten_connections() {
    bounded(|| {
        let (client, driver, millis) = start();
        let mut call = pin!(client.call_within(Duration::from_secs(24 * 60 * 60), Banner));
        let mut sent = 0;
        let error = loop {
            let conn = connect(&driver, &millis);
            let _ = driver.poll();
            let handshake = driver.with(|session, _| String::from_utf8(session.outgoing().to_vec()).unwrap());
            write(&driver, conn);
            let (_, id) = handshake.split_once("\"id\":").unwrap();
            let (id, _) = id.split_once(',').unwrap();
            driver.with(|session, now| session.read(now, conn, format!("{{\"id\":{id},{READY}").as_bytes()));
            let _ = driver.poll();
            sent += u32::from(write(&driver, conn));
            // No request is the cause of this.
            driver.with(|session, now| session.leave(now, "for this test"));
            let _ = driver.poll();
            let _ = driver.poll();
            if let Poll::Ready(outcome) = poll(call.as_mut()) {
                break outcome.unwrap_err();
            }
        };
        assert!(matches!(error, CallError::ClosesConnection { times: 10, .. }), "{error:?}");
        assert_eq!(sent, 10);
    });
}
