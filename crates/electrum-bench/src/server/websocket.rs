//! The server's side of a WebSocket, by tungstenite: a message is the content of a line.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, Utf8Bytes, WebSocket};

const READ_BUFFER: usize = 8 * 1024;

/// An open WebSocket, whose bytes the caller reads and writes: what came in one read is answered in one write.
pub(super) struct Messages(WebSocket<Memory>);

/// What tungstenite reads from and writes to.
#[derive(Debug, Default)]
struct Memory {
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

impl Messages {
    /// Whether the client begins with HTTP. Waits for its first byte.
    pub(super) fn are_wanted(stream: &TcpStream) -> io::Result<bool> {
        let mut first = [0];
        Ok(stream.peek(&mut first)? == 1 && first == *b"G")
    }

    /// Answers the client's HTTP request, after which it sends nothing before it has the answer.
    pub(super) fn accept(stream: &TcpStream) -> io::Result<Self> {
        tungstenite::accept(stream.try_clone()?).map_err(io::Error::other)?;
        // The rest of the buffer is zeroed with each read.
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        Ok(Self(WebSocket::from_raw_socket(Memory::default(), Role::Server, Some(config))))
    }

    /// Takes bytes that were read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.get_mut().incoming.extend(bytes);
    }

    /// The next whole message.
    pub(super) fn next(&mut self) -> io::Result<Option<Utf8Bytes>> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Ok(Some(text)),
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    /// Sends a message.
    pub(super) fn send(&mut self, text: &[u8]) -> io::Result<()> {
        let text = std::str::from_utf8(text).map_err(io::Error::other)?;
        self.0.write(Message::text(text)).map_err(io::Error::other)
    }

    /// The bytes to write, to be emptied by the caller.
    pub(super) fn outgoing(&mut self) -> io::Result<&mut Vec<u8>> {
        self.0.flush().map_err(io::Error::other)?;
        Ok(&mut self.0.get_mut().outgoing)
    }
}

impl Read for Memory {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.incoming.read(into)? {
            // More will come: the end is seen where bytes are read.
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
