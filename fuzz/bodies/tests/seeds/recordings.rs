//! The recordings, as far as they make seeds.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Longer messages are left to the tests of the core.
pub(crate) const LONGEST: usize = 1500;

/// What a server said, connection by connection.
pub(crate) struct Server {
    pub(crate) name: String,
    /// The lines of each connection in which the server said anything.
    pub(crate) said: Vec<String>,
}

/// What a server replied, whatever the connection.
pub(crate) struct Replies {
    pub(crate) name: String,
    pub(crate) replies: Vec<Reply>,
}

/// One reply, or a notification, which has no method here. Its id is 0.
pub(crate) struct Reply {
    pub(crate) method: Option<String>,
    pub(crate) text: String,
}

/// The recordings in one of the folders whose steps are what happened on a connection.
pub(crate) fn connections(folder: &str) -> Vec<Server> {
    let said = |scenario: &Value| {
        let steps = scenario["steps"].as_array().expect("a list of steps");
        steps.iter().filter_map(|step| step["recv"].as_str()).map(|line| line.to_owned() + "\n").collect()
    };
    let servers = files(folder).into_iter();
    servers.map(|(name, file)| Server { name, said: scenarios(&file).iter().map(said).collect() }).collect()
}

/// The recordings about methods, without the longest replies.
pub(crate) fn replies() -> Vec<Replies> {
    let read = |(name, file): (String, Value)| {
        let text = |index: &Value| file["texts"][index.as_u64()? as usize].as_str();
        let mut replies = Vec::new();
        for step in scenarios(&file).iter().flat_map(|scenario| scenario["steps"].as_array().expect("a list")) {
            let Some(reply) = text(&step[1]).filter(|reply| reply.len() <= LONGEST) else { continue };
            let request = text(&step[0]).map(|request| serde_json::from_str::<Value>(request).expect("JSON was sent"));
            let method = request.and_then(|request| request["method"].as_str().map(str::to_owned));
            replies.push(Reply { method, text: reply.to_owned() });
        }
        Replies { name, replies }
    };
    files("methods").into_iter().map(read).collect()
}

fn scenarios(file: &Value) -> &[Value] {
    file["scenarios"].as_array().expect("a list of scenarios")
}

fn files(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/transcripts").join(folder);
    let mut files: Vec<(String, Value)> = fs::read_dir(folder)
        .expect("the recordings are in tests/transcripts")
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}
