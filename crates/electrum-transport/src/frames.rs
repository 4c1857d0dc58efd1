//! Reads and writes the frames of a WebSocket (RFC 6455) as a client. tungstenite parses and formats their headers; its
//! own `WebSocket` is not used, since it copies payloads several times. Here they are copied once.

use std::array;
use std::io::Cursor;
use std::str::{self, Utf8Error};

use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tungstenite::{Error, Utf8Bytes};

use crate::buffer::Buffer;

/// The maximum length of the payload of a control frame (section 5.5).
const CONTROL_LIMIT: u64 = 125;

/// Reads the frames of a server.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The maximum length of a message.
    pub(crate) limit: usize,
    /// A message whose last frame has not come yet.
    unfinished: Option<Message>,
}

#[derive(Debug)]
struct Message {
    is_text: bool,
    content: Vec<u8>,
    /// How many bytes of a text message are known to be UTF-8.
    checked: usize,
}

/// The header of a frame, its payload, and the offset of its end.
type Frame<'a> = (FrameHeader, &'a [u8], usize);

impl Reader {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, unfinished: None }
    }

    /// Reads all complete frames from `bytes`. Adds messages as lines to `lines` and replies to control frames to
    /// `replies`, also for the frames before an error. Returns the server's close frame if there is one.
    pub(crate) fn read(
        &mut self,
        bytes: &mut Buffer,
        lines: &mut Buffer,
        replies: &mut Buffer,
    ) -> Result<Option<CloseFrame>, Error> {
        while let Some((header, payload, end)) = self.frame(bytes.as_slice())? {
            match header.opcode {
                OpCode::Data(kind) => self.data(kind, header.is_final, payload, lines)?,
                OpCode::Control(Control::Close) => return close(payload, replies).map(Some),
                OpCode::Control(Control::Ping) => write(OpCode::Control(Control::Pong), payload, replies),
                OpCode::Control(_) => {}
            }
            bytes.consume(end);
        }
        Ok(None)
    }

    /// Returns the frame at the front, if it is complete.
    fn frame<'a>(&self, bytes: &'a [u8]) -> Result<Option<Frame<'a>>, Error> {
        let mut cursor = Cursor::new(bytes);
        let Some((header, length)) = FrameHeader::parse(&mut cursor)? else { return Ok(None) };
        self.check(&header, length)?;
        // Cannot truncate: both are within the limit.
        let start = cursor.position() as usize;
        let end = start.saturating_add(length as usize);
        Ok(bytes.get(start..end).map(|payload| (header, payload, end)))
    }

    /// Checks a frame by its header, before its payload has come.
    fn check(&self, header: &FrameHeader, length: u64) -> Result<(), Error> {
        let is_control = matches!(header.opcode, OpCode::Control(_));
        let before = self.unfinished.as_ref().filter(|_| !is_control).map_or(0, |message| message.content.len());
        if length > self.limit.saturating_sub(before) as u64 {
            let size = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(before);
            return Err(Error::Capacity(CapacityError::MessageTooLong { size, max_size: self.limit }));
        }
        Err(Error::Protocol(match header.opcode {
            _ if header.rsv1 || header.rsv2 || header.rsv3 => ProtocolError::NonZeroReservedBits,
            _ if header.mask.is_some() => ProtocolError::MaskedFrameFromServer,
            OpCode::Control(_) if !header.is_final => ProtocolError::FragmentedControlFrame,
            OpCode::Control(_) if length > CONTROL_LIMIT => ProtocolError::ControlFrameTooBig,
            OpCode::Data(Data::Continue) if self.unfinished.is_none() => ProtocolError::UnexpectedContinueFrame,
            OpCode::Data(kind @ (Data::Text | Data::Binary)) if self.unfinished.is_some() => {
                ProtocolError::ExpectedFragment(kind)
            }
            _ => return Ok(()),
        }))
    }

    fn data(&mut self, kind: Data, is_final: bool, payload: &[u8], lines: &mut Buffer) -> Result<(), Utf8Error> {
        let is_text = kind == Data::Text;
        if is_final && self.unfinished.is_none() {
            // Nearly all text is ASCII, for which the check is faster.
            if is_text && !payload.is_ascii() {
                str::from_utf8(payload)?;
            }
            push_line(lines, payload);
            return Ok(());
        }
        let first = || Message { is_text, content: Vec::new(), checked: 0 };
        let message = self.unfinished.get_or_insert_with(first);
        message.content.extend_from_slice(payload);
        message.check(is_final)?;
        if let Some(message) = self.unfinished.take_if(|_| is_final) {
            push_line(lines, &message.content);
        }
        Ok(())
    }
}

impl Message {
    fn check(&mut self, is_whole: bool) -> Result<(), Utf8Error> {
        if self.is_text {
            match str::from_utf8(&self.content[self.checked..]) {
                Ok(text) => self.checked += text.len(),
                // The rest of this character may come in the next frame.
                Err(error) if error.error_len().is_none() && !is_whole => self.checked += error.valid_up_to(),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Appends a message with a newline. A message that contains newlines becomes several lines.
fn push_line(lines: &mut Buffer, message: &[u8]) {
    if !message.is_empty() {
        let bytes = lines.writer();
        bytes.extend_from_slice(message);
        if !message.ends_with(b"\n") {
            bytes.push(b'\n');
        }
    }
}

/// Replies to a close frame with the same code.
fn close(payload: &[u8], replies: &mut Buffer) -> Result<CloseFrame, Error> {
    let (code, reason) = match payload {
        [] => (CloseCode::Status, &[][..]),
        [high, low, reason @ ..] => match CloseCode::from(u16::from_be_bytes([*high, *low])) {
            code if code.is_allowed() => (code, reason),
            _ => return Err(Error::Protocol(ProtocolError::InvalidCloseSequence)),
        },
        _ => return Err(Error::Protocol(ProtocolError::InvalidCloseSequence)),
    };
    let reason = Utf8Bytes::from(str::from_utf8(reason)?);
    write(OpCode::Control(Control::Close), &payload[..payload.len().min(2)], replies);
    Ok(CloseFrame { code, reason })
}

/// Appends a frame, masked as a client must.
pub(crate) fn write(opcode: OpCode, payload: &[u8], to: &mut Buffer) {
    let mask = rand::random();
    let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
    let bytes = to.writer();
    // Writing to memory cannot fail.
    let _ = header.format(payload.len() as u64, bytes);
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    apply_mask(&mut bytes[start..], mask);
}

/// Masks a payload (section 5.3). Whole blocks of a fixed length go first, for which the compiler uses vector
/// instructions.
fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    let wide: [u8; 16] = array::from_fn(|i| mask[i % mask.len()]);
    let mut blocks = payload.chunks_exact_mut(wide.len());
    for block in &mut blocks {
        block.iter_mut().zip(wide).for_each(|(byte, mask)| *byte ^= mask);
    }
    blocks.into_remainder().iter_mut().zip(wide).for_each(|(byte, mask)| *byte ^= mask);
}
