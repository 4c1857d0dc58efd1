//! What a script reads and writes: lines, or the messages of a WebSocket once there is one.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

#[cfg(feature = "websocket")]
use crate::frames::{self, CLOSE, TEXT};

/// The longest HTTP request of a client.
#[cfg(feature = "websocket")]
const LONGEST_REQUEST: usize = 64 * 1024;

/// The server's end of a connection.
pub(super) struct Wire<'a> {
    reader: BufReader<&'a TcpStream>,
    #[cfg(feature = "websocket")]
    is_websocket: bool,
}

impl<'a> Wire<'a> {
    pub(super) fn new(stream: &'a TcpStream) -> Self {
        Self {
            reader: BufReader::new(stream),
            #[cfg(feature = "websocket")]
            is_websocket: false,
        }
    }

    /// Reads a line of the client, or a message as one.
    pub(super) fn read_line(&mut self) -> io::Result<String> {
        #[cfg(feature = "websocket")]
        if self.is_websocket {
            return self.read_message();
        }
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// Writes bytes as they are.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Writes whole lines, each with its end; over a WebSocket, each as a message.
    pub(super) fn write_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        #[cfg(feature = "websocket")]
        if self.is_websocket {
            let lines = lines.split_inclusive(|&byte| byte == b'\n');
            let messages: Vec<_> = lines.map(|line| frames::frame(TEXT, line.trim_ascii_end())).collect();
            return self.write(&messages.concat());
        }
        self.write(lines)
    }

    /// Reads an HTTP request to the empty line at its end.
    #[cfg(feature = "websocket")]
    pub(super) fn read_request(&mut self) -> io::Result<String> {
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            if self.reader.read_line(&mut request)? == 0 || request.len() > LONGEST_REQUEST {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(request)
    }

    /// Accepts the WebSocket that the client asks for, and sends these bytes in the same write.
    #[cfg(feature = "websocket")]
    pub(super) fn upgrade(&mut self, then: &[u8]) -> io::Result<()> {
        let request = self.read_request()?;
        let key = request.lines().filter_map(|line| line.split_once(':'));
        let key =
            key.filter(|(name, _)| name.eq_ignore_ascii_case("Sec-WebSocket-Key")).map(|(_, key)| key.trim()).next();
        let accept = tungstenite::handshake::derive_accept_key(key.unwrap_or_default().as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        self.is_websocket = true;
        self.write(&[answer.as_bytes(), then].concat())
    }

    /// Reads frames until one is this; the others are dropped.
    #[cfg(feature = "websocket")]
    pub(super) fn wait_for_frame(&mut self, first: u8, payload: &[u8]) -> io::Result<()> {
        loop {
            let found = frames::read(&mut self.reader)?;
            if (found.0, &found.1[..]) == (first, payload) {
                return Ok(());
            }
        }
    }

    #[cfg(feature = "websocket")]
    fn read_message(&mut self) -> io::Result<String> {
        loop {
            match frames::read(&mut self.reader)? {
                (CLOSE, _) => return Err(io::ErrorKind::UnexpectedEof.into()),
                (TEXT, message) => return Ok(String::from_utf8_lossy(&message).into_owned()),
                // Pongs. No client of this script sends its lines in pieces or as binary messages.
                _ => {}
            }
        }
    }
}
