//! Sockets of the model: two queues of bytes with limits, and a server that answers each request.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use electrum_session::threads::{Runtime, Socket};
use electrum_session::transport::DialTarget;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::{Condvar, Mutex};
use shuttle::thread::{self, yield_now};

/// How many steps of other threads the server takes for a reply.
const LONGEST_REPLY: usize = 30;
/// More than all messages of a scenario have.
const LARGE: usize = 1024;
/// Less than one request has.
const SMALL: usize = 32;
/// What the server answers to a call.
pub(crate) const BANNER: &str = "hello";

/// What the server and the system's buffers do.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// How many bytes fit into the buffer of each direction.
    pub(crate) buffer: usize,
    /// How many more connections the server closes after the first call.
    pub(crate) closings: Arc<Mutex<usize>>,
    /// The server reads requests and never answers.
    pub(crate) is_mute: bool,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self { buffer: LARGE, closings: Arc::new(Mutex::new(0)), is_mute: false }
    }

    /// Buffers that are soon full.
    pub(crate) fn small() -> Self {
        Self { buffer: SMALL, ..Self::new() }
    }
}

/// Opens pipes, each with a server at its other end.
pub(crate) struct Pipes(pub(crate) Limits);

impl Runtime for Pipes {
    type Socket = Pipe;
    type Cancel = ();

    fn connect(&self, _: DialTarget, _: Duration) -> (impl FnOnce() -> io::Result<Pipe> + Send + 'static, ()) {
        let limits = self.0.clone();
        let connect = || {
            let ends = Arc::new(Ends { state: Mutex::default(), changed: Condvar::new(), limits });
            let server = Arc::clone(&ends);
            thread::spawn(move || server.serve());
            Ok(Pipe(ends))
        };
        (connect, ())
    }
}

/// The client's end of a connection. Dropping it ends the connection.
#[derive(Debug)]
pub(crate) struct Pipe(Arc<Ends>);

impl Drop for Pipe {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Both ends of a connection.
#[derive(Debug)]
struct Ends {
    state: Mutex<State>,
    changed: Condvar,
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

impl Ends {
    fn end(&self) {
        self.state.lock().unwrap().is_ended = true;
        self.changed.notify_all();
    }

    fn wait_to_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state.lock().unwrap();
        let mut has_waited = false;
        loop {
            if !state.replies.is_empty() {
                let count = state.replies.len().min(buffer.len());
                for (byte, reply) in buffer.iter_mut().zip(state.replies.drain(..count)) {
                    *byte = reply;
                }
                self.changed.notify_all();
                return Ok(count);
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
        self.0.count(|state| state.reading += 1);
        let result = self.0.wait_to_read(buffer);
        self.0.count(|state| state.reading -= 1);
        result
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.count(|state| state.writing += 1);
        let result = self.0.try_to_write(bytes);
        self.0.count(|state| state.writing -= 1);
        result
    }

    fn write_at_once(&self, _: &[u8]) {
        let state = self.0.state.lock().unwrap();
        assert!(state.is_ended || state.writing == 0, "the last bytes come between those that another thread writes");
    }

    fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()> {
        self.0.state.lock().unwrap().is_limited = limit.is_some();
        Ok(())
    }

    fn shutdown(&self) {
        self.0.end();
    }
}

impl Ends {
    /// The server: reads a request, writes its reply, and reads nothing while there is no room for that.
    fn serve(&self) {
        while let Some(request) = self.next_request() {
            let (id, is_call) = (id_of(&request), !request.contains("server.version"));
            // A reply may take longer than a caller waits for it in its own read.
            for _ in 0..thread_rng().gen_range(0..LONGEST_REPLY) {
                yield_now();
            }
            if !is_call {
                self.reply(&format!("{{\"id\":{id},\"result\":[\"Model 1.0\",\"1.4\"]}}\n"));
            } else if !self.limits.is_mute {
                self.reply(&format!("{{\"id\":{id},\"result\":\"{BANNER}\"}}\n"));
            }
            let mut closings = self.limits.closings.lock().unwrap();
            if is_call && *closings > 0 {
                *closings -= 1;
                drop(closings);
                return self.end();
            }
        }
    }

    /// The next line from the client; `None` if the connection has ended.
    fn next_request(&self) -> Option<String> {
        let mut request = Vec::new();
        let mut state = self.state.lock().unwrap();
        while !state.is_ended {
            match state.requests.iter().position(|byte| *byte == b'\n') {
                Some(end) => request.extend(state.requests.drain(..=end)),
                None => request.extend(state.requests.drain(..)),
            }
            self.changed.notify_all();
            if request.ends_with(b"\n") {
                return String::from_utf8(request).ok();
            }
            state = self.changed.wait(state).unwrap();
        }
        None
    }

    fn reply(&self, line: &str) {
        let mut line = line.as_bytes();
        let mut state = self.state.lock().unwrap();
        while !line.is_empty() && !state.is_ended {
            let room = self.limits.buffer - state.replies.len();
            if room == 0 {
                state = self.changed.wait(state).unwrap();
                continue;
            }
            let (now, later) = line.split_at(room.min(line.len()));
            state.replies.extend(now);
            line = later;
            self.changed.notify_all();
        }
    }
}

fn id_of(request: &str) -> &str {
    let id = request.split_once("\"id\":").expect("a request").1;
    id.split(|char: char| !char.is_ascii_digit()).next().expect("a number")
}

/// What a write to a connection that has ended fails with.
fn broken() -> io::Error {
    ErrorKind::BrokenPipe.into()
}
