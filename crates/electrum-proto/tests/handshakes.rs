//! Every recorded handshake, replayed: what eleven real servers answered, byte for byte, in several chunkings.
//!
//! What a recording implies is read from it here by means of its own (plain JSON values, tuples of integers).

use std::path::Path;

use electrum_proto::{Action, Client, CloseCause, Config, Event, Input, Timestamp, VersionRange};
use serde_json::Value;

/// How an attempt ended, in words: `ready 1.4`, or the cause with the server's own code and message.
type Outcome = String;

#[test]
fn every_recorded_handshake_has_the_outcome_that_it_implies() {
    let (mut replayed, mut same_bytes, mut left_out) = (0, 0, Vec::new());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/handshake");
    let mut recordings: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    recordings.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    recordings.sort();
    assert_eq!(recordings.len(), 11);
    for path in recordings {
        let recording: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let server = path.file_stem().unwrap().to_string_lossy().into_owned();
        for scenario in recording["scenarios"].as_array().unwrap() {
            let name = scenario["name"].as_str().unwrap();
            let Some(exchange) = Exchange::of(scenario) else {
                left_out.push(name.to_owned());
                continue;
            };
            let expected = exchange.implied_outcome();
            for chunking in [usize::MAX, 1, 7, 1000] {
                let (outcome, sent) = exchange.replay(chunking);
                assert_eq!(outcome, expected, "{server}: {name} in pieces of {chunking}");
                if exchange.is_ours {
                    assert_eq!(sent, exchange.sent, "{server}: {name}");
                }
            }
            replayed += 1;
            same_bytes += usize::from(exchange.is_ours);
        }
    }
    left_out.sort();
    left_out.dedup();
    println!("{replayed} replayed, {same_bytes} of them with the very request that was recorded");
    // Those in which something else than one server.version with id 1 goes first, which this client never does.
    assert_eq!(
        left_out,
        [
            "batch/unsupported-version-inside",
            "blank-line",
            "features-before-version",
            "http-get",
            "ping-before-version",
            "ping-before-version/no-version-ever",
            "pipelined/subscribe-first",
            "subscribe-before-version",
            "tls-hello",
            "unknown-before-version",
            "version-in-batch",
            "version-in-batch/alone",
            "version-in-batch/ping-first",
        ]
    );
    assert!(replayed > 700 && same_bytes > 170, "{replayed} {same_bytes}");
}

/// The first request of a scenario, and what came before the second.
struct Exchange {
    /// The request as it was recorded.
    sent: String,
    name: String,
    offered: VersionRange,
    /// Whether our client, configured to offer this, sends the very same bytes.
    is_ours: bool,
    received: Vec<String>,
    end: Option<CloseCause>,
}

impl Exchange {
    fn of(scenario: &Value) -> Option<Self> {
        let steps = scenario["steps"].as_array()?;
        let sent = steps.iter().find_map(|step| step["send"].as_str())?;
        let request: Value = serde_json::from_str(sent).ok()?;
        if request["method"] != "server.version" || request["id"] != 1 {
            return None;
        }
        let params = &request["params"];
        let name = params[0].as_str().unwrap_or("recorder 0.1").to_owned();
        let two = |value: &Value| Some(format!("{}..{}", value[0].as_str()?, value[1].as_str()?));
        let asked = two(&params[1]).or_else(|| params[1].as_str().map(Into::into));
        let offered = asked.and_then(|range| range.parse().ok());
        let is_ours = offered.is_some_and(|range: VersionRange| {
            let ours = serde_json::json!([name, [range.min().to_string(), range.max().to_string()]]);
            // A client that called itself an old Electrum: this one never does.
            let is_old = ["2.5", "3.0.5"].contains(&name.as_str());
            params == &ours
                && !is_old
                && sent == format!(r#"{{"jsonrpc":"2.0","id":1,"method":"server.version","params":{ours}}}"#)
        });
        let mut received = Vec::new();
        let mut end = None;
        for step in
            steps.iter().skip_while(|step| ["recv", "closed", "silent"].iter().all(|kind| step.get(kind).is_none()))
        {
            if let Some(line) = step["recv"].as_str() {
                received.push(line.to_owned());
            } else if let Some(how) = step["closed"].as_str() {
                let reset = CloseCause::Failed("reset".into());
                end = Some(if how.starts_with("reset") { reset } else { CloseCause::End });
                break;
            } else if step.get("send").is_some() || step.get("silent").is_some() {
                break;
            }
        }
        Some(Self { sent: format!("{sent}\n"), name, offered: offered.unwrap_or_default(), is_ours, received, end })
    }

    fn implied_outcome(&self) -> Outcome {
        let integers = |version: &str| -> Option<Vec<u32>> {
            let mut parts = version.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u32>>>()?;
            while parts.last() == Some(&0) {
                parts.pop();
            }
            Some(parts)
        };
        let answers = self.received.iter().flat_map(|line| {
            let value: Value = serde_json::from_str(line.trim()).unwrap();
            value.as_array().cloned().unwrap_or_else(|| vec![value])
        });
        for answer in answers {
            if answer.get("method").is_some() {
                continue;
            }
            if let Some(error) =
                answer.get("error").filter(|error| !error.is_null() && (answer["id"] == 1 || answer["id"].is_null()))
            {
                let message = error["message"].as_str().or(error.as_str()).unwrap();
                return format!("refused {:?} {message}", error["code"].as_i64());
            }
            if answer["id"] == 1 {
                let Some(version) = answer["result"][1].as_str().and_then(integers) else { return "malformed".into() };
                let [min, max] = [self.offered.min(), self.offered.max()].map(|v| integers(&v.to_string()).unwrap());
                let within = min <= version && version <= max;
                return format!("{} {version:?}", if within { "ready" } else { "out_of_range" });
            }
        }
        match &self.end {
            Some(CloseCause::End) => "closed".into(),
            Some(_) => "reset".into(),
            None => "timeout".into(),
        }
    }

    /// Plays the server's part. Gives what came of it and what the client had sent until then.
    fn replay(&self, chunking: usize) -> (Outcome, String) {
        let config = Config { client_name: self.name.clone(), versions: self.offered, ..Config::default() };
        let start = Timestamp::ZERO;
        let mut client = Client::new(config, start);
        let Action::Connect(conn, _) = client.poll() else { panic!("it wants to connect first") };
        client.handle(start, Input::Connected(conn));
        assert!(matches!(client.poll(), Action::Wait(wait) if wait.write));
        let sent = String::from_utf8(client.outgoing().to_vec()).unwrap();
        client.handle(start, Input::Wrote(conn, sent.len()));
        let text: String = self.received.iter().map(|line| format!("{line}\n")).collect();
        for chunk in text.as_bytes().chunks(chunking.min(text.len().max(1))) {
            client.handle(start, Input::Read(conn, chunk));
            if let Some(outcome) = outcome(&mut client) {
                return (outcome, sent);
            }
        }
        if let Some(end) = self.end.clone() {
            client.handle(start, Input::Closed(conn, end));
        }
        loop {
            if let Some(outcome) = outcome(&mut client) {
                return (outcome, sent);
            }
            let Action::Wait(wait) = client.poll() else { panic!("it was drained") };
            assert!(!wait.write, "nothing is sent before the version is agreed on");
            client.handle(wait.until.expect("a deadline").0, Input::Tick);
        }
    }
}

/// Polls until the client waits; what came of the handshake, if anything did.
fn outcome(client: &mut Client) -> Option<Outcome> {
    loop {
        match client.poll() {
            Action::Wait(_) => return None,
            Action::Event(Event::Ready { version, .. }) => {
                let mut parts = version.components().to_vec();
                while parts.last() == Some(&0) {
                    parts.pop();
                }
                return Some(format!("ready {parts:?}"));
            }
            Action::Event(Event::Down { cause, .. }) => {
                return Some(match cause {
                    electrum_proto::DownCause::Refused { error, .. } => {
                        format!("refused {:?} {}", error.code, error.message)
                    }
                    electrum_proto::DownCause::OutOfRange { answered, .. } => {
                        let mut parts: Vec<u32> = answered.split('.').map(|part| part.parse().unwrap()).collect();
                        while parts.last() == Some(&0) {
                            parts.pop();
                        }
                        format!("out_of_range {parts:?}")
                    }
                    cause => cause.name().into(),
                });
            }
            _ => {}
        }
    }
}
