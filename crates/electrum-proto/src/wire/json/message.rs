//! Parses one JSON text from a server as a message of JSON-RPC: a reply, a notification, or a request.

use alloc::borrow::Cow;
use alloc::string::String;
use memchr::memchr;

use super::raw::RawJson;
use super::scan::{Broken, skip_space, skip_string, skip_value};
use super::server_error::ServerError;

/// One message, borrowed from the line that it came in.
///
/// # Example
/// ```
/// use electrum_proto::json::{Message, NotAMessage};
///
/// fn line(text: &[u8]) -> Result<String, NotAMessage> {
///     Ok(match Message::parse(text)? {
///         Message::Reply { id, outcome: Ok(result) } => format!("{id:?}: {}", result.as_str()),
///         Message::Reply { id, outcome: Err(error) } => format!("{id:?}: {error}"),
///         Message::Notification { method, .. } => format!("an event of {method}"),
///         Message::Request { method } => format!("the server asks for {method}"),
///     })
/// }
///
/// assert_eq!(line(br#"{"id":7,"result":[1,2]}"#)?, "Number(7): [1,2]");
/// assert_eq!(line(br#"{"id":7,"error":{"code":1,"message":"no"}}"#)?, "Number(7): no (code 1)");
/// assert_eq!(line(br#"{"method":"example.greeting","params":[]}"#)?, "an event of example.greeting");
/// # Ok::<(), NotAMessage>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// The answer to a request: its result, or an error.
    Reply {
        /// The request's id, as it came back.
        id: ReplyId,
        /// The result, or what the server says instead.
        outcome: Result<RawJson<'a>, ServerError>,
    },
    /// An event, or anything else that names a method and wants no answer.
    Notification {
        /// The method.
        method: Cow<'a, str>,
        /// The parameters; some servers leave them out.
        params: Option<RawJson<'a>>,
    },
    /// A request by the server. The protocol has none, so it is not answered.
    Request {
        /// The method that the server wants to be run.
        method: Cow<'a, str>,
    },
}

/// The id of a reply.
///
/// # Example
/// ```
/// use electrum_proto::json::{Message, ReplyId};
///
/// let id = |text| match Message::parse(text) {
///     Ok(Message::Reply { id, .. }) => Some(id),
///     _ => None,
/// };
/// assert_eq!(id(br#"{"id":7,"result":1}"#), Some(ReplyId::Number(7)));
/// assert_eq!(id(br#"{"id":null,"error":"bad request"}"#), Some(ReplyId::Null));
/// assert_eq!(id(br#"{"id":"seven","result":1}"#), Some(ReplyId::Foreign));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyId {
    /// An integer: it may be one of ours.
    Number(u64),
    /// `null`, or no id: the server could not tell which request it answers.
    Null,
    /// Anything else, which this client never sends as an id.
    Foreign,
}

/// Why a text is no message of JSON-RPC. A server that sends one is left, since the messages behind it may be misread.
///
/// # Example
/// ```
/// use electrum_proto::json::{Message, NotAMessage};
///
/// let error = Message::parse(b"HTTP/1.1 400 Bad Request").expect_err("another protocol");
/// assert_eq!((error, error.to_string().as_str()), (NotAMessage::Json, "it is no JSON"));
/// assert_eq!(Message::parse(b"[]"), Err(NotAMessage::NotAnObject));
/// assert_eq!(Message::parse(br#"{"id":1}"#), Err(NotAMessage::Empty));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAMessage {
    /// Quotes or brackets do not match, or something stands where it cannot.
    Json,
    /// It is not UTF-8.
    Utf8,
    /// It is JSON, but no object.
    NotAnObject,
    /// An object that has none of `result`, `error` and `method`.
    Empty,
    /// A key that decides what the message is stands in it twice.
    Twice,
}

error_texts!(NotAMessage {
    Self::Json => "it is no JSON";
    Self::Utf8 => "it is not UTF-8";
    Self::NotAnObject => "it is no JSON object";
    Self::Empty => "it has neither a result, nor an error, nor a method";
    Self::Twice => "it has a key twice";
});

impl From<Broken> for NotAMessage {
    fn from(_: Broken) -> Self {
        Self::Json
    }
}

impl<'a> Message<'a> {
    /// Reads one JSON object. Keys may come in any order; unknown ones are passed over.
    ///
    /// # Errors
    /// [`NotAMessage`] says what keeps it from being a message.
    pub fn parse(text: &'a [u8]) -> Result<Self, NotAMessage> {
        Self::parse_text(core::str::from_utf8(text).map_err(|_| NotAMessage::Utf8)?)
    }

    /// Reads one JSON object that is known to be UTF-8.
    pub(crate) fn parse_text(text: &'a str) -> Result<Self, NotAMessage> {
        let mut members = Members::default();
        members.read(text)?;
        members.message()
    }
}

/// The members of an object that decide which message it is, as text.
#[derive(Default)]
struct Members<'a> {
    id: Option<&'a str>,
    method: Option<&'a str>,
    params: Option<&'a str>,
    result: Option<&'a str>,
    error: Option<&'a str>,
}

/// How most servers begin every line. This member is skipped without parsing it, since it carries no information.
const USUAL_BEGINNINGS: [&[u8]; 2] = [br#"{"jsonrpc":"2.0","#, br#"{"jsonrpc": "2.0","#];

impl<'a> Members<'a> {
    /// Parses the members of an object.
    fn read(&mut self, source: &'a str) -> Result<(), NotAMessage> {
        let text = source.as_bytes();
        let mut at = skip_space(text, 0);
        if text.get(at) != Some(&b'{') {
            let is_json = skip_value(text, at).is_ok_and(|end| skip_space(text, end) == text.len());
            return Err(if is_json { NotAMessage::NotAnObject } else { NotAMessage::Json });
        }
        let usual = USUAL_BEGINNINGS.into_iter().find(|usual| text[at..].starts_with(usual));
        at = skip_space(text, at + usual.map_or(1, <[u8]>::len));
        if text.get(at) == Some(&b'}') && usual.is_none() {
            at += 1;
        } else {
            loop {
                at = self.member(source, at)?;
                match text.get(at) {
                    Some(b',') => at = skip_space(text, at + 1),
                    Some(b'}') => break,
                    _ => return Err(NotAMessage::Json),
                }
            }
            at += 1;
        }
        if skip_space(text, at) != text.len() {
            return Err(NotAMessage::Json);
        }
        Ok(())
    }

    /// Parses the member that begins at `at`, and returns the position behind it.
    fn member(&mut self, source: &'a str, at: usize) -> Result<usize, NotAMessage> {
        let text = source.as_bytes();
        if text.get(at) != Some(&b'"') {
            return Err(NotAMessage::Json);
        }
        let key_end = skip_string(text, at)?;
        let key = &text[at + 1..key_end - 1];
        let colon = skip_space(text, key_end);
        if text.get(colon) != Some(&b':') {
            return Err(NotAMessage::Json);
        }
        let start = skip_space(text, colon + 1);
        let end = skip_value(text, start)?;
        let member = match self.named(key) {
            Some(member) => member,
            None => {
                // A key with escapes is the key that they spell.
                let is_plain = memchr(b'\\', key).is_none();
                let spelled = if is_plain { None } else { RawJson::new(&source[at..key_end]).decode::<String>().ok() };
                match spelled.and_then(|key| self.named(key.as_bytes())) {
                    Some(member) => member,
                    None => return Ok(skip_space(text, end)),
                }
            }
        };
        let value = source.get(start..end).ok_or(NotAMessage::Json)?;
        if member.replace(value).is_some() {
            return Err(NotAMessage::Twice);
        }
        Ok(skip_space(text, end))
    }

    /// Returns the place of the member with this key, if it decides which message this is.
    #[inline]
    fn named(&mut self, key: &[u8]) -> Option<&mut Option<&'a str>> {
        match key {
            b"id" => Some(&mut self.id),
            b"method" => Some(&mut self.method),
            b"params" => Some(&mut self.params),
            b"result" => Some(&mut self.result),
            b"error" => Some(&mut self.error),
            _ => None,
        }
    }

    fn message(self) -> Result<Message<'a>, NotAMessage> {
        if let Some(method) = self.method {
            let method = match method.as_bytes() {
                // It ends at its first quote, so it is plain if it has no escapes.
                [b'"', inside @ .., b'"'] if memchr(b'\\', inside).is_none() => {
                    Cow::Borrowed(&method[1..method.len() - 1])
                }
                _ => RawJson::new(method).decode().map(Cow::Owned).map_err(|_| NotAMessage::Json)?,
            };
            return Ok(match self.id {
                Some(id) if id != "null" => Message::Request { method },
                _ => Message::Notification { method, params: self.params.map(RawJson::new) },
            });
        }
        let outcome = match (self.error, self.result) {
            // JSON-RPC 1.0 has both keys, one of them null. An error beside a result still is an error.
            (Some(error), _) if error != "null" => Err(ServerError::parse(error)),
            (_, Some(result)) => Ok(RawJson::new(result)),
            _ => return Err(NotAMessage::Empty),
        };
        Ok(Message::Reply { id: ReplyId::parse(self.id), outcome })
    }
}

impl ReplyId {
    fn parse(id: Option<&str>) -> Self {
        match id {
            None | Some("null") => Self::Null,
            Some(digits) => parse_u64(digits.as_bytes()).map_or(Self::Foreign, Self::Number),
        }
    }
}

/// Parses a non-negative integer as JSON writes it: without a sign, a point or a leading zero.
fn parse_u64(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || (digits[0] == b'0' && digits.len() > 1) {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|d| *d <= 9)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> (ReplyId, Result<&str, ServerError>) {
        match Message::parse(text.as_bytes()).unwrap() {
            Message::Reply { id, outcome } => (id, outcome.map(RawJson::as_str)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn replies_in_the_layouts_of_real_servers() {
        for text in [
            r#"{"jsonrpc": "2.0", "result": ["a", {"b": [1, 2]}], "id": 7}"#,
            r#"{"id":7,"jsonrpc":"2.0","result":["a", {"b": [1, 2]}]}"#,
            "{\"id\":7,\"jsonrpc\":\"2.0\",\"result\":[\"a\", {\"b\": [1, 2]}]}\r",
            r#" { "x" : "]}\"" , "result" : ["a", {"b": [1, 2]}] , "error":null, "id" : 7                   } "#,
        ] {
            assert_eq!(reply(text), (ReplyId::Number(7), Ok(r#"["a", {"b": [1, 2]}]"#)), "{text}");
        }
    }

    #[test]
    fn errors_in_the_forms_of_real_servers() {
        let object = r#"{"error":{"code":-32600,"message":"Invalid \"request\""},"id":null,"jsonrpc":"2.0"}"#;
        let expected = ServerError::new(Some(-32600), "Invalid \"request\"");
        assert_eq!(reply(object), (ReplyId::Null, Err(expected)));
        let bare = r#"{"error":"bad script_hash","id":3,"jsonrpc":"2.0"}"#;
        assert_eq!(reply(bare).1, Err(ServerError::new(None, "bad script_hash")));
        let beside_a_result = r#"{"id":3,"result":1,"error":{"code":1,"message":"no"}}"#;
        assert_eq!(reply(beside_a_result).1, Err(ServerError::new(Some(1), "no")));
        let odd = r#"{"id":3,"error":[1]}"#;
        assert_eq!(reply(odd).1, Err(ServerError::new(None, "[1]")));
    }

    #[test]
    fn of_long_errors_the_beginning_is_kept() {
        for (begin, end) in
            [(r#"{"error":{"message":""#, r#"","code":1}}"#), (r#"{"error":""#, r#""}"#), (r#"{"error":[""#, r#""]}"#)]
        {
            let long = alloc::format!("{begin}x{}{end}", "é".repeat(100_000));
            let message = reply(&long).1.unwrap_err().message;
            assert!(message.ends_with("é…") && (4090..=4100).contains(&message.len()), "{}", message.len());
            let most = alloc::format!("{begin}{}{end}", "x".repeat(4090));
            assert!(!reply(&most).1.unwrap_err().message.contains('…'));
        }
    }

    #[test]
    fn ids_that_were_never_ours() {
        for id in ["-1", "1.0", "\"7\"", "007", "18446744073709551616", "1e3", "true", "[7]"] {
            assert_eq!(reply(&alloc::format!(r#"{{"id":{id},"result":1}}"#)).0, ReplyId::Foreign, "{id}");
        }
        assert_eq!(reply(r#"{"result":1}"#).0, ReplyId::Null);
    }

    #[test]
    fn notifications_with_and_without_parameters() {
        let with = Message::parse(br#"{"jsonrpc":"2.0","method":"a","params":["x"]}"#).unwrap();
        assert_eq!(with, Message::Notification { method: "a".into(), params: Some(RawJson::new(r#"["x"]"#)) });
        let without = Message::parse(br#"{"jsonrpc":"2.0","method":"blockchain.relayfee"}"#).unwrap();
        assert_eq!(without, Message::Notification { method: "blockchain.relayfee".into(), params: None });
        let asked = Message::parse(br#"{"id":1,"method":"a\u0062"}"#).unwrap();
        assert_eq!(asked, Message::Request { method: "ab".into() });
    }

    #[test]
    fn what_is_no_message() {
        for (text, why) in [
            ("", NotAMessage::Json),
            ("{", NotAMessage::Json),
            ("{}", NotAMessage::Empty),
            ("null", NotAMessage::NotAnObject),
            ("\"x\"", NotAMessage::NotAnObject),
            ("}", NotAMessage::Json),
            ("HTTP/1.1 400 Bad Request", NotAMessage::Json),
            (r#"{"id":1,"result":1}x"#, NotAMessage::Json),
            (r#"{"id":1,"result":1,}"#, NotAMessage::Json),
            (r#"{"jsonrpc":"2.0",}"#, NotAMessage::Json),
            (r#"{"jsonrpc":"2.0","#, NotAMessage::Json),
            (r#"{"jsonrpc":"2.0"}"#, NotAMessage::Empty),
            (r#"{"id":1 "result":1}"#, NotAMessage::Json),
            (r#"{"id":1,"result":}"#, NotAMessage::Json),
            (r#"{"id":1,"result":"1}"#, NotAMessage::Json),
            (r#"{"id":1,"result":1,"result":1}"#, NotAMessage::Twice),
            (r#"{"id":1,"error":null}"#, NotAMessage::Empty),
            (r#"{"method":5}"#, NotAMessage::Json),
        ] {
            assert_eq!(Message::parse(text.as_bytes()), Err(why), "{text}");
        }
        assert_eq!(Message::parse(b"{\"id\":1,\"result\":\"\xff\"}"), Err(NotAMessage::Utf8));
    }
}
