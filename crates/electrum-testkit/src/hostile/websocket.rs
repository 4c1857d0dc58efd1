//! Servers that are hostile in how they open a WebSocket, in its frames, and in how they end it.

use super::entry::{CLOSED, Entry, Expect, RIGHT, SILENT, TOO_LONG, Timeout, after_handshake, entry, once, right};
use crate::frames::{BINARY, CLOSE, END, MORE, PING, PONG, TEXT, TEXT_BEGIN, close, frame, head};
use crate::scripted::Step;

const MEBIBYTE: u64 = 1 << 20;

pub(super) const ALL: &[Entry] = &[
    // Opening it.
    never("answers_http_403", "answers the request for a WebSocket with 403", "HTTP/1.1 403 Forbidden", || {
        http("HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nGo away")
    }),
    never("answers_http_200", "answers with a page without an end", "HTTP/1.1 200 OK", || {
        let begin = Step::send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
        vec![Step::Request, begin, Step::Flood(b"<p>Welcome!</p>\n".repeat(4096))]
    }),
    never("redirects", "sends the client to another address", "HTTP/1.1 301 Moved Permanently", || {
        http("HTTP/1.1 301 Moved Permanently\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    }),
    never("wrong_accept", "accepts the WebSocket of another client", "Sec-WebSocket-Accept", || {
        http(&format!("{SWITCHING}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"))
    }),
    never("accepts_nothing", "switches protocols without saying to which", "Upgrade: websocket", || {
        http("HTTP/1.1 101 Switching Protocols\r\n\r\n")
    }),
    never("endless_http_header", "answers with an HTTP header without an end", "too long", || {
        vec![Step::Request, Step::send(SWITCHING), Step::send("X-Words: "), Step::Flood(vec![b'x'; 65_536])]
    }),
    never("endless_http_headers", "answers with HTTP headers without an end", "too long", || {
        vec![Step::Request, Step::send(SWITCHING), Step::Flood(b"X-Word: x\r\n".repeat(6000))]
    }),
    never("no_http", "speaks in lines on the port for WebSockets", "does not speak WebSocket", || {
        http("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"parse error\"}}\n")
    }),
    Entry {
        expect: Expect::NeverReady("timeout", "did not open in time"),
        short: &[Timeout::Connect],
        ..never("opens_no_websocket", "never answers the request for a WebSocket", "", || {
            vec![Step::Request, Step::Silence]
        })
    },
    entry("early_frames", "sends frames in the same segment as its answer", Expect::Answer, || {
        let notification = b"{\"method\":\"blockchain.headers.subscribe\"}";
        let mut steps = vec![Step::Upgrade([frame(PING, b"now"), frame(TEXT, notification)].concat())];
        steps.push(Step::Frame(PONG, b"now".to_vec()));
        steps.extend(once([right()]));
        steps
    }),
    // Frames that break the rules.
    broken("masked_frame", "masks its frames", "masked frame from server", || {
        // A mask of zeros changes nothing.
        send([&[TEXT, 0x80 | 2, 0, 0, 0, 0][..], b"{}"].concat())
    }),
    broken("compressed_frame", "compresses, which was not agreed on", "Reserved bits", || {
        send(frame(TEXT | 0x40, b"x"))
    }),
    broken("reserved_bits", "sets bits without a meaning", "Reserved bits", || send(frame(TEXT | 0x30, b"{}"))),
    broken("unknown_frame", "sends a frame of a kind that does not exist", "invalid opcode: 3", || {
        send(frame(0x83, b"{}"))
    }),
    broken(
        "unknown_control_frame",
        "sends a control frame of a kind that does not exist",
        "invalid opcode: 11",
        || send(frame(0x8b, b"")),
    ),
    broken("ping_in_pieces", "begins a ping and does not end it", "Fragmented control frame", || {
        send(frame(PING & 0x0f, b"x"))
    }),
    broken("long_ping", "pings with 126 bytes", "Control frame too big", || send(frame(PING, &[b'x'; 126]))),
    broken("piece_of_nothing", "goes on with a message that it did not begin", "nothing to continue", || {
        send(frame(END, b"{}"))
    }),
    broken("message_in_a_message", "begins a message inside of another", "more fragments", || {
        send([frame(TEXT_BEGIN, b"{"), frame(TEXT, b"{}")].concat())
    }),
    broken("text_that_is_none", "sends a text message that is no UTF-8", "utf-8", || {
        send(frame(TEXT, b"\"\xff\xfe\""))
    }),
    broken("half_a_close_code", "closes with half a code", "close sequence", || send(frame(CLOSE, &[3]))),
    // Lengths.
    entry("frame_of_2_63_bytes", "announces a frame of 2^63 bytes", TOO_LONG, || send(head(TEXT, 1 << 63))),
    entry("frame_of_all_bytes", "announces a frame of 2^64 - 1 bytes", TOO_LONG, || send(head(TEXT, u64::MAX))),
    entry("message_over_the_limit", "announces a message one byte over 16 MiB", TOO_LONG, || {
        send(head(TEXT, 16 * MEBIBYTE + 1))
    }),
    entry("endless_message", "answers with a message without an end", TOO_LONG, || {
        open(once([Step::send(frame(TEXT_BEGIN, b"\"")), Step::Flood(frame(MORE, &[b'x'; 65_536]))]))
    }),
    Entry {
        short: &[Timeout::Silence],
        ..entry("endless_empty_frames", "answers with empty frames without an end", SILENT, || {
            open(once([Step::send(frame(TEXT_BEGIN, b"")), Step::Flood(frame(MORE, b"").repeat(1000))]))
        })
    },
    broken("pings_without_reading", "pings without an end, and reads no answer", "pings", || {
        open(once([Step::Flood(frame(PING, &[b'x'; 125]).repeat(500))]))
    }),
    // Odd, and right.
    entry("control_frames_in_between", "pings and pongs in the middle of its answer", Expect::Answer, || {
        let (begin, end) = RIGHT.split_at(RIGHT.len() / 2);
        let control = [frame(PING, b"there?"), frame(PONG, b"unasked"), frame(MORE, b"")].concat();
        open(once([
            Step::SendFrame(TEXT_BEGIN, begin.to_owned()),
            Step::send(control),
            Step::Frame(PONG, b"there?".to_vec()),
            Step::SendFrame(END, end.to_owned()),
        ]))
    }),
    entry("frames_of_letters", "cuts its answer into frames of a letter or a few", Expect::Answer, || {
        let letters = RIGHT.split_inclusive(|c: char| !"$id result".contains(c));
        let pieces = letters.map(|letters| Step::SendFrame(MORE, letters.to_owned()));
        let begin = Step::SendFrame(TEXT_BEGIN, String::new());
        open(once([begin].into_iter().chain(pieces).chain([Step::SendFrame(END, String::new())])))
    }),
    entry("binary_answer", "answers with a binary message", Expect::Answer, || {
        open(once([Step::SendFrame(BINARY, RIGHT.to_owned())]))
    }),
    entry("lines_in_a_message", "puts empty lines and its answer in one message", Expect::Answer, || {
        open(once([Step::send(frame(TEXT, b"")), Step::SendFrame(TEXT, format!("\r\n\n{RIGHT}\r\n\n"))]))
    }),
    // Ends.
    entry("closes_in_order", "closes with the code 1000 instead of an answer", CLOSED, || ends(close(1000, "bye"))),
    entry("closes_without_a_code", "closes without a code", CLOSED, || ends(frame(CLOSE, b""))),
    entry("closes_for_a_reason", "closes with the code 1008 and a reason", REASON, || {
        ends(close(1008, "too many requests"))
    }),
    entry("closes_for_a_fault", "closes each connection with the code 1011 as soon as it has agreed", FAULT, || {
        open(after_handshake([Step::send(close(1011, "")), Step::Silence]))
    }),
    entry("speaks_after_the_end", "closes and gives a wrong answer then", CLOSED, || {
        let lie = r#"{"jsonrpc":"2.0","id":$id,"result":{"confirmed":1,"unconfirmed":0}}"#;
        open(once([Step::send(close(1000, "")), Step::SendFrame(TEXT, lie.to_owned()), Step::Silence]))
    }),
    entry("cut_frame", "ends the connection in the middle of a frame", CLOSED, || {
        open(once([Step::send([&[TEXT, 100][..], b"{\"id\":"].concat()), Step::Close]))
    }),
];

/// How an answer begins that opens a WebSocket, but for the proof that it is one to this request.
const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

const REASON: Expect = Expect::Dropped("reset", "code 1008 and says \"too many requests\"");
const FAULT: Expect = Expect::KeepsLosing("reset", "closed the WebSocket with code 1011");

/// One that opens no WebSocket.
const fn never(name: &'static str, does: &'static str, words: &'static str, script: fn() -> Vec<Step>) -> Entry {
    entry(name, does, Expect::NeverReady("connect", words), script)
}

/// One that breaks the rules of frames.
const fn broken(name: &'static str, does: &'static str, words: &'static str, script: fn() -> Vec<Step>) -> Entry {
    entry(name, does, Expect::Dropped("malformed", words), script)
}

/// Answers the request for a WebSocket with this.
fn http(answer: &str) -> Vec<Step> {
    vec![Step::Request, Step::send(answer), Step::Silence]
}

/// Opens the WebSocket first.
fn open(steps: Vec<Step>) -> Vec<Step> {
    [Step::Upgrade(Vec::new())].into_iter().chain(steps).collect()
}

/// Sends these frames when it is asked, and then the right answer.
fn send(frames: Vec<u8>) -> Vec<Step> {
    open(once([Step::send(frames), right()]))
}

/// Closes when it is asked, and waits for the client to leave.
fn ends(close: Vec<u8>) -> Vec<Step> {
    open(once([Step::send(close), Step::Silence]))
}
