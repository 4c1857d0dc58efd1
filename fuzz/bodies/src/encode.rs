//! Requests with any method and any parameters.

use electrum_proto::Config;
use electrum_proto::operations::Raw;
use serde_json::Value;

use crate::session::Session;
use crate::strict::{self, Members};

/// Lines end with a byte of 0xff, which no text holds. The first is the method, the others are parameters: JSON if
/// they are that, strings otherwise.
///
/// The request is one line, and reads as what it was made of.
pub fn encode(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0xff).map(String::from_utf8_lossy);
    let method = parts.next().unwrap_or_default().into_owned();
    let params: Vec<Value> =
        parts.map(|part| serde_json::from_str(&part).unwrap_or_else(|_| Value::from(part.as_ref()))).collect();
    let mut session = Session::ready(Config::default(), "1.4");
    let request = Raw::new(method.clone(), params.clone());
    let ticket = session.client.request(Session::NOW, request).expect("it is ready and empty");
    session.drain();
    let line = session.write();

    let text = line.strip_suffix('\n').expect("a line has an end");
    assert!(!text.contains('\n'), "one line: {line:?}");
    let members = Members::of(text).unwrap_or_else(|| panic!("a request is a JSON object: {line:?}"));
    assert!(["id", "method", "params", "jsonrpc"].iter().all(|key| !members.has_twice(key)), "{line:?}");
    assert_eq!(members.get("id"), Some(ticket.id.number().to_string().as_str()));
    assert_eq!(members.get("method").and_then(strict::string), Some(method));
    // As text: reading numbers again may round them once more.
    let written = serde_json::to_string(&params).expect("a value is JSON");
    assert_eq!(members.get("params"), Some(written.as_str()));
}
