//! The bytes of one open connection: reads messages and writes requests.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;
use core::time::Duration;
use memchr::memchr;

use super::phase::Phase;
use crate::authorization::Authorization;
use crate::config::Config;
use crate::encoded::EncodedRequest;
use crate::error::DownCause;
use crate::event::{CloseCause, ConnId, Event, RequestId, Unknown};
use crate::json::scan::{skip_space, skip_value};
use crate::json::{NotAMessage, Params, RawJson};
use crate::reply::Reply;
use crate::time::Timestamp;
use crate::version::ProtocolVersion;
use crate::wire::framing::{Inbox, Outbox, Overflow, Urgency};

/// The minimum time between padded writes that are not full: requests wait so long for others.
const PACKET_WAIT: Duration = Duration::from_secs(1);
/// The time within which replies that answer no request are counted.
const UNKNOWN_REPLIES_PER: Duration = Duration::from_secs(60);

/// The state that every open connection has, in each stage.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) conn: ConnId,
    pub(super) outbox: Outbox,
    /// When the last padded write began.
    last_packet: Timestamp,
    /// The authorization that each request carries.
    pub(super) authorization: Option<Authorization>,
    inbox: Inbox,
    /// An array that came as one line and is read one element at a time.
    array: Option<Array>,
    /// Why the connection ended, if the driver reported its end. Bytes received before are read first.
    closed: Option<CloseCause>,
    overflow: Option<Overflow>,
    /// When a request, or a padded write of requests, was last sent.
    pub(super) last_sent: Timestamp,
    /// The value of `last_sent` before the last padded write.
    sent_before: Timestamp,
    /// When a complete line was last read.
    pub(super) last_line: Timestamp,
    /// How many bytes were received of an incomplete message, or written of requests that are not all written yet.
    pub(super) progress: usize,
    /// Whether a line came that was padded in the way of ElectrumX 1.18 to 2.0.
    pub(super) is_padded: bool,
    /// How many bytes of a line were received that is over the limit.
    pub(super) overlong: Option<usize>,
    /// The id of the request that was appended last.
    last_id: u64,
    /// The value of `last_id` when the first byte of the last line was received: the line answers no later request.
    asked_before: u64,
    /// How many replies answered no request, and since when they are counted.
    unknown_replies: (usize, Timestamp),
}

/// An array of messages, and how far it was read.
#[derive(Clone, Debug)]
struct Array {
    text: String,
    next: usize,
}

/// The result of reading a message.
#[derive(Debug)]
pub(super) enum Received {
    /// There was no complete message.
    Nothing,
    /// A message was read and handled; its events are in the queue.
    Message,
    /// A message was read that is returned as an event about a text in the buffer.
    Text(TextEvent, Piece),
}

/// The event to make of a text.
#[derive(Clone, Copy, Debug)]
pub(super) enum TextEvent {
    Reply(RequestId, ProtocolVersion),
    UnknownReply,
    UnknownNotification,
    UnknownRequest,
}

/// The location of a text from the server: the buffer and the range in it.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Line(Range<usize>),
    LongLine(Range<usize>),
    Element(Range<usize>),
}

impl Stream {
    pub(super) fn new(conn: ConnId, now: Timestamp, authorization: Option<Authorization>, config: &Config) -> Self {
        Self {
            conn,
            outbox: if config.padding { Outbox::padded() } else { Outbox::default() },
            last_packet: now,
            authorization,
            inbox: Inbox::default(),
            array: None,
            closed: None,
            overflow: None,
            last_sent: now,
            sent_before: now,
            last_line: now,
            progress: 0,
            is_padded: false,
            overlong: None,
            last_id: 0,
            asked_before: 0,
            unknown_replies: (0, now),
        }
    }

    /// Stores bytes that were read, unless the connection has ended.
    pub(super) fn read(&mut self, bytes: &[u8], limit: usize) {
        if self.closed.is_none() && self.overflow.is_none() {
            if self.inbox.is_between_lines() || memchr(b'\n', bytes).is_some() {
                self.asked_before = self.last_id;
            }
            self.overflow = self.inbox.push(bytes, limit).err();
            self.progress = self.progress.saturating_add(bytes.len());
        }
    }

    pub(super) fn wrote(&mut self, count: usize) {
        self.outbox.wrote(count);
        if !self.outbox.bytes().is_empty() {
            self.progress = self.progress.saturating_add(count);
        }
    }

    /// Returns when the next padded write begins, if requests wait for it.
    pub(super) fn packet_at(&self) -> Option<Timestamp> {
        Some(match self.outbox.waits_for_packet()? {
            Urgency::Now => self.last_packet,
            Urgency::Later => self.last_packet + PACKET_WAIT,
        })
    }

    /// Begins the next padded write if it is due.
    pub(super) fn fill_packet(&mut self, now: Timestamp) {
        if self.packet_at().is_some_and(|at| at <= now) {
            trace!(kind = ?super::timers::TimerKind::Padding, %now, "timer");
            self.outbox.fill_packet();
            self.last_packet = now;
            self.sent_before = mem::replace(&mut self.last_sent, now);
        }
    }

    /// Withdraws requests as [`Outbox::withdraw`] does. If a padded write is dropped with them, it counts as not sent.
    pub(super) fn withdraw(&mut self, begins: Vec<u64>) -> Vec<(u64, u64)> {
        let is_under_way = self.outbox.is_padded() && !self.outbox.bytes().is_empty();
        let withdrawn = self.outbox.withdraw(begins);
        if is_under_way && self.outbox.bytes().is_empty() {
            self.last_sent = self.sent_before;
        }
        withdrawn
    }

    pub(super) fn close(&mut self, cause: CloseCause) {
        self.closed.get_or_insert(cause);
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Appends a request to the outgoing bytes, and returns its offset in the stream.
    pub(super) fn write(&mut self, now: Timestamp, id: u64, method: &str, params: impl FnOnce(&mut Params<'_>)) -> u64 {
        self.write_line(now, id, |out| {
            let begin = out.len();
            Params::append_call(out, method, params);
            log_sent(id, method.as_bytes(), &out[begin..]);
        })
    }

    /// Appends a request that was encoded before.
    pub(super) fn write_encoded(&mut self, now: Timestamp, id: u64, request: EncodedRequest<'_>) -> u64 {
        self.write_line(now, id, |out| {
            out.extend_from_slice(request.call());
            log_sent(id, request.method_bytes(), request.call());
        })
    }

    #[inline]
    fn write_line(&mut self, now: Timestamp, id: u64, call: impl FnOnce(&mut Vec<u8>)) -> u64 {
        self.last_id = id;
        // With padding the request is sent later, or never.
        if !self.outbox.is_padded() {
            self.last_sent = now;
        }
        let authorization = self.authorization.as_ref();
        self.outbox.push(|out| {
            out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
            Params::append_digits(out, id);
            call(out);
            if let Some(authorization) = authorization {
                out.extend_from_slice(br#","authorization":"#);
                Params::append_str(out, authorization.expose());
            }
            out.push(b'}');
        })
    }

    /// Reads the next message, if a complete one was received: a line, or an element of a line that is an array.
    #[inline]
    pub(super) fn next_message(
        &mut self,
        now: Timestamp,
        limit: usize,
        during: Phase,
    ) -> Result<Option<Piece>, DownCause> {
        loop {
            if let Some(array) = &mut self.array {
                match array.next_element() {
                    Ok(Some(element)) => return Ok(Some(Piece::Element(element))),
                    Ok(None) => self.array = None,
                    Err(NotAnArray) => return Err(malformed(during, "an array is no JSON", b"")),
                }
            }
            let line = match self.inbox.next_line(limit) {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(None),
                Err(found) => return Err(self.overflowed(found, during)),
            };
            (self.progress, self.last_line) = (0, now);
            let text = self.inbox.text(line.clone());
            self.is_padded |= ends_padded(text.as_bytes());
            let start = skip_space(text.as_bytes(), 0);
            match text.as_bytes().get(start) {
                None => {}
                Some(b'[') => self.array = Some(Array { next: start + 1, text: text.into() }),
                Some(_) => {
                    let is_long = self.inbox.detach(&line);
                    return Ok(Some(if is_long { Piece::LongLine(line) } else { Piece::Line(line) }));
                }
            }
        }
    }

    /// Returns the text of a piece, which is valid until more bytes are read.
    #[inline]
    pub(super) fn text(&self, piece: &Piece) -> &str {
        match piece {
            Piece::Line(range) => self.inbox.text(range.clone()),
            Piece::LongLine(range) => {
                self.inbox.detached().and_then(|text| text.get(range.clone())).unwrap_or_default()
            }
            Piece::Element(range) => {
                self.array.as_ref().and_then(|array| array.text.get(range.clone())).unwrap_or_default()
            }
        }
    }

    /// Returns the buffer that contains the text of a piece, if the buffer can be shared.
    #[inline]
    fn buffer(&self, piece: &Piece) -> Option<&Arc<String>> {
        match piece {
            Piece::LongLine(_) => self.inbox.detached(),
            Piece::Line(_) | Piece::Element(_) => None,
        }
    }

    /// Makes the event about a piece.
    #[inline]
    pub(super) fn event(&self, event: TextEvent, piece: &Piece) -> Event<'_> {
        let text = RawJson::new(self.text(piece));
        match event {
            TextEvent::Reply(id, version) => {
                Event::Reply { id, result: Ok(Reply::within(version, text, self.buffer(piece))) }
            }
            TextEvent::UnknownReply => Event::Unknown(Unknown::Reply(text)),
            TextEvent::UnknownNotification => Event::Unknown(Unknown::Notification(text)),
            TextEvent::UnknownRequest => Event::Unknown(Unknown::Request(text)),
        }
    }

    /// Counts a reply that answers no request. Returns an error if the server sends too many of them within a minute.
    pub(super) fn count_unknown_reply(
        &mut self,
        piece: &Piece,
        now: Timestamp,
        limit: usize,
        during: Phase,
    ) -> Result<(), DownCause> {
        let (count, since) = self.unknown_replies;
        let is_over = now.since(since) >= UNKNOWN_REPLIES_PER;
        self.unknown_replies = if is_over { (1, now) } else { (count + 1, since) };
        if self.unknown_replies.0 > limit {
            let text = self.text(piece).as_bytes();
            return Err(malformed(during, "too many replies that answer no request", text));
        }
        Ok(())
    }

    /// Whether the reply that is over the limit may answer the request with this id.
    pub(super) const fn may_have_asked(&self, id: u64) -> bool {
        id <= self.asked_before
    }

    /// Returns the id of the reply that is over the limit, if there is one and its id comes before its result.
    pub(super) fn overlong_reply(&self) -> Option<u64> {
        let head: String = self.inbox.unread().chars().take(200).filter(|c| !c.is_whitespace()).collect();
        let head = head.split("\"result\"").next()?;
        let (_, id) = head.split_once("\"id\":")?;
        id.split(',').next()?.parse().ok()
    }

    /// Returns why the connection ended, if the driver reported its end or a buffer overflowed.
    pub(super) fn end(&mut self, during: Phase) -> Option<DownCause> {
        if let Some(found) = self.overflow.take() {
            return Some(self.overflowed(found, during));
        }
        Some(match self.closed.clone()? {
            CloseCause::End => DownCause::Closed { during },
            CloseCause::Failed(message) | CloseCause::Layer { message, .. } => DownCause::Reset { during, message },
            CloseCause::Left(why) => DownCause::Left { why },
            CloseCause::TooLong { bytes } => {
                let cause = self.overflowed(Overflow::Line, during);
                (self.overlong, self.asked_before) = (Some(bytes), self.last_id);
                cause
            }
            CloseCause::Malformed(what) => malformed(during, &what, b""),
        })
    }

    /// Releases the memory of a peak, now that there is nothing more to read.
    pub(super) fn shrink(&mut self) {
        self.inbox.shrink();
    }

    fn overflowed(&mut self, overflow: Overflow, during: Phase) -> DownCause {
        self.overlong = (overflow == Overflow::Line).then(|| self.inbox.line_len());
        match overflow {
            Overflow::Undrained => DownCause::Undrained,
            Overflow::Line => {
                DownCause::Malformed { during, what: "a line is longer than it may be".into(), excerpt: String::new() }
            }
            Overflow::NotText => malformed(during, &NotAMessage::Utf8.to_string(), &self.inbox.odd_line()),
        }
    }
}

impl Piece {
    /// Returns the length in bytes.
    pub(super) fn len(&self) -> usize {
        let (Self::Line(range) | Self::LongLine(range) | Self::Element(range)) = self;
        range.len()
    }

    /// Returns the piece of `part`, which is a part of `whole`, the text of this piece.
    pub(super) fn part(&self, whole: &str, part: RawJson<'_>) -> Self {
        let offset = (part.as_str().as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        let within = |range: &Range<usize>| {
            let start = range.start.wrapping_add(offset);
            start..start.wrapping_add(part.as_str().len())
        };
        match self {
            Self::Line(range) => Self::Line(within(range)),
            Self::LongLine(range) => Self::LongLine(within(range)),
            Self::Element(range) => Self::Element(within(range)),
        }
    }
}

/// The error of an array with wrong brackets or commas.
struct NotAnArray;

impl Array {
    /// Returns the next element, or `None` after the last one.
    fn next_element(&mut self) -> Result<Option<Range<usize>>, NotAnArray> {
        let text = self.text.as_bytes();
        let start = skip_space(text, self.next);
        if text.get(start) == Some(&b']') && skip_space(text, start + 1) == text.len() {
            return Ok(None);
        }
        let end = skip_value(text, start).map_err(|_| NotAnArray)?;
        let behind = skip_space(text, end);
        self.next = match text.get(behind) {
            Some(b',') if text.get(skip_space(text, behind + 1)) != Some(&b']') => behind + 1,
            Some(b']') => behind,
            _ => return Err(NotAnArray),
        };
        Ok(Some(start..end))
    }
}

/// Logs a request. `call` has its method and its parameters as JSON.
#[inline]
#[cfg_attr(not(feature = "tracing"), allow(unused_variables, reason = "only the feature `tracing` logs"))]
fn log_sent(id: u64, method: &[u8], call: &[u8]) {
    #[cfg(feature = "tracing")]
    {
        // The method before it cannot contain this text, since its quotes are escaped.
        const KEY: &[u8] = br#","params":"#;
        let method = core::str::from_utf8(method).unwrap_or_default();
        let params = memchr::memmem::find(call, KEY).map_or(call, |at| &call[at + KEY.len()..]);
        trace!(target: "electrum_proto::wire", id, method, params = %crate::trace::excerpt(params), "sent");
    }
}

/// Whether a line has spaces before its last bracket.
fn ends_padded(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.strip_suffix(b"}").or_else(|| line.strip_suffix(b"]")).is_some_and(|line| line.ends_with(b"    "))
}

pub(super) fn malformed(during: Phase, what: &str, text: &[u8]) -> DownCause {
    DownCause::Malformed { during, what: what.into(), excerpt: excerpt(text) }
}

/// Returns the beginning of a text from a server, for people to read.
pub(super) fn excerpt(text: &[u8]) -> String {
    const SHOWN: usize = 120;
    let mut shown: String = String::from_utf8_lossy(&text[..text.len().min(SHOWN)]).trim_end().into();
    if text.len() > SHOWN {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn an_excerpt_shows_the_beginning_and_whether_there_is_more() {
        assert_eq!(excerpt(b"HTTP/1.1 400 Bad Request\r\n"), "HTTP/1.1 400 Bad Request");
        let long = "x".repeat(121);
        assert_eq!(excerpt(&long.as_bytes()[..120]), long[..120]);
        assert_eq!(excerpt(long.as_bytes()), format!("{}…", &long[..120]));
    }
}
