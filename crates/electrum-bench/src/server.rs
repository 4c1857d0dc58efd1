//! The canned server: answers made before the first client comes, in which only the id is filled in.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memmem};

use crate::fixture;

/// Asks for notifications: `[how many]`. No real server knows it.
pub const NOTIFY: &str = "bench.notify";
/// Asks to be cut off.
pub const DROP: &str = "bench.drop";

const STACK: usize = 64 * 1024;
const READ: usize = 64 * 1024;
/// An answer is copied behind its forerunners up to this length, and written from where it lies above it.
const COPIED: usize = 16 * 1024;

/// Serves forever, one thread for each connection.
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    let answers = Arc::new(Answers::new());
    for (number, stream) in listener.incoming().enumerate() {
        let (stream, answers) = (stream?, Arc::clone(&answers));
        let connection = move || {
            // A client that leaves is no fault.
            let _ = Connection::new(stream, number, &answers).and_then(Connection::run);
        };
        std::thread::Builder::new().stack_size(STACK).spawn(connection)?;
    }
    Ok(())
}

/// Everything that can be asked for, rendered.
struct Answers {
    results: HashMap<&'static [u8], Vec<u8>>,
    notifications: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let results = [
            ("server.version", r#"["canned 1.0","1.4"]"#.to_owned()),
            ("server.ping", "null".to_owned()),
            ("server.banner", r#""""#.to_owned()),
            ("blockchain.headers.subscribe", fixture::tip()),
            ("blockchain.scripthash.get_balance", fixture::balance()),
            ("blockchain.scripthash.get_history", fixture::history()),
            ("blockchain.block.headers", fixture::headers()),
            ("blockchain.transaction.get", fixture::transaction()),
        ];
        Self {
            results: results.into_iter().map(|(method, result)| (method.as_bytes(), result.into_bytes())).collect(),
            notifications: fixture::notifications(fixture::NOTIFIED),
        }
    }
}

struct Connection<'a> {
    stream: TcpStream,
    answers: &'a Answers,
    shape: Shape,
    /// The method asked for last, which is most often the next one too, and its result.
    last: (&'a [u8], &'a [u8]),
    /// What every subscription is answered with: another one on each connection, as if all scripts had changed.
    status: Vec<u8>,
    out: Vec<u8>,
}

impl<'a> Connection<'a> {
    fn new(stream: TcpStream, number: usize, answers: &'a Answers) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let status = format!("\"{}\"", fixture::status(0, 2 + number)).into_bytes();
        Ok(Self { stream, answers, shape: Shape::default(), last: (b"", b""), status, out: Vec::new() })
    }

    fn run(mut self) -> io::Result<()> {
        let mut buffer = vec![0; READ];
        let mut pending = Vec::new();
        loop {
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            let mut rest = &buffer[..count];
            if !pending.is_empty() {
                let Some(end) = memchr(b'\n', rest) else {
                    pending.extend_from_slice(rest);
                    continue;
                };
                pending.extend_from_slice(&rest[..end]);
                rest = &rest[end + 1..];
                let line = std::mem::take(&mut pending);
                self.line(&line)?;
            }
            let mut start = 0;
            for end in memchr_iter(b'\n', rest) {
                self.line(&rest[start..end])?;
                start = end + 1;
            }
            pending.extend_from_slice(&rest[start..]);
            // Whatever came together is answered together.
            self.flush()?;
        }
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        if line.first() != Some(&b'[') {
            return self.request(line);
        }
        self.out.push(b'[');
        // No parameter of a workload holds a brace, so an object ends at the first one.
        let mut start = 1;
        for end in memchr_iter(b'}', line) {
            self.request(&line[start..=end])?;
            if self.out.last() == Some(&b'\n') {
                self.out.pop();
            }
            self.out.push(b',');
            start = end + 2;
        }
        self.out.pop();
        self.out.extend_from_slice(b"]\n");
        Ok(())
    }

    fn request(&mut self, request: &[u8]) -> io::Result<()> {
        let Some((id, method)) = self.shape.read(request) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a request"));
        };
        if method == self.last.0 {
            return self.answer(id, self.last.1);
        }
        if let Some((method, result)) = self.answers.results.get_key_value(method) {
            self.last = (method, result);
            return self.answer(id, result);
        }
        match method {
            b"blockchain.scripthash.subscribe" => {
                let status = std::mem::take(&mut self.status);
                self.answer(id, &status)?;
                self.status = status;
                Ok(())
            }
            _ if method == NOTIFY.as_bytes() => {
                self.answer(id, b"null")?;
                self.flush()?;
                self.notify(number(request))
            }
            _ if method == DROP.as_bytes() => Err(io::Error::other("as asked")),
            _ => self.error(id),
        }
    }

    fn answer(&mut self, id: &[u8], result: &[u8]) -> io::Result<()> {
        self.out.extend_from_slice(br#"{"jsonrpc":"2.0","result":"#);
        if result.len() < COPIED {
            self.out.extend_from_slice(result);
        } else {
            self.flush()?;
            self.stream.write_all(result)?;
        }
        self.out.extend_from_slice(br#","id":"#);
        self.out.extend_from_slice(id);
        self.out.extend_from_slice(b"}\n");
        Ok(())
    }

    fn error(&mut self, id: &[u8]) -> io::Result<()> {
        self.out.extend_from_slice(br#"{"jsonrpc":"2.0","error":{"code":-32601,"message":"unknown method"},"id":"#);
        self.out.extend_from_slice(id);
        self.out.extend_from_slice(b"}\n");
        Ok(())
    }

    fn notify(&mut self, count: usize) -> io::Result<()> {
        let lines = &self.answers.notifications;
        let per_round = 2 * fixture::NOTIFIED;
        for _ in 0..count / per_round {
            self.stream.write_all(lines)?;
        }
        let rest = memchr_iter(b'\n', lines).nth((count % per_round).wrapping_sub(1));
        self.stream.write_all(&lines[..rest.map_or(0, |end| end + 1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }
}

/// Where a client puts the id and the method: most often where they were in the request before.
#[derive(Default)]
struct Shape {
    id: usize,
    /// Counted from the end of the id.
    method: isize,
}

impl Shape {
    const ID: &[u8] = br#""id":"#;
    const METHOD: &[u8] = br#""method":""#;

    fn read<'r>(&mut self, request: &'r [u8]) -> Option<(&'r [u8], &'r [u8])> {
        self.id = find(request, Self::ID, self.id)?;
        let rest = &request[self.id + Self::ID.len()..];
        let id = rest.get(..rest.iter().position(|byte| matches!(byte, b',' | b'}'))?)?;
        let end = self.id + Self::ID.len() + id.len();
        let at = find(request, Self::METHOD, end.wrapping_add_signed(self.method))?;
        self.method = at.wrapping_sub(end) as isize;
        let rest = &request[at + Self::METHOD.len()..];
        Some((id, rest.get(..memchr(b'"', rest)?)?))
    }
}

fn find(text: &[u8], wanted: &[u8], guess: usize) -> Option<usize> {
    let here = text.get(guess..).is_some_and(|rest| rest.starts_with(wanted));
    if here { Some(guess) } else { memmem::find(text, wanted) }
}

/// The number that is the only parameter.
fn number(request: &[u8]) -> usize {
    let wanted = br#""params":["#;
    let Some(at) = memmem::find(request, wanted) else { return 0 };
    let digits = request[at + wanted.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}
