//! The threads of a connection: one reads and one writes, so that neither waits for the other.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::shared::Shared;

pub(super) fn serve(shared: &Arc<Shared>, index: usize, stream: TcpStream) -> Vec<JoinHandle<()>> {
    let (for_reading, for_writing) = (Arc::clone(shared), Arc::clone(shared));
    let mut threads = Vec::new();
    if let Ok(reading) = stream.try_clone() {
        threads.push(thread::spawn(move || read(&for_reading, index, reading)));
    }
    threads.push(thread::spawn(move || write(&for_writing, index, stream)));
    threads
}

fn read(shared: &Shared, index: usize, mut stream: TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut buffer);
        let mut guard = shared.lock();
        let state = &mut *guard;
        let connection = &mut state.connections[index];
        let Some(peer) = connection.peer else {
            // The server is done: what still comes is thrown away until the client is done too.
            match read {
                Ok(n) if n > 0 => continue,
                _ => return,
            }
        };
        match read {
            Ok(n) if n > 0 && state.paused => connection.held.extend_from_slice(&buffer[..n]),
            Ok(n) if n > 0 => {
                let before = state.host.chain().revision();
                state.host.receive(shared.now(), peer, &buffer[..n]);
                match state.host.chain().revision() == before {
                    true => connection.collect(&mut state.host),
                    false => state.dispatch(),
                }
            }
            Ok(_) if state.paused => connection.forget(&mut state.host),
            Ok(_) => {
                state.host.end_of_input(shared.now(), peer);
                connection.collect(&mut state.host);
            }
            Err(ref error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => connection.forget(&mut state.host),
        }
        shared.changed.notify_all();
        let over = guard.connections[index].peer.is_none();
        drop(guard);
        if over || matches!(read, Ok(0)) {
            return;
        }
    }
}

fn write(shared: &Shared, index: usize, mut stream: TcpStream) {
    let wake = Arc::clone(&shared.lock().connections[index].wake);
    while let Some(bytes) = next_write(shared, index, &wake) {
        if stream.write_all(&bytes).is_err() {
            break;
        }
        let mut state = shared.lock();
        if let Some(peer) = state.connections[index].peer {
            state.host.wrote(peer, bytes.len());
        }
    }
    let mut guard = shared.lock();
    let state = &mut *guard;
    state.connections[index].forget(&mut state.host);
    // The reader goes on until the client has closed too, so that nothing unread turns the end of the
    // stream into a reset that takes the last answer with it.
    let _ = stream.shutdown(Shutdown::Write);
    shared.changed.notify_all();
}

/// The next bytes to write; `None` when there will be none.
fn next_write(shared: &Shared, index: usize, wake: &Condvar) -> Option<Vec<u8>> {
    const A_WHILE: Duration = Duration::from_secs(3600);
    let mut guard = shared.lock();
    loop {
        let state = &mut *guard;
        let connection = &mut state.connections[index];
        let mut patience = A_WHILE;
        if !state.paused || connection.peer.is_none() {
            if let Some(bytes) = connection.out.pop_front() {
                return Some(bytes);
            }
            if connection.closing {
                return None;
            }
            let now = shared.now();
            match connection.peer.and_then(|peer| Some((peer, state.host.wake_at(peer)?))) {
                Some((peer, due)) if due <= now => {
                    state.host.wake(now, peer);
                    connection.collect(&mut state.host);
                    continue;
                }
                Some((_, due)) => patience = due - now,
                None => {}
            }
        }
        guard = wake.wait_timeout(guard, patience).unwrap_or_else(PoisonError::into_inner).0;
    }
}
