//! Certificates: the time by which they are judged, and the pins that are read and stored for them.
#![cfg(feature = "tls")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Driven, NAME, NOW, config, pin};
use electrum_session::proto::DownCause;
use electrum_session::transport::{LayerError, Pin, Trust};
use electrum_session::{Client, Config, ConnectionEvent, MemoryPins, PinError, PinStore, Step, block_on, block_within};
use electrum_testkit::tls::{Ca, Identity, TlsPeer, rustls};

/// Longer than anything takes on a busy machine.
const BOUND: Duration = Duration::from_secs(60);

#[test]
fn a_certificate_is_judged_by_the_time_at_its_own_connect() {
    let ca = Ca::new();
    let identity = ca.signed(NAME, 2040);
    let mut config = config();
    config.route = config.route.with_root(ca.certificate().to_vec()).with_trust(Trust::CaOnly);
    let mut driven = Driven::new(config);
    // A board whose clock says 1970 until it was set; then the present; then after years of sleep.
    for (unix_time, is_valid) in [(0, false), (NOW, true), (2_250_000_000, false)] {
        let Step::Connect(conn, _) = driven.step() else { panic!("nothing is pinned, so nothing is asked") };
        driven.connected(conn, unix_time);
        let mut server = TlsPeer::new(identity.config());
        let step = driven.exchange(conn, &mut server);
        assert_eq!(server.read.is_empty(), !is_valid, "at {unix_time}: {step:?}");
        if is_valid {
            driven.closed(conn);
        } else {
            let Step::Disconnect(_, alert) = step else { panic!("{step:?}") };
            server.received(&alert);
            assert!(format!("{:?}", server.error).contains("CertificateExpired"), "{:?}", server.error);
        }
    }
}

#[test]
fn nothing_is_dialled_before_the_pin_is_known_and_nothing_if_it_cannot_be_read() {
    let mut driven = Driven::new(config());
    let Step::ReadPin(first, _) = driven.step() else { panic!("the pin comes first") };
    assert!(matches!(driven.poll(), Step::Wait { .. }));
    driven.pin_read(first, Err(PinError::Other("no disk".into())));
    let Step::ReadPin(second, _) = driven.step() else { panic!("the next attempt") };
    // What comes late is for no connection any more.
    driven.pin_read(first, Ok(None));
    assert!(matches!(driven.poll(), Step::Wait { .. }));
    driven.pin_read(second, Ok(None));
    assert!(matches!(driven.poll(), Step::Connect(conn, _) if conn == second));
}

#[test]
fn nothing_is_sent_before_the_pin_is_stored() {
    let (mut driven, identity) = (Driven::new(config()), Identity::self_signed(NAME));
    let conn = driven.dial(None);
    driven.connected(conn, NOW);
    let mut server = TlsPeer::new(identity.config());
    let change = driven.until_pin(conn, &mut server);
    assert_eq!((change.old, change.new), (None, pin(&identity)));
    assert!(matches!(driven.exchange(conn, &mut server), Step::Wait { .. }));
    assert!(server.read.is_empty());
    driven.pin_kept(conn, Ok(change.new));
    assert!(matches!(driven.exchange(conn, &mut server), Step::Wait { .. }));
    assert!(String::from_utf8_lossy(&server.read).contains("server.version"));
}

#[test]
fn a_pin_that_cannot_be_stored_means_no_connection() {
    for held in [Err(PinError::Other("no disk".into())), Ok(Pin::WebCa)] {
        let (mut driven, identity) = (Driven::new(config()), Identity::self_signed(NAME));
        let conn = driven.dial(None);
        driven.connected(conn, NOW);
        let mut server = TlsPeer::new(identity.config());
        driven.until_pin(conn, &mut server);
        driven.pin_kept(conn, held);
        let Step::Disconnect(_, last) = driven.poll() else { panic!("it is given up") };
        server.received(&last);
        assert_eq!((server.read.as_slice(), server.has_closed, server.error), (&[][..], true, None));
        assert!(matches!(driven.step(), Step::ReadPin(..)), "and tried again later");
    }
}

#[test]
fn a_changed_certificate_is_accepted_once_where_the_user_wants_it() {
    let [old, new, third] = [Identity::self_signed(NAME), Identity::self_signed(NAME), Identity::self_signed(NAME)];
    let mut driven = Driven::new(Config { accept_new_pins: true, ..config() });
    let conn = driven.dial(Some(pin(&old)));
    driven.connected(conn, NOW);
    let mut server = TlsPeer::new(new.config());
    let change = driven.until_pin(conn, &mut server);
    assert_eq!((change.old, change.new), (Some(pin(&old)), pin(&new)));
    driven.pin_kept(conn, Ok(pin(&new)));
    let _ = driven.exchange(conn, &mut server);
    driven.closed(conn);
    let conn = driven.dial(Some(pin(&new)));
    driven.connected(conn, NOW);
    let mut server = TlsPeer::new(third.config());
    assert!(matches!(driven.exchange(conn, &mut server), Step::Disconnect(..)));
    assert!(server.read.is_empty());
    let Some(LayerError::PinChanged(changed)) = driven.error else { panic!("{:?}", driven.error) };
    assert_eq!((changed.pinned, Pin::Certificate(changed.seen)), (pin(&new), pin(&third)));
}

#[test]
fn alerts_and_close_notify_are_sent() {
    let [pinned, shown] = [Identity::self_signed(NAME), Identity::self_signed(NAME)];
    let mut driven = Driven::new(config());
    let conn = driven.dial(Some(pin(&pinned)));
    driven.connected(conn, NOW);
    let mut server = TlsPeer::new(shown.config());
    let Step::Disconnect(_, alert) = driven.exchange(conn, &mut server) else { panic!("it is not the pinned one") };
    server.received(&alert);
    assert_eq!(server.error, Some(rustls::Error::AlertReceived(rustls::AlertDescription::AccessDenied)));

    // The client ends it, in the middle of the handshake or later.
    for is_done in [false, true] {
        let conn = driven.dial(Some(pin(&pinned)));
        driven.connected(conn, NOW);
        let mut server = TlsPeer::new(pinned.config());
        if is_done {
            let _ = driven.exchange(conn, &mut server);
        }
        driven.close();
        let Step::Disconnect(_, last) = driven.poll() else { panic!("the client was closed") };
        server.received(&last);
        // To a server in the middle of its handshake it is an alert like any other.
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CloseNotify);
        assert_eq!((server.has_closed, server.error), (is_done, (!is_done).then_some(alert)));
        driven = Driven::new(config());
    }

    // The server ends it: its close_notify is answered.
    let conn = driven.dial(Some(pin(&pinned)));
    driven.connected(conn, NOW);
    let mut server = TlsPeer::new(pinned.config());
    let _ = driven.exchange(conn, &mut server);
    server.close();
    let Step::Disconnect(_, last) = driven.exchange(conn, &mut server) else { panic!("the server closed it") };
    server.received(&last);
    assert_eq!((server.has_closed, server.error), (true, None));
}

/// A store that says when it is asked, and answers when it is let go on.
#[derive(Debug)]
struct Gate {
    inner: MemoryPins,
    asked: Mutex<Sender<()>>,
    go_on: Mutex<Receiver<()>>,
}

impl Gate {
    fn pass(&self) {
        self.asked.lock().unwrap().send(()).unwrap();
        self.go_on.lock().unwrap().recv_timeout(BOUND).unwrap();
    }
}

impl PinStore for Gate {
    fn get(&self, host: &str, port: u16) -> Result<Option<Pin>, PinError> {
        self.pass();
        self.inner.get(host, port)
    }

    fn replace(&self, host: &str, port: u16, old: Option<Pin>, new: Option<Pin>) -> Result<Option<Pin>, PinError> {
        self.pass();
        self.inner.replace(host, port, old, new)
    }
}

#[test]
fn a_store_that_blocks_holds_up_neither_the_driver_nor_callers() {
    let ((asked, was_asked), (let_go, go_on), (wake, woken)) = (channel(), channel(), channel());
    let mut config = config();
    config.pins = Arc::new(Gate { inner: MemoryPins::new(), asked: Mutex::new(asked), go_on: Mutex::new(go_on) });
    let wake = Mutex::new(wake);
    let (client, driver) = Client::new(config, move || wake.lock().unwrap().send(()).unwrap_or_default());
    assert!(matches!(driver.poll(), Step::Wait { .. }));
    was_asked.recv_timeout(BOUND).unwrap();
    // It is asked right now. The session is free.
    let _ = client.state();
    assert!(matches!(driver.poll(), Step::Wait { .. }));
    let mut events = client.events();
    assert!(matches!(block_on(events.next()), Some(ConnectionEvent::Connecting { .. })));
    while woken.try_recv().is_ok() {}
    let_go.send(()).unwrap();
    woken.recv_timeout(BOUND).unwrap();
    assert!(matches!(driver.poll(), Step::Connect(..)));
}

/// A store that cannot be used.
#[derive(Debug)]
struct Broken;

impl PinStore for Broken {
    fn get(&self, _: &str, _: u16) -> Result<Option<Pin>, PinError> {
        Err(PinError::Other("no disk".into()))
    }

    fn replace(&self, _: &str, _: u16, _: Option<Pin>, _: Option<Pin>) -> Result<Option<Pin>, PinError> {
        Err(PinError::Other("no disk".into()))
    }
}

#[test]
fn a_store_that_fails_is_what_the_user_hears_of() {
    let (wake, woken) = channel();
    let wake = Mutex::new(wake);
    let config = Config { pins: Arc::new(Broken), ..config() };
    let (client, driver) = Client::new(config, move || wake.lock().unwrap().send(()).unwrap_or_default());
    let mut events = client.events();
    let cause = loop {
        assert!(matches!(driver.poll(), Step::Wait { .. }), "nothing is dialled");
        match block_within(Duration::ZERO, events.next()) {
            Some(Some(ConnectionEvent::Down { cause, .. })) => break cause,
            Some(_) => {}
            None => woken.recv_timeout(BOUND).unwrap(),
        }
    };
    assert!(matches!(&cause, DownCause::Connect { message, .. } if message.contains("no disk")), "{cause}");
}

/// A store that panics the first time that it is asked.
#[derive(Debug, Default)]
struct PanicsOnce(AtomicBool);

impl PinStore for PanicsOnce {
    fn get(&self, _: &str, _: u16) -> Result<Option<Pin>, PinError> {
        assert!(self.0.swap(true, Ordering::SeqCst), "a store that panics");
        Ok(None)
    }

    fn replace(&self, _: &str, _: u16, _: Option<Pin>, new: Option<Pin>) -> Result<Option<Pin>, PinError> {
        Ok(new)
    }
}

#[test]
fn a_store_that_panics_is_asked_again() {
    let (wake, woken) = channel();
    let wake = Mutex::new(wake);
    let config = Config { pins: Arc::new(PanicsOnce::default()), ..config() };
    let (client, driver) = Client::new(config, move || wake.lock().unwrap().send(()).unwrap_or_default());
    let mut events = client.events();
    loop {
        match driver.poll() {
            Step::Connect(..) => break,
            Step::Wait { until, .. } => {
                let left = until.map_or(BOUND, |until| driver.until(until));
                let _ = woken.recv_timeout(left);
            }
            step => panic!("{step:?}"),
        }
    }
    let cause = loop {
        match block_on(events.next()) {
            Some(ConnectionEvent::Down { cause, .. }) => break cause,
            event => assert!(event.is_some(), "the failure is reported"),
        }
    };
    assert!(matches!(&cause, DownCause::Connect { message, .. } if message.contains("panicked")), "{cause}");
}
