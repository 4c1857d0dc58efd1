//! Lines out of a socket, with one buffer and no copy.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use memchr::memchr;

use crate::fixture::{self, WINDOW};
use crate::server::NOTIFY;
use crate::workload::Workload;

const READ: usize = 256 * 1024;

/// A connection that knows requests by heart and hands out lines.
pub(super) struct Lines {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    scanned: usize,
    end: usize,
}

impl Lines {
    pub(super) fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; READ], start: 0, scanned: 0, end: 0 })
    }

    pub(super) fn send(&mut self, requests: &[u8]) -> io::Result<()> {
        self.stream.write_all(requests)
    }

    /// The next line without its end.
    pub(super) fn next(&mut self) -> io::Result<&[u8]> {
        loop {
            if let Some(found) = memchr(b'\n', &self.buffer[self.scanned..self.end]) {
                let (start, end) = (self.start, self.scanned + found);
                (self.start, self.scanned) = (end + 1, end + 1);
                return Ok(&self.buffer[start..end]);
            }
            self.scanned = self.end;
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            (self.start, self.scanned) = (0, self.end);
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        match self.stream.read(&mut self.buffer[self.end..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.end += count;
                Ok(())
            }
        }
    }
}

/// The requests of a workload: rendered once, sent as they are again and again. Also how many answers they bring.
pub(super) fn requests(workload: Workload) -> (Vec<u8>, usize) {
    match workload {
        Workload::Balances => {
            let lines = (0..WINDOW).map(|id| request(id, "blockchain.scripthash.get_balance", &scripthash(id)));
            (lines.collect::<String>().into_bytes(), WINDOW)
        }
        Workload::OneByOne => (request(0, "blockchain.scripthash.get_balance", &scripthash(0)).into_bytes(), 1),
        Workload::History => (request(0, "blockchain.scripthash.get_history", &scripthash(0)).into_bytes(), 1),
        Workload::Headers => (request(0, "blockchain.block.headers", "0,2016").into_bytes(), 1),
        Workload::Transaction => (request(0, "blockchain.transaction.get", &scripthash(0)).into_bytes(), 1),
        Workload::Notifications => {
            let count = workload.operations();
            (request(0, NOTIFY, &count.to_string()).into_bytes(), count)
        }
    }
}

fn request(id: usize, method: &str, params: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":[{params}]}}\n")
}

fn scripthash(index: usize) -> String {
    format!("\"{}\"", fixture::scripthash(index))
}
