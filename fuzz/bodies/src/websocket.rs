//! A server's bytes on a WebSocket: the same lines come of them, whole or in pieces, as a reading by the letter of
//! RFC 6455 finds.

use electrum_transport::{Known, LayerStack, Route};
use tungstenite::handshake::derive_accept_key;

/// What is not looked at: so many pings in a row end a stack by the amount of answers.
const LONGEST: usize = 16 * 1024;

/// The first byte says how the connection begins: with a right answer to the request (even), or with the bytes as they are.
/// Then the size of pieces, the limit of messages, and the server's bytes.
pub fn websocket(data: &[u8]) {
    let [begin, piece, limit, bytes @ ..] = data else { return };
    if bytes.len() > LONGEST {
        return;
    }
    let limit = 4 * usize::from(*limit) + 1;
    let is_open = begin % 2 == 0;
    let whole = run(is_open, limit, bytes, bytes.len().max(1));
    let pieces = run(is_open, limit, bytes, usize::from(*piece) + 1);
    assert_eq!(whole, pieces, "whole or in pieces");
    if is_open {
        let expected = Expected::of(bytes, limit);
        assert_eq!(whole.lines, expected.lines, "{whole:?}");
        match expected.end {
            End::None => assert!(whole.is_established, "{whole:?}"),
            End::Fault => assert!(whole.error.is_some(), "{whole:?}"),
            End::Close => assert!(!whole.is_established, "{whole:?}"),
            End::Unfinished => {}
        }
    } else {
        // No input can hold the answer to a random key.
        assert!(!whole.is_established && whole.lines.is_empty(), "{whole:?}");
    }
}

/// What came of a connection.
#[derive(Debug, PartialEq)]
struct Run {
    lines: Vec<u8>,
    error: Option<String>,
    is_established: bool,
    is_ended: bool,
}

fn run(is_open: bool, limit: usize, bytes: &[u8], piece: usize) -> Run {
    let Ok(server) = "ws://electrum.example/path".parse() else { panic!("it is an address") };
    let Ok(mut stack) = Route::direct().open(&server, Known::default()) else { panic!("it can be reached") };
    stack.limit_messages(limit);
    let request = take(&mut stack);
    if is_open {
        let opened = stack.received(&answer(&request));
        assert!(opened.is_ok() && stack.established(), "{opened:?}");
    }
    let (mut lines, mut error) = (Vec::new(), None);
    for piece in bytes.chunks(piece) {
        let result = stack.received(piece);
        lines.extend_from_slice(stack.plaintext());
        stack.consume(stack.plaintext().len());
        assert!(take(&mut stack).len() <= 8 * piece.len() + 256, "more is answered than was sent");
        if let Err(found) = result {
            assert_eq!(stack.received(b"more"), Err(found.clone()), "an error stays");
            assert_eq!(stack.send(b"line\n"), 0);
            error = Some(found.to_string());
            break;
        }
    }
    Run { lines, error, is_established: stack.established(), is_ended: stack.ended() }
}

fn take(stack: &mut LayerStack) -> Vec<u8> {
    let outgoing = stack.outgoing().to_vec();
    stack.wrote(outgoing.len());
    outgoing
}

fn answer(request: &[u8]) -> Vec<u8> {
    let request = String::from_utf8_lossy(request);
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or_default();
    let accept = derive_accept_key(key.as_bytes());
    let headers = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept";
    format!("HTTP/1.1 101 Switching Protocols\r\n{headers}: {accept}\r\n\r\n").into_bytes()
}

/// What must come of the frames, found by reading them one after the other.
#[derive(Debug, Default)]
struct Expected {
    lines: Vec<u8>,
    end: End,
    /// The pieces of a message so far, and whether it is text.
    message: Option<(bool, Vec<u8>)>,
}

#[derive(Debug, Default, PartialEq)]
enum End {
    #[default]
    None,
    /// A frame that must not be.
    Fault,
    /// A close frame.
    Close,
    /// A frame that is not whole and has a fault: it may be judged now or once it is whole.
    Unfinished,
}

impl Expected {
    fn of(mut bytes: &[u8], limit: usize) -> Self {
        let mut expected = Self::default();
        while expected.end == End::None {
            let Some(rest) = expected.frame(bytes, limit) else { break };
            bytes = rest;
        }
        expected
    }

    /// Takes a frame from the front; `None` if none is whole.
    fn frame<'a>(&mut self, bytes: &'a [u8], limit: usize) -> Option<&'a [u8]> {
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        let (length, header) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
            127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
            length => (u64::from(length), 2),
        };
        let (is_last, kind, is_masked) = (first & 0x80 != 0, first & 0x0f, second & 0x80 != 0);
        let header = header + if is_masked { 4 } else { 0 };
        let is_control = kind >= 8;
        let is_fault = first & 0x70 != 0
            || is_masked
            || matches!(kind, 3..=7 | 11..)
            || (is_control && (!is_last || length > 125))
            || (kind == 0 && self.message.is_none())
            || (matches!(kind, 1 | 2) && self.message.is_some());
        let whole = usize::try_from(length).ok().and_then(|length| length.checked_add(header));
        let frame = whole.and_then(|end| bytes.get(..end));
        // A message is judged as a whole, a control frame by itself.
        let before = self.message.as_ref().filter(|_| !is_control).map_or(0, |(_, content)| content.len());
        if length > (limit - before) as u64 {
            self.end = if is_fault || frame.is_none() && bytes.len() < header { End::Unfinished } else { End::Fault };
            return None;
        }
        let Some(frame) = frame else {
            self.end = if is_fault { End::Unfinished } else { End::None };
            return None;
        };
        if is_fault {
            self.end = End::Fault;
            return None;
        }
        match kind {
            8 => self.end = End::Close,
            9 | 10 => {}
            _ => self.data(kind, is_last, &frame[header..]),
        }
        Some(&bytes[frame.len()..])
    }

    fn data(&mut self, kind: u8, is_last: bool, payload: &[u8]) {
        let (is_text, mut content) = self.message.take().unwrap_or((kind == 1, Vec::new()));
        content.extend_from_slice(payload);
        let is_utf8 = match std::str::from_utf8(&content) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none() && !is_last,
        };
        if is_text && !is_utf8 {
            self.end = End::Fault;
        } else if !is_last {
            self.message = Some((is_text, content));
        } else if !content.is_empty() {
            let needs_newline = !content.ends_with(b"\n");
            self.lines.append(&mut content);
            self.lines.extend(needs_newline.then_some(b'\n'));
        }
    }
}
