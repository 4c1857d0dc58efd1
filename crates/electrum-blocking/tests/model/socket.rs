//! Sockets of the model: two queues of bytes with limits, and a server that answers each byte with itself.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::{Arc, Condvar, Mutex};
use shuttle::thread::yield_now;

use crate::engine::Socket;

/// How many steps of other threads the server takes for a reply.
const LONGEST_REPLY: usize = 30;

/// What the server and the system's buffers do.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// How many bytes fit into the buffer of each direction.
    pub(crate) buffer: usize,
    /// After how many requests the server closes each connection but the last one that it accepts this way.
    pub(crate) closes_after: Option<usize>,
    /// How many connections are still closed this way.
    pub(crate) closings: Arc<Mutex<usize>>,
    /// The server reads requests and never answers.
    pub(crate) is_mute: bool,
}

impl Limits {
    pub(crate) fn new(buffer: usize) -> Self {
        Self { buffer, closes_after: None, closings: Arc::new(Mutex::new(0)), is_mute: false }
    }
}

/// Both ends of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    state: Arc<Mutex<State>>,
    changed: Arc<Condvar>,
    limits: Limits,
}

#[derive(Debug, Default)]
struct State {
    requests: VecDeque<u8>,
    replies: VecDeque<u8>,
    is_ended: bool,
    is_limited: bool,
    /// Threads of the client that are in a read, and in a write.
    reading: usize,
    writing: usize,
}

impl Pipe {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { state: Arc::default(), changed: Arc::default(), limits }
    }

    fn wait_to_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state.lock().unwrap();
        let mut has_waited = false;
        loop {
            if let Some(reply) = state.replies.pop_front() {
                buffer[0] = reply;
                self.changed.notify_all();
                return Ok(1);
            }
            if state.is_ended {
                return Ok(0);
            }
            if state.is_limited {
                if has_waited {
                    return Err(ErrorKind::WouldBlock.into());
                }
                has_waited = true;
                drop(state);
                yield_now();
                state = self.state.lock().unwrap();
            } else {
                state = self.changed.wait(state).unwrap();
            }
        }
    }

    fn try_to_write(&self, bytes: &[u8]) -> io::Result<usize> {
        yield_now();
        let mut state = self.state.lock().unwrap();
        if state.is_ended {
            return Err(broken());
        }
        let room = self.limits.buffer - state.requests.len();
        if room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = room.min(bytes.len());
        state.requests.extend(&bytes[..count]);
        self.changed.notify_all();
        Ok(count)
    }

    fn count(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap();
        change(&mut state);
        assert!(state.reading <= 1, "two threads read");
        assert!(state.writing <= 1, "two threads write");
    }
}

impl Socket for Pipe {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.count(|state| state.reading += 1);
        let result = self.wait_to_read(buffer);
        self.count(|state| state.reading -= 1);
        result
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.count(|state| state.writing += 1);
        let result = self.try_to_write(bytes);
        self.count(|state| state.writing -= 1);
        result
    }

    fn write_at_once(&self, _: &[u8]) {
        let state = self.state.lock().unwrap();
        assert!(state.is_ended || state.writing == 0, "the last bytes come between those that another thread writes");
    }

    fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()> {
        self.state.lock().unwrap().is_limited = limit.is_some();
        Ok(())
    }

    fn shutdown(&self) {
        self.state.lock().unwrap().is_ended = true;
        self.changed.notify_all();
    }
}

/// The server: reads a request, writes its reply, and reads nothing while there is no room for that.
pub(crate) fn serve(pipe: &Pipe) {
    let mut served = 0;
    loop {
        let mut state = pipe.state.lock().unwrap();
        let request = loop {
            if state.is_ended {
                return;
            }
            if let Some(request) = state.requests.pop_front() {
                break request;
            }
            state = pipe.changed.wait(state).unwrap();
        };
        drop(state);
        // A reply may take longer than a caller waits for it in its own read.
        for _ in 0..thread_rng().gen_range(0..LONGEST_REPLY) {
            yield_now();
        }
        state = pipe.state.lock().unwrap();
        while state.replies.len() == pipe.limits.buffer && !state.is_ended {
            state = pipe.changed.wait(state).unwrap();
        }
        if !pipe.limits.is_mute {
            state.replies.push_back(request);
        }
        drop(state);
        pipe.changed.notify_all();
        served += 1;
        if pipe.limits.closes_after == Some(served) {
            let mut left = pipe.limits.closings.lock().unwrap();
            if *left > 0 {
                *left -= 1;
                drop(left);
                pipe.shutdown();
                return;
            }
        }
    }
}

/// What a write to a connection that has ended fails with.
fn broken() -> io::Error {
    ErrorKind::BrokenPipe.into()
}
