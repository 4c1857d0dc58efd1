//! The recordings, read.

use std::collections::BTreeMap;
use std::path::Path;

use electrum_proto::ProtocolVersion;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct File {
    texts: Vec<String>,
    scenarios: Vec<FileScenario>,
}

#[derive(Deserialize)]
struct FileScenario {
    name: String,
    steps: Vec<(Option<usize>, Option<usize>)>,
}

/// What one server was asked and said.
pub(crate) struct Recording {
    pub(crate) server: String,
    pub(crate) scenarios: Vec<Scenario>,
}

/// One connection.
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// Requests in the order in which they were sent.
    pub(crate) exchanges: Vec<Exchange>,
}

/// A request and its reply.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// Server, scenario and request, for messages.
    pub(crate) what: String,
    pub(crate) version: ProtocolVersion,
    pub(crate) method: String,
    pub(crate) params: Value,
    pub(crate) reply: Option<String>,
}

/// All recordings, by file name.
pub(crate) fn all() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/methods");
    let mut recordings = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).expect("the recordings are in tests/transcripts") {
        let path = entry.unwrap().path();
        let server = path.file_stem().unwrap().to_string_lossy().into_owned();
        let file: File = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let scenarios = file.scenarios.iter().map(|scenario| read(&server, scenario, &file.texts)).collect();
        recordings.insert(server.clone(), Recording { server, scenarios });
    }
    assert_eq!(recordings.len(), 11);
    recordings.into_values().collect()
}

fn read(server: &str, scenario: &FileScenario, texts: &[String]) -> Scenario {
    // A connection without a handshake is served as 1.4.
    let mut version = ProtocolVersion::V1_4;
    let mut exchanges = Vec::new();
    for (sent, received) in &scenario.steps {
        let reply = received.map(|index| texts[index].clone());
        // What comes unasked is for tests of subscriptions.
        let Some(sent) = sent else { continue };
        let request: Value = serde_json::from_str(&texts[*sent]).unwrap();
        let method = request["method"].as_str().unwrap().to_owned();
        if method == "server.version" {
            let answer: Value = serde_json::from_str(reply.as_deref().unwrap()).unwrap();
            if let Some(agreed) = answer["result"][1].as_str() {
                version = agreed.parse().unwrap();
            }
            continue;
        }
        let params = request.get("params").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
        let what = format!("{server}, {}: {method} {}", scenario.name, shorten(&params.to_string()));
        exchanges.push(Exchange { what, version, method, params, reply });
    }
    Scenario { name: scenario.name.clone(), exchanges }
}

fn shorten(text: &str) -> String {
    text.chars().take(160).collect()
}
