//! The envelope of a reply, read twice: by the crate and as plain JSON.

use electrum_proto::json::{Message, RawJson, ReplyId, ServerError};
use serde_json::Value;

/// Checks the reply's id, and its error if it is one. The result as text and as plain JSON otherwise.
pub(crate) fn check_envelope<'a>(reply: &'a str, what: &str) -> Option<(RawJson<'a>, Value)> {
    let plain: Value = serde_json::from_str(reply).unwrap();
    let Ok(Message::Reply { id, outcome }) = Message::parse(reply.as_bytes()) else {
        panic!("{what}: {reply} is no reply");
    };
    assert_eq!(id, ReplyId::Number(0), "{what}");
    match outcome {
        Ok(result) => {
            assert!(plain.get("error").is_none_or(Value::is_null), "{what}: {reply}");
            assert_eq!(serde_json::from_str::<Value>(result.as_str()).unwrap(), plain["result"], "{what}");
            Some((result, plain["result"].clone()))
        }
        Err(ServerError { code, message, data, .. }) => {
            let error = &plain["error"];
            match error.as_str() {
                // electrs-esplora sends a bare text.
                Some(text) => assert_eq!((code, message.as_str()), (None, text), "{what}"),
                None => {
                    assert_eq!(code, error["code"].as_i64(), "{what}");
                    assert_eq!(Some(message.as_str()), error["message"].as_str(), "{what}");
                    let data = data.map(|data| serde_json::from_str::<Value>(&data).unwrap());
                    assert_eq!(data.as_ref(), error.get("data"), "{what}");
                }
            }
            None
        }
    }
}
