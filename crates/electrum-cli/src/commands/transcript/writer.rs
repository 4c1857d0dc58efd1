//! Writes a transcript line by line while it is recorded.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use electrum_smol::proto::Authorization;

use super::line::{From, Line};
use super::pseudonyms::Pseudonyms;

/// The maximum length of a line. Servers send shorter ones, and a line without an end must not fill the memory.
const LONGEST: usize = if cfg!(test) { 1024 } else { 64 * 1024 * 1024 };

/// A transcript that is being written.
#[derive(Debug)]
pub(super) struct Transcript(RefCell<Writing>);

#[derive(Debug)]
struct Writing {
    file: File,
    started: Instant,
    pseudonyms: Pseudonyms,
    connections: u32,
}

/// The bytes of one side of a connection, to be cut into lines.
#[derive(Debug)]
pub(super) struct Side<'a> {
    transcript: &'a Transcript,
    connection: u32,
    from: From,
    /// The beginning of a line that is not complete.
    begun: Vec<u8>,
}

/// Why bytes were not written.
#[derive(Debug)]
pub(super) enum Unwritten {
    /// A line is too long, which ends its connection.
    TooLong,
    /// Writing to the file failed, which ends the recording.
    File(io::Error),
}

impl Transcript {
    /// Creates the file, which must not exist. This authorization and those of requests are left out of it.
    pub(super) fn create(path: &Path, authorization: Option<&Authorization>) -> io::Result<Self> {
        let file = File::create_new(path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        let (started, pseudonyms) = (Instant::now(), Pseudonyms::new(authorization));
        Ok(Self(RefCell::new(Writing { file, started, pseudonyms, connections: 0 })))
    }

    /// Returns the client's and the server's side of the next connection.
    pub(super) fn connection(&self) -> (Side<'_>, Side<'_>) {
        let connection = {
            let mut writing = self.0.borrow_mut();
            writing.connections += 1;
            writing.connections
        };
        let side = |from| Side { transcript: self, connection, from, begun: Vec::new() };
        (side(From::Client), side(From::Server))
    }
}

impl Side<'_> {
    /// Adds bytes, and writes the lines that are complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Unwritten> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if self.begun.len() > LONGEST {
                return Err(Unwritten::TooLong);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                let written = self.write(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
                written.map_err(Unwritten::File)?;
            }
        }
        Ok(())
    }

    fn write(&self, line: &str) -> io::Result<()> {
        let Writing { file, started, pseudonyms, .. } = &mut *self.transcript.0.borrow_mut();
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let line = Line { ms, connection: self.connection, from: self.from, line: pseudonyms.replace(line) };
        let text = serde_json::to_string(&line).map_err(io::Error::other)?;
        writeln!(file, "{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_when_they_are_whole_however_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transcript");
        let transcript = Transcript::create(&path, None).unwrap();
        let (mut client, mut server) = transcript.connection();
        let (mut other, _) = transcript.connection();
        for byte in b"{\"id\":1}\n{\"id\":2}\r\nunfinished" {
            client.take(&[*byte]).unwrap();
        }
        server.take(b"a\xff\nb\n").unwrap();
        other.take(b"c\n").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Line> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let written: Vec<_> = lines.iter().map(|line| (line.connection, line.from, line.line.as_str())).collect();
        assert_eq!(
            written,
            [
                (1, From::Client, "{\"id\":1}"),
                (1, From::Client, "{\"id\":2}"),
                (1, From::Server, "a\u{fffd}"),
                (1, From::Server, "b"),
                (2, From::Client, "c"),
            ]
        );
        assert!(matches!(client.take(&[b'x'; LONGEST]), Err(Unwritten::TooLong)));
        let error = Transcript::create(&path, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
}
