//! The server's end of a WebSocket: what comes in a message goes to the server as a line, and each line of the server goes to
//! the client as a message, as ElectrumX and Fulcrum have it.
//!
//! The frames are those of `tungstenite`. `Endpoint` does no I/O; `splice` puts it on a socket before a server.

use std::io::{self, Read, Write};

use tungstenite::handshake::server::{NoCallback, ServerHandshake};
use tungstenite::handshake::{HandshakeError, MidHandshake};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::{Error, Message, WebSocket};

use super::layer::Layer;

/// The server's end of one WebSocket, as bytes in and bytes out.
#[derive(Debug)]
pub(super) struct Endpoint {
    stage: Stage,
    /// A line of the server's without its end so far, or what was not sent of it yet.
    line: Vec<u8>,
    /// Whether the beginning of that line was sent.
    has_begun: bool,
}

/// Longer lines are sent in pieces as they come.
const PIECE: usize = 16 * 1024;

type Handshake = MidHandshake<ServerHandshake<Memory, NoCallback>>;

#[derive(Debug)]
enum Stage {
    /// So much of the client's HTTP request came.
    Upgrading(Vec<u8>),
    Open(Box<WebSocket<Memory>>),
    /// What is left to be written.
    Refused(Vec<u8>),
}

impl Default for Endpoint {
    fn default() -> Self {
        Self { stage: Stage::Upgrading(Vec::new()), line: Vec::new(), has_begun: false }
    }
}

impl Layer for Endpoint {
    fn received(&mut self, mut bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        if let Stage::Upgrading(request) = &mut self.stage {
            let Some(end) = end_of_request(request, bytes) else {
                request.extend_from_slice(bytes);
                return Ok(Some(Vec::new()));
            };
            request.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end..];
            self.upgrade()?;
        }
        let Stage::Open(socket) = &mut self.stage else { return Ok(None) };
        socket.get_mut().incoming.extend_from_slice(bytes);
        let mut lines = Vec::new();
        loop {
            match socket.read() {
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                    lines.extend_from_slice(&message.into_data());
                    lines.push(b'\n');
                }
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Some(lines)),
                Err(Error::ConnectionClosed | Error::AlreadyClosed) if lines.is_empty() => return Ok(None),
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Ok(Some(lines)),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    fn send(&mut self, bytes: &[u8]) {
        let Stage::Open(socket) = &mut self.stage else { return };
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            let is_whole = piece.ends_with(b"\n");
            if !is_whole && self.line.len() < PIECE {
                continue;
            }
            let mut content = std::mem::take(&mut self.line);
            if is_whole {
                content.truncate(content.trim_ascii_end().len());
            }
            let kind = if self.has_begun { Data::Continue } else { Data::Text };
            self.has_begun = !is_whole;
            // After the client's close nothing is sent any more.
            let _ = socket.send(Message::Frame(Frame::message(content, OpCode::Data(kind), is_whole)));
        }
    }

    fn close(&mut self) {
        if let Stage::Open(socket) = &mut self.stage {
            let _ = socket.close(Some(CloseFrame { code: CloseCode::Away, reason: "".into() }));
        }
    }

    fn take_outgoing(&mut self) -> Vec<u8> {
        match &mut self.stage {
            Stage::Upgrading(_) => Vec::new(),
            Stage::Open(socket) => std::mem::take(&mut socket.get_mut().outgoing),
            Stage::Refused(answer) => std::mem::take(answer),
        }
    }
}

impl Endpoint {
    /// The whole request is there.
    fn upgrade(&mut self) -> io::Result<()> {
        let Stage::Upgrading(request) = std::mem::replace(&mut self.stage, Stage::Refused(Vec::new())) else {
            return Ok(());
        };
        let memory = Memory { incoming: request, outgoing: Vec::new() };
        let handshake: Handshake = ServerHandshake::start(memory, NoCallback, None);
        match handshake.handshake() {
            Ok(socket) => {
                self.stage = Stage::Open(Box::new(socket));
                Ok(())
            }
            Err(HandshakeError::Failure(error)) => {
                self.stage = Stage::Refused(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec());
                Err(io::Error::other(error))
            }
            Err(HandshakeError::Interrupted(_)) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// Returns where in `bytes` the request ends that began with `request`.
fn end_of_request(request: &[u8], bytes: &[u8]) -> Option<usize> {
    let all = [request, bytes].concat();
    let end = all.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    Some(end - request.len())
}

/// What tungstenite reads from and writes to.
#[derive(Debug, Default)]
struct Memory {
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

impl Read for Memory {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.incoming.len().min(into.len());
        into[..count].copy_from_slice(&self.incoming[..count]);
        self.incoming.drain(..count);
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
