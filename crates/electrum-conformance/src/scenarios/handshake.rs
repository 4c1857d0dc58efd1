//! Handshakes that fail, the choice of a server, and the events of connections.

use std::time::Duration;

use electrum_proto::{Origin, TimerKind, Topic};

use crate::expect::{PATIENCE, call_aside, down, next, outcome, read, ready, tip, wait_for};
use crate::transport::{Route, connect};
use crate::{Adapter, Client, ConnectionEvent, Next, Source, Transport};
use electrum_testkit::scripted::{Scripted, Step};
use electrum_testkit::{Family, Server};

const VERSION: &str = "server.version";

/// The client leaves a server that accepts the connection and does not answer, and has sent it nothing but the version.
pub(super) fn mute_in_the_handshake<A: Adapter>(adapter: A, transport: Transport) {
    let talks = Step::session("1.4", &[("server.banner", "\"hi\"")]);
    let server = Scripted::in_turn(vec![vec![Step::Silence], [talks, vec![Step::Silence]].concat()]);
    let mut route = Route::to(transport, &[server.addr()]);
    route.setup.protocol.timeouts.handshake = Duration::from_millis(200);
    let client = adapter.connect(route.setup.clone());
    let mut events = client.events();
    let call = call_aside(&client, read("server.banner"));
    let cause = down(&mut events);
    let is_timeout = matches!(cause, electrum_proto::DownCause::Timeout { waited_for: TimerKind::Handshake });
    // Or the route is not ready by then.
    assert!(is_timeout || cause.name() == "reset", "{cause:?}");
    assert_eq!(outcome(&call), Ok("hi".into()));
    server.check();
    let lines = server.lines();
    let mute = &lines[0];
    assert!(mute.len() == 1 && mute[0].contains(VERSION), "{mute:?}");
}

/// Every form of a refusal is reported with its cause, and the client closes the connection and tries again.
pub(super) fn every_refusal<A: Adapter>(adapter: A, transport: Transport) {
    let line = |line: &str| vec![Step::SendLine(line.to_owned())];
    let result = |json: &str| vec![Step::result(json)];
    let refusals = [
        ("an error", "refused", vec![Step::error(1, "unsupported protocol version: 1.4")]),
        ("an error that is text", "refused", line(r#"{"jsonrpc":"2.0","id":$id,"error":"unsupported"}"#)),
        (
            "an error without an id",
            "refused",
            line(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}"#),
        ),
        ("an older version", "out_of_range", result(r#"["Old 1","1.2"]"#)),
        ("a newer version", "out_of_range", result(r#"["New 1","2.0"]"#)),
        ("a version that is a number", "numeric_version", result(r#"["Number 1",1.4]"#)),
        ("no version", "malformed", result(r#"["None 1"]"#)),
        ("nothing", "malformed", result("null")),
        ("another protocol", "malformed", line("HTTP/1.1 400 Bad Request")),
        ("bytes that are no text", "malformed", vec![Step::send(b"\xff\xfe\xfd\n".to_vec())]),
        ("a line without end", "malformed", vec![Step::send(vec![b' '; 100_000])]),
        ("the end", "closed", vec![Step::Close]),
        ("half a line and the end", "closed", vec![Step::send(&b"{\"jsonrpc\":\"2.0\",\"id\""[..]), Step::Close]),
        ("a reset", "reset", vec![Step::Reset]),
        ("the answer to something else", "timeout", line(r#"{"jsonrpc":"2.0","id":987654,"result":["Else 1","1.4"]}"#)),
        (
            "a notification before the answer",
            "refused",
            vec![
                Step::send(&b"{\"jsonrpc\":\"2.0\",\"method\":\"blockchain.headers.subscribe\"}\n"[..]),
                Step::error(1, "unsupported protocol version: 1.4"),
            ],
        ),
    ];
    let mut scripts: Vec<Vec<Step>> = refusals
        .iter()
        // The server keeps the connection open, unless closing it is the refusal: the client must close it.
        .map(|(_, _, steps)| [vec![Step::call(VERSION)], steps.clone(), vec![Step::Silence]].concat())
        .collect();
    scripts.push([Step::handshake("Agrees 1", "1.6").to_vec(), vec![Step::Silence]].concat());
    let server = Scripted::in_turn(scripts);
    let mut route = Route::to(transport, &[server.addr()]);
    route.setup.protocol.timeouts.handshake = Duration::from_millis(1500);
    let client = adapter.connect(route.setup.clone());
    let mut events = client.events();
    let sees_messages_only = transport.is_websocket() && !adapter.sees_frames();
    for (what, name, _) in &refusals {
        let name = match *what {
            // A text message of a WebSocket must be UTF-8.
            "bytes that are no text" if sees_messages_only => "reset",
            "a line without end" if sees_messages_only => "timeout",
            _ => *name,
        };
        assert_eq!(down(&mut events).name(), name, "{what}");
    }
    let (_, version) = ready(&mut events);
    assert_eq!(version.to_string(), "1.6");
    server.check();
    assert!(server.wait_done(refusals.len(), Duration::from_secs(30)), "a connection was left open");
    for (lines, (what, _, _)) in server.lines().iter().zip(&refusals) {
        assert_eq!(lines.len(), 1, "{what}: {lines:?}");
    }
}

/// A client with three servers moves to the next when one is killed, with its subscriptions, and reports every change
/// once.
pub(super) fn servers_in_turn<A: Adapter>(adapter: A, transport: Transport) {
    let mut servers: Vec<_> =
        [Family::Fulcrum2_1, Family::ElectrumX1_16, Family::Electrs].into_iter().map(Server::start).collect();
    let (route, client) = connect(adapter, transport, &servers.iter().map(Server::addr).collect::<Vec<_>>());
    let mut events = client.events();
    let mut tips = client.subscribe(vec![Topic::Headers]);
    let mut last = tip(&next(&mut tips)).height;
    for round in 0..12 {
        let (current, _) = ready(&mut events);
        let at = route.setup.servers.iter().position(|server| *server == current).expect("one of ours");
        let is_mined = round % 2 == 0;
        // All servers get the same chain; the client learns of it on its next link.
        for other in servers.iter().enumerate().filter(|(other, _)| is_mined && *other != at) {
            other.1.mine(1);
        }
        servers[at].stop();
        if is_mined {
            servers[at].mine(1);
            let change = next(&mut tips);
            assert_eq!((tip(&change).height, change.origin), (last + 1, Origin::Resumed), "round {round}");
            last += 1;
        }
        assert!(client.call(read("server.banner"), None).is_ok(), "round {round}");
        servers[at].restart();
    }
    assert_eq!(tips.next(Duration::ZERO), Next::Nothing);
}

/// The events of connections come in order and name their servers.
pub(super) fn connection_events<A: Adapter>(adapter: A, transport: Transport) {
    let mut server = Server::start(Family::ElectrumX2_0);
    let (route, client) = connect(adapter, transport, &[server.addr()]);
    let address = &route.setup.servers[0];
    let mut events = client.events();
    let mut others = client.events();
    let software = Family::ElectrumX2_0.profile().software;
    for _ in 0..3 {
        let reported = wait_for(&mut events, "a connection", |event| match event {
            ConnectionEvent::Ready { server, software, version } => {
                Some((server.clone(), software.clone(), version.to_string()))
            }
            _ => None,
        });
        assert_eq!(reported, (address.clone(), software.to_owned(), "1.7".to_owned()));
        // A listener that is added now receives the last event first.
        let first = client.events().next(PATIENCE);
        assert!(matches!(first, Next::Item(ConnectionEvent::Ready { .. })), "{first:?}");
        server.stop();
        let reported = wait_for(&mut events, "its end", |event| match event {
            ConnectionEvent::Down { server, retry_in, .. } => Some((server.clone(), *retry_in)),
            _ => None,
        });
        assert!(reported.0 == *address && reported.1 <= Duration::from_millis(100), "{reported:?}");
        server.restart();
    }
    ready(&mut events);
    client.close();
    // The other listener receives the same events, although it listens later.
    let mut reported = Vec::new();
    while let Next::Item(event) = others.next(Duration::from_secs(10)) {
        reported.push(event);
    }
    let mut is_trying = true;
    for event in &reported {
        let is_connecting = matches!(event, ConnectionEvent::Connecting { .. });
        if is_connecting {
            is_trying = true;
        } else {
            assert!(is_trying, "{event:?} without an attempt");
            is_trying = matches!(event, ConnectionEvent::Ready { .. });
        }
    }
    assert_eq!(
        reported.iter().filter(|event| matches!(event, ConnectionEvent::Ready { .. })).count(),
        4,
        "{reported:?}"
    );
}
