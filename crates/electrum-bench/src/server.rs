//! The canned server: answers made before the first client comes, in which only the id is filled in. A client that begins
//! with HTTP gets a WebSocket.

mod websocket;

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
const COPIED: usize = 16 * 1024;

/// Serves forever, one thread for each connection.
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    let answers = Arc::new(Answers::new());
    for (number, stream) in listener.incoming().enumerate() {
        let (stream, answers) = (stream?, Arc::clone(&answers));
        let connection = move || {
            // A client that leaves is no fault.
            let _ = Connection::new(stream, number, &answers).and_then(Connection::serve);
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
    /// An answer is copied behind its forerunners below this length, and written from where it lies from it on.
    copied: usize,
}

impl<'a> Connection<'a> {
    fn new(stream: TcpStream, number: usize, answers: &'a Answers) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let status = format!("\"{}\"", fixture::status(0, 2 + number)).into_bytes();
        Ok(Self { stream, answers, shape: Shape::default(), last: (b"", b""), status, out: Vec::new(), copied: COPIED })
    }

    fn serve(self) -> io::Result<()> {
        if websocket::is_wanted(&self.stream)? { self.exchange_messages() } else { self.exchange_lines() }
    }

    /// Requests and answers in messages. There are no notifications.
    fn exchange_messages(mut self) -> io::Result<()> {
        self.copied = usize::MAX;
        websocket::accept(&self.stream)?;
        let (mut buffer, mut pending, mut answers) = (vec![0; READ], 0, Vec::new());
        loop {
            let count = self.stream.read(&mut buffer[pending..])?;
            if count == 0 {
                return Ok(());
            }
            let (end, mut start) = (pending + count, 0);
            while let Some((request, length)) = websocket::message(&mut buffer[start..end])? {
                self.line(request)?;
                websocket::push_message(self.out.trim_ascii_end(), &mut answers)?;
                self.out.clear();
                start += length;
            }
            buffer.copy_within(start..end, 0);
            pending = end - start;
            // Requests that came in one read are answered in one write.
            self.stream.write_all(&answers)?;
            answers.clear();
        }
    }

    /// Requests, answers and notifications in lines.
    fn exchange_lines(mut self) -> io::Result<()> {
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
            // Requests that came in one read are answered in one write.
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
        if result.len() < self.copied {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::Ipv4Addr;

    /// Sends `requests` on one connection and hands over what comes back until the server has closed it.
    fn talk(requests: &str) -> Vec<String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let server = std::thread::spawn(move || Connection::new(stream, 0, &Answers::new()).unwrap().serve());
        client.write_all(requests.as_bytes()).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let lines = BufReader::new(client).lines().collect::<io::Result<_>>().unwrap();
        server.join().unwrap().unwrap();
        lines
    }

    #[test]
    fn ids_are_filled_in_wherever_clients_put_them() {
        let lines = talk(
            "{\"id\":7,\"method\":\"server.ping\",\"params\":[]}\n\
             {\"method\":\"server.ping\",\"params\":[],\"id\":12345}\n\
             {\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"no.such\"}\n",
        );
        assert_eq!(lines[0], r#"{"jsonrpc":"2.0","result":null,"id":7}"#);
        assert_eq!(lines[1], r#"{"jsonrpc":"2.0","result":null,"id":12345}"#);
        assert!(lines[2].contains(r#""error""#) && lines[2].ends_with(r#""id":"x"}"#), "{}", lines[2]);
    }

    #[test]
    fn messages_of_a_websocket_are_answered_by_messages() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            Connection::new(listener.accept().unwrap().0, 0, &Answers::new()).unwrap().serve()
        });
        let stream = TcpStream::connect(address).unwrap();
        let (mut client, _) = tungstenite::client(format!("ws://{address}"), stream).unwrap();
        for id in [7, 8] {
            let request = format!("{{\"id\":{id},\"method\":\"server.ping\",\"params\":[]}}");
            client.write(tungstenite::Message::text(request)).unwrap();
        }
        client.flush().unwrap();
        for id in [7, 8] {
            let reply = client.read().unwrap().into_text().unwrap();
            assert_eq!(reply.as_str(), format!("{{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":{id}}}"));
        }
        drop(client);
        server.join().unwrap().unwrap();
    }

    #[test]
    fn an_array_is_answered_by_an_array() {
        let lines = talk("[{\"id\":1,\"method\":\"server.ping\"},{\"id\":2,\"method\":\"server.banner\"}]\n");
        let replies: Vec<serde_json::Value> = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(replies.iter().map(|reply| reply["id"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    }

    #[test]
    fn as_many_notifications_as_asked_for_and_no_neighbours_alike() {
        let wanted = 2 * fixture::NOTIFIED + 3;
        let lines = talk(&format!("{{\"id\":1,\"method\":\"{NOTIFY}\",\"params\":[{wanted}]}}\n"));
        assert_eq!(lines.len(), 1 + wanted);
        let (first, again) = (&lines[1], &lines[1 + fixture::NOTIFIED]);
        assert_eq!(first.split('"').nth(9), again.split('"').nth(9), "the same script");
        assert_ne!(first, again, "another status");
        assert_eq!(first, &lines[1 + 2 * fixture::NOTIFIED]);
    }

    #[test]
    fn the_large_answers_are_what_they_should_be() {
        let lines = talk("{\"id\":1,\"method\":\"blockchain.transaction.get\",\"params\":[]}\n");
        let reply: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(reply["result"].as_str().map(str::len), Some(2 * fixture::TRANSACTION));
        let history: Vec<serde_json::Value> = serde_json::from_str(&fixture::history()).unwrap();
        assert_eq!(history.len(), fixture::HISTORY);
    }
}
