//! The server's side of a WebSocket: a message is the content of a line. tungstenite opens it and knows the headers of frames.

use std::array;
use std::io::{self, Cursor};
use std::net::TcpStream;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

const TEXT: OpCode = OpCode::Data(Data::Text);

/// Whether the client begins with HTTP. Waits for its first byte.
pub(super) fn is_wanted(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first)? == 1 && first == *b"G")
}

/// Answers the client's HTTP request, after which it sends nothing before it has the answer.
pub(super) fn accept(stream: &TcpStream) -> io::Result<()> {
    tungstenite::accept(stream.try_clone()?).map(drop).map_err(io::Error::other)
}

/// The first message, with its mask taken off, and how long its frame is; if it is whole. No client of the benchmark sends
/// messages in pieces.
pub(super) fn message(bytes: &mut [u8]) -> io::Result<Option<(&[u8], usize)>> {
    let mut cursor = Cursor::new(&*bytes);
    let Some((header, length)) = FrameHeader::parse(&mut cursor).map_err(io::Error::other)? else { return Ok(None) };
    let start = cursor.position() as usize;
    let end = start + length as usize;
    let Some(message) = bytes.get_mut(start..end) else { return Ok(None) };
    let Some(mask) = header.mask.filter(|_| header.opcode == TEXT && header.is_final) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a client's message"));
    };
    // Blocks of a fixed length first, which the compiler unmasks as a whole.
    let wide: [u8; 16] = array::from_fn(|i| mask[i % mask.len()]);
    let mut blocks = message.chunks_exact_mut(wide.len());
    for block in &mut blocks {
        block.iter_mut().zip(wide).for_each(|(byte, mask)| *byte ^= mask);
    }
    blocks.into_remainder().iter_mut().zip(wide).for_each(|(byte, mask)| *byte ^= mask);
    Ok(Some((message, end)))
}

/// Appends a message.
pub(super) fn push_message(text: &[u8], to: &mut Vec<u8>) -> io::Result<()> {
    let header = FrameHeader { opcode: TEXT, ..FrameHeader::default() };
    header.format(text.len() as u64, to).map_err(io::Error::other)?;
    to.extend_from_slice(text);
    Ok(())
}
