//! An observer between a client and a server: a relay that records what the client sends, and the sizes of its writes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use electrum_testkit::frames::{self, TEXT};
use electrum_testkit::listener::Listener;

use crate::Transport;

/// How many bytes TLS 1.3 adds to the content of a record: its type and a tag.
const TLS_OVERHEAD: usize = 1 + 16;
/// The length of the alert that ends a TLS connection.
const ALERT: usize = 2;

/// The length of the closing frame of a WebSocket: a header with a mask, and a code.
const CLOSE: usize = 2 + 4 + 2;

/// A relay in front of a server, which records what clients send until it is dropped.
#[derive(Debug)]
pub(super) struct Recorder {
    listener: Listener,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    pub(super) fn before(server: SocketAddr) -> Self {
        let sent = Arc::<Mutex<Vec<u8>>>::default();
        let record = Arc::clone(&sent);
        // An error on either side ends both, which the client reports.
        let listener = Listener::start(move |_, client| drop(relay(&client, server, &record)));
        Self { listener, sent }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Returns what clients have sent so far.
    pub(super) fn sent(&self) -> Vec<u8> {
        lock(&self.sent).clone()
    }
}

fn relay(mut client: &TcpStream, server: SocketAddr, record: &Mutex<Vec<u8>>) -> io::Result<()> {
    let server = &TcpStream::connect(server)?;
    server.set_nodelay(true)?;
    thread::scope(|scope| {
        scope.spawn(move || {
            let _ = io::copy(&mut &*server, &mut &*client);
            let _ = client.shutdown(Shutdown::Both);
        });
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            lock(record).extend_from_slice(&buffer[..count]);
            if (&*server).write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    });
    Ok(())
}

fn lock(record: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the sizes of the padded writes in a recording, without the overhead of the transport. `lines` are the
/// lengths of the lines that the server received, without their ends.
///
/// The error describes a write whose size is not one of padded writes.
pub(super) fn padded_sizes(transport: Transport, sent: &[u8], lines: &[usize]) -> Result<Vec<usize>, String> {
    match transport {
        Transport::Plain | Transport::Socks => sums(sent.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::len)),
        Transport::WebSocket => sums(messages(sent).into_iter().map(|length| length + 1)),
        // Each write is a record.
        Transport::Tls | Transport::TlsThroughSocks => records(sent).into_iter().map(of_scheme).collect(),
        Transport::WebSocketOverTls => {
            let mut lines = lines.iter();
            // The first one asks for the WebSocket, and the last one closes it.
            let writes = records(sent).into_iter().skip(1).filter(|length| *length != CLOSE);
            writes.map(|record| without_frames(record, &mut lines)).collect()
        }
    }
}

fn of_scheme(size: usize) -> Result<usize, String> {
    let is_right = size.is_power_of_two() && size >= 1024;
    is_right.then_some(size).ok_or_else(|| format!("a write of {size} bytes"))
}

/// Groups lines of these lengths into padded writes, and returns the sizes of those.
fn sums(lines: impl Iterator<Item = usize>) -> Result<Vec<usize>, String> {
    let (mut sizes, mut size) = (Vec::new(), 0);
    for line in lines {
        size += line;
        if of_scheme(size).is_ok() {
            sizes.push(std::mem::take(&mut size));
        }
    }
    if size == 0 { Ok(sizes) } else { of_scheme(size).map(|_| sizes) }
}

/// Returns the size of a write whose record contains each line as a WebSocket message.
fn without_frames<'a>(record: usize, lines: &mut impl Iterator<Item = &'a usize>) -> Result<usize, String> {
    let (mut framed, mut size) = (0, 0);
    while framed < record {
        let line = lines.next().ok_or("more messages than lines")?;
        // Clients mask, with four bytes.
        let head = 4 + match line {
            ..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        (framed, size) = (framed + head + line, size + line + 1);
    }
    if framed == record { of_scheme(size) } else { Err(format!("a record of {record} bytes with a part of a message")) }
}

/// Returns the lengths of the client's writes, from the records of TLS 1.3 after its handshake.
fn records(mut sent: &[u8]) -> Vec<usize> {
    const APPLICATION_DATA: u8 = 0x17;
    let mut lengths = Vec::new();
    while let [kind, _, _, high, low, rest @ ..] = sent {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == APPLICATION_DATA {
            lengths.push(length.saturating_sub(TLS_OVERHEAD));
        }
        sent = rest.get(length..).unwrap_or_default();
    }
    // The first record ends the handshake.
    lengths.into_iter().skip(1).filter(|length| *length != ALERT).collect()
}

/// Returns the lengths of the client's messages after its HTTP request.
fn messages(sent: &[u8]) -> Vec<usize> {
    const END: &[u8] = b"\r\n\r\n";
    let begin = sent.windows(END.len()).position(|window| window == END).map_or(sent.len(), |at| at + END.len());
    let mut frames = &sent[begin..];
    let all = std::iter::from_fn(|| frames::read(&mut frames).ok());
    all.filter(|(first, _)| *first == TEXT).map(|(_, message)| message.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sizes_are_found() {
        let line = |length: usize| [&vec![b' '; length - 1][..], b"\n"].concat();
        let plain = |lengths: &[usize]| {
            let sent: Vec<u8> = lengths.iter().flat_map(|length| line(*length)).collect();
            padded_sizes(Transport::Plain, &sent, &[])
        };
        assert_eq!(plain(&[1024, 24, 1000, 4096]), Ok(vec![1024, 1024, 4096]));
        for lengths in [&[100][..], &[1024, 80], &[1023], &[1025]] {
            assert!(plain(lengths).is_err(), "{lengths:?}");
        }
        let record = |length: usize| {
            let whole = length + TLS_OVERHEAD;
            [&[0x17, 3, 3][..], &(whole as u16).to_be_bytes(), &vec![0; whole]].concat()
        };
        let over_tls = |transport, lengths: &[usize], lines: &[usize]| {
            let sent: Vec<u8> = [36].iter().chain(lengths).flat_map(|length| record(*length)).collect();
            padded_sizes(transport, &sent, lines)
        };
        assert_eq!(over_tls(Transport::Tls, &[1024, 2048, ALERT], &[]), Ok(vec![1024, 2048]));
        assert!(over_tls(Transport::Tls, &[1024, 100], &[]).is_err());
        let framed = [1023 + 8, 99 + 6 + 923 + 8];
        let wss = Transport::WebSocketOverTls;
        assert_eq!(
            over_tls(wss, &[&[200][..], &framed, &[CLOSE, ALERT]].concat(), &[1023, 99, 923]),
            Ok(vec![1024, 1024])
        );
        assert!(over_tls(wss, &[&[200][..], &framed].concat(), &[1023, 99, 922]).is_err());
    }
}
