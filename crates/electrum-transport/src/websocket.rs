//! The client side of a WebSocket (RFC 6455) without I/O, bytes in and bytes out. tungstenite does the handshake.
//!
//! Each message carries one line: a received message is passed on with a newline after it, and each line of the
//! protocol is sent as one message.

use std::io::{self, Read, Write};
use std::mem;

use memchr::memchr_iter;
use tungstenite::error::CapacityError;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::handshake::{HandshakeError, MidHandshake};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tungstenite::{Error, client::IntoClientRequest};

use crate::addr::ServerAddr;
use crate::buffer::Buffer;
use crate::error::{LayerError, WebSocketError};
use crate::frames::{self, Reader};
use crate::route::RouteError;

/// The maximum length of the HTTP response to the handshake.
const ANSWER_LIMIT: usize = 16 * 1024;

/// The client side of one WebSocket.
#[derive(Debug)]
pub(crate) struct WebSocket {
    stage: Stage,
    reader: Reader,
    /// A line to be sent whose end has not come yet.
    line: Vec<u8>,
    outgoing: Buffer,
}

#[derive(Debug)]
enum Stage {
    /// The HTTP request was sent, and this part of the response has come.
    Upgrading {
        handshake: Box<MidHandshake<ClientHandshake<Memory>>>,
        answer: Vec<u8>,
    },
    Open,
    Failed,
}

/// The progress of a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Upgrading,
    Open,
    /// The server closed the WebSocket in order.
    Ended,
}

impl WebSocket {
    pub(crate) fn new(server: &ServerAddr, limit: usize) -> Result<Self, RouteError> {
        let failed = |error: Error| RouteError::WebSocket { server: server.clone(), reason: error.to_string() };
        let path = server.websocket_path().unwrap_or("/");
        let url = format!("{}://{}:{}{path}", server.scheme(), server.host(), server.port());
        let request = url.into_client_request().map_err(failed)?;
        let handshake = ClientHandshake::start(Memory::default(), request, None).map_err(failed)?;
        // The request is written to memory, then the handshake stops to wait for the response.
        let mut handshake = match handshake.handshake() {
            Err(HandshakeError::Interrupted(handshake)) => Box::new(handshake),
            Err(HandshakeError::Failure(error)) => return Err(failed(error)),
            Ok(_) => return Err(failed(Error::ConnectionClosed)),
        };
        let outgoing = mem::take(&mut handshake.get_mut().get_mut().outgoing);
        let stage = Stage::Upgrading { handshake, answer: Vec::new() };
        Ok(Self { stage, reader: Reader::new(limit), line: Vec::new(), outgoing })
    }

    /// Limits the length of received messages.
    pub(crate) fn limit_messages(&mut self, limit: usize) {
        self.reader.limit = limit;
    }

    /// Reads all complete frames from `bytes`, and adds the lines in them to `lines`, also those before an error.
    pub(crate) fn received(&mut self, bytes: &mut Buffer, lines: &mut Buffer) -> Result<Progress, LayerError> {
        if let Stage::Upgrading { answer, .. } = &mut self.stage {
            let rest = take_answer(answer, bytes.as_slice())?.map(<[u8]>::len);
            bytes.consume(bytes.len() - rest.unwrap_or_default());
            if rest.is_none() {
                return Ok(Progress::Upgrading);
            }
            self.finish_upgrade()?;
        }
        match self.reader.read(bytes, lines, &mut self.outgoing) {
            Ok(None) => Ok(Progress::Open),
            Ok(Some(frame)) => closed(frame).map(|()| Progress::Ended),
            Err(error) => {
                let (code, error) = explain(error);
                self.send_close(code);
                Err(error.into())
            }
        }
    }

    /// Sends lines of the protocol, which are text. The end of the last one may come later.
    pub(crate) fn send(&mut self, plain: &[u8]) {
        let mut start = 0;
        for end in memchr_iter(b'\n', plain) {
            let line = &plain[start..end];
            let text = OpCode::Data(Data::Text);
            if self.line.is_empty() {
                frames::write(text, line, &mut self.outgoing);
            } else {
                let line = [&mem::take(&mut self.line), line].concat();
                frames::write(text, &line, &mut self.outgoing);
            }
            start = end + 1;
        }
        self.line.extend_from_slice(&plain[start..]);
    }

    /// Sends a close frame.
    pub(crate) fn close(&mut self) {
        self.send_close(CloseCode::Normal);
    }

    /// Returns the outgoing bytes, for the layer below to take.
    pub(crate) fn outgoing(&mut self) -> &mut Buffer {
        &mut self.outgoing
    }

    fn send_close(&mut self, code: CloseCode) {
        let code = u16::from(code).to_be_bytes();
        frames::write(OpCode::Control(Control::Close), &code, &mut self.outgoing);
    }

    /// Completes the handshake with the whole response.
    fn finish_upgrade(&mut self) -> Result<(), LayerError> {
        let Stage::Upgrading { mut handshake, answer } = mem::replace(&mut self.stage, Stage::Failed) else {
            return Ok(());
        };
        handshake.get_mut().get_mut().incoming.push(&answer);
        let error = match handshake.handshake() {
            // Required by section 4.1 of the RFC; tungstenite does not check it.
            Ok((_, response)) if response.headers().contains_key("Sec-WebSocket-Extensions") => {
                WebSocketError::Upgrade("it names an extension of the protocol, and none was asked for".to_owned())
            }
            Ok(_) => {
                self.stage = Stage::Open;
                return Ok(());
            }
            Err(HandshakeError::Failure(Error::Http(_))) => WebSocketError::Http { status: status_line(&answer) },
            Err(HandshakeError::Failure(error)) => WebSocketError::Upgrade(error.to_string()),
            Err(HandshakeError::Interrupted(_)) => WebSocketError::Upgrade("it is not whole".to_owned()),
        };
        Err(error.into())
    }
}

/// Moves bytes to the response up to the empty line that ends it. Returns the bytes after that line, or `None` until it
/// has come.
///
/// tungstenite takes a response in many small pieces for an attack, so it gets the whole one at once.
fn take_answer<'a>(answer: &mut Vec<u8>, bytes: &'a [u8]) -> Result<Option<&'a [u8]>, LayerError> {
    const BEGIN: &[u8] = b"HTTP/1.";
    const END: &[u8] = b"\r\n\r\n";
    for (i, &byte) in bytes.iter().enumerate() {
        answer.push(byte);
        if BEGIN.get(answer.len() - 1).is_some_and(|&expected| expected != byte) {
            return Err(WebSocketError::NotHttp.into());
        }
        if answer.ends_with(END) {
            return Ok(Some(&bytes[i + 1..]));
        }
        if answer.len() >= ANSWER_LIMIT {
            return Err(WebSocketError::Upgrade("it is too long".to_owned()).into());
        }
    }
    Ok(None)
}

/// Returns the status line of an HTTP response, in a form that is safe to show in a terminal.
fn status_line(answer: &[u8]) -> String {
    let line = answer.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let shown: String = String::from_utf8_lossy(line).chars().take(100).collect();
    shown.escape_debug().to_string()
}

/// Returns an error if the close frame reports a fault.
fn closed(frame: CloseFrame) -> Result<(), LayerError> {
    match frame.code {
        CloseCode::Normal | CloseCode::Away | CloseCode::Status => Ok(()),
        code => {
            let reason = frame.reason.chars().take(200).collect();
            Err(WebSocketError::Closed { code: code.into(), reason }.into())
        }
    }
}

/// Converts an error of tungstenite. Returns the code to close the WebSocket with, and the error.
fn explain(error: Error) -> (CloseCode, WebSocketError) {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            (CloseCode::Size, WebSocketError::TooLong { size, limit: max_size })
        }
        Error::Protocol(reason) => (CloseCode::Protocol, WebSocketError::Broken(reason.to_string())),
        Error::Utf8(reason) => (CloseCode::Invalid, WebSocketError::Broken(reason)),
        error => (CloseCode::Protocol, WebSocketError::Broken(error.to_string())),
    }
}

/// The stream that tungstenite reads the response from and writes its request to.
#[derive(Debug, Default)]
struct Memory {
    incoming: Buffer,
    outgoing: Buffer,
}

impl Read for Memory {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.incoming.as_slice();
        if bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = bytes.len().min(into.len());
        into[..count].copy_from_slice(&bytes[..count]);
        self.incoming.consume(count);
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
