//! The server's side of the protocol, for simple servers.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

/// A connection to a client, read line by line.
#[derive(Debug)]
pub(super) struct Wire {
    reader: BufReader<TcpStream>,
}

impl Wire {
    /// Accepts a connection, and answers `server.version`.
    pub(super) fn handshake(stream: TcpStream, version: &str) -> io::Result<Self> {
        let mut wire = Self { reader: BufReader::new(stream) };
        let line = wire.line()?;
        wire.answer(&line, &format!("[\"Peer 1\",\"{version}\"]"))?;
        Ok(wire)
    }

    /// Reads the next line.
    pub(super) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }

    /// Answers a line with a result.
    pub(super) fn answer(&mut self, line: &str, result: &str) -> io::Result<()> {
        let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}\n", id_of(line));
        self.reader.get_mut().write_all(answer.as_bytes())
    }

    /// Returns the socket.
    pub(super) fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }
}

/// Returns the digits of the id in a request.
fn id_of(line: &str) -> &str {
    let rest = line.split_once("\"id\":").map_or("", |(_, rest)| rest.trim_start());
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    &rest[..end]
}
