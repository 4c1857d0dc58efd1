//! One message, read by the machine's scanner and by serde_json.

use electrum_proto::json::{Message, NotAMessage, ReplyId};

use crate::strict::{self, Members};

/// The scanner finds in JSON what serde_json finds in it, and in anything else nothing that is not there.
pub fn message(data: &[u8]) {
    let found = Message::parse(data);
    let Ok(text) = std::str::from_utf8(data) else {
        assert_eq!(found, Err(NotAMessage::Utf8));
        return;
    };
    match Members::of(text) {
        Some(members) => agrees(&found, &members),
        None if strict::is_json(text) => assert_eq!(found, Err(NotAMessage::NotAnObject)),
        None => is_inside(&found, text),
    }
}

/// Holds what was found against the members of the object.
fn agrees(found: &Result<Message<'_>, NotAMessage>, members: &Members<'_>) {
    if ["id", "method", "params", "result", "error"].iter().any(|key| members.has_twice(key)) {
        assert_eq!(*found, Err(NotAMessage::Twice));
        return;
    }
    let id = members.get("id").filter(|id| *id != "null");
    if let Some(method) = members.get("method") {
        let Some(method) = strict::string(method) else {
            assert_eq!(*found, Err(NotAMessage::Json), "a method that is no string");
            return;
        };
        match found {
            Ok(Message::Request { method: found }) => {
                assert_eq!((found.as_ref(), id.is_some()), (method.as_str(), true));
            }
            Ok(Message::Notification { method: found, params }) => {
                assert_eq!((found.as_ref(), id), (method.as_str(), None));
                assert_eq!(params.map(|params| params.as_str()), members.get("params"));
            }
            other => panic!("it has the method {method:?}, but was read as {other:?}"),
        }
        return;
    }
    let error = members.get("error").filter(|error| *error != "null");
    match (error, members.get("result"), found) {
        (None, None, found) => assert_eq!(*found, Err(NotAMessage::Empty)),
        (Some(error), _, Ok(Message::Reply { id: found, outcome: Err(server) })) => {
            assert_eq!(*found, expected_id(id));
            if let Some(words) = strict::string(error) {
                assert_eq!((server.code, &server.message), (None, &words), "an error that is a bare text");
            }
            // Half a character in a key spoils the object for the machine, and JSON knows a zero that is no integer.
            let is_plain = !error.contains('\\') && !error.contains("-0");
            let inside = Members::of(error)
                .filter(|inside| is_plain && !inside.has_twice("message") && !inside.has_twice("code"));
            let words = inside.as_ref().and_then(|inside| strict::string(inside.get("message")?));
            let code = inside.as_ref().and_then(|inside| inside.get("code")?.parse::<i64>().ok());
            if let (Some(words), Some(code)) = (words, code) {
                assert_eq!((server.code, &server.message), (Some(code), &words));
            }
        }
        (None, Some(result), Ok(Message::Reply { id: found, outcome: Ok(value) })) => {
            assert_eq!((*found, value.as_str()), (expected_id(id), result));
        }
        (error, result, found) => panic!("error {error:?} and result {result:?} were read as {found:?}"),
    }
}

fn expected_id(id: Option<&str>) -> ReplyId {
    id.map_or(ReplyId::Null, |id| id.parse().map_or(ReplyId::Foreign, ReplyId::Number))
}

/// The scanner does not look closely at what it passes over, so it may take for a message what is no JSON.
/// Then it must be an object at least from its first byte to its last, and what was found must stand in it.
fn is_inside(found: &Result<Message<'_>, NotAMessage>, text: &str) {
    let Ok(found) = found else { return };
    let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
    assert!(trimmed.starts_with('{') && trimmed.ends_with('}'), "{text:?} was read as {found:?}");
    let part = match found {
        Message::Reply { outcome: Ok(result), .. } => result.as_str(),
        Message::Notification { params: Some(params), .. } => params.as_str(),
        _ => return,
    };
    assert!(text.as_bytes().as_ptr_range().contains(&part.as_ptr()), "it is borrowed");
    assert!(!part.is_empty() && text.contains(part));
}
