//! A server that plays a script byte for byte, for recordings and for hostile behaviour.

mod wire;

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::hostile::honest::Honest;
use crate::json::{Json, Leniency, Style, parse};
use crate::listener::{Listener, end_with_reset};
use wire::Wire;

/// A step of the script of a [`Scripted`] server.
///
/// # Example
/// ```
/// use electrum_testkit::scripted::{Scripted, Step};
///
/// // Agrees on 1.4, and cuts the answer to the first call short.
/// let mut script = Step::session("1.4", &[]);
/// script.extend([Step::Line, Step::SendText(r#"{"id":$id,"resul"#.into()), Step::Reset]);
/// assert_eq!(script[0], Step::call("server.version"));
/// let server = Scripted::start(script);
/// assert_eq!(server.connections(), 0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Waits for any line.
    Line,
    /// Waits for a line that must be exactly this.
    Exactly(String),
    /// Waits for a line that must call this method.
    Call(String),
    /// Sends these bytes, and nothing else.
    Send(Vec<u8>),
    /// Sends a line; `$id` in it stands for the id of the line last received, as it was written, and `$result` for
    /// what an honest server would answer to it.
    SendLine(String),
    /// Sends a line like `SendLine`, but without its end.
    SendText(String),
    /// Sends these bytes this many times.
    Repeat(Vec<u8>, usize),
    /// Sends these bytes one by one, each in a segment of its own, with this pause between them.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes again and again until the client closes.
    Flood(Vec<u8>),
    /// Waits for this long.
    Wait(Duration),
    /// Answers every line as an honest server would, on 1.4, until the client closes.
    Serve,
    /// Reads, and sends nothing, until the client closes.
    Silence,
    /// Neither reads nor sends anything until the server is dropped.
    Stall,
    /// Waits for the HTTP request that asks for a WebSocket, and answers nothing so far.
    #[cfg(feature = "websocket")]
    Request,
    /// Waits for that request and accepts it; sends these bytes in the same write as the answer. From then on the lines
    /// of this script, in both directions, are the messages of the WebSocket.
    #[cfg(feature = "websocket")]
    Upgrade(Vec<u8>),
    /// Sends a frame with this first byte, and with a text in which `$id` and `$result` are filled in.
    #[cfg(feature = "websocket")]
    SendFrame(u8, String),
    /// Waits for a frame of the client with this first byte and payload, such as the answer to a ping. Others are
    /// dropped.
    #[cfg(feature = "websocket")]
    Frame(u8, Vec<u8>),
    /// Closes the connection in order, as at the end of a script.
    Close,
    /// Closes with a reset.
    Reset,
}

impl Step {
    /// Waits for `server.version` and answers it.
    pub fn handshake(software: &str, version: &str) -> [Self; 2] {
        [Self::Call("server.version".to_owned()), Self::result(&format!("[\"{software}\",\"{version}\"]"))]
    }

    /// Agrees on a version, and then waits for these calls in turn, each of a method, and answers with the result,
    /// which is JSON.
    pub fn session(version: &str, calls: &[(&str, &str)]) -> Vec<Self> {
        let answers = calls.iter().flat_map(|(method, result)| [Self::call(method), Self::result(result)]);
        Self::handshake("Scripted 1", version).into_iter().chain(answers).collect()
    }

    /// Sends a result, which is JSON, as the answer to the line last received.
    pub fn result(json: &str) -> Self {
        Self::SendLine(format!("{{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{json}}}"))
    }

    /// Sends an error as the answer to the line last received.
    pub fn error(code: i64, message: &str) -> Self {
        let error = Json::object([("code", Json::from(code)), ("message", message.into())]);
        let error = COMPACT.write(&error);
        Self::SendLine(format!("{{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{error}}}"))
    }

    /// Waits for a call of a method.
    pub fn call(method: &str) -> Self {
        Self::Call(method.to_owned())
    }

    /// Sends bytes.
    pub fn send(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Send(bytes.into())
    }
}

const COMPACT: Style = Style { spaced: false, sorted: false, ascii: false };

/// A server on 127.0.0.1 that plays a script on each connection.
///
/// # Example
/// ```
/// use electrum_testkit::scripted::{Scripted, Step};
/// use std::io::{Read, Write};
///
/// // Refuses every client the way ElectrumX does.
/// let refusing = vec![Step::call("server.version"), Step::error(1, "unsupported protocol version")];
/// let server = Scripted::start(refusing);
/// let mut stream = std::net::TcpStream::connect(server.addr())?;
/// stream.write_all(b"{\"id\":5,\"method\":\"server.version\",\"params\":[]}\n")?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer)?;
/// assert_eq!(
///     answer,
///     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":1,\"message\":\"unsupported protocol version\"}}\n"
/// );
/// server.check();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Scripted {
    shared: Arc<Shared>,
    listener: Listener,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    /// Lines received, by connection.
    lines: Vec<Vec<String>>,
    /// When each connection was accepted.
    accepted: Vec<Instant>,
    /// Connections whose script is over.
    done: usize,
    surprises: Vec<String>,
}

impl Scripted {
    /// Plays the same script on every connection.
    pub fn start(script: Vec<Step>) -> Self {
        Self::each(move |_| script.clone())
    }

    /// Plays these scripts, one on each connection in turn; the last on all that follow.
    pub fn in_turn(scripts: Vec<Vec<Step>>) -> Self {
        Self::each(move |n| {
            let last = scripts.len().saturating_sub(1);
            scripts.get(n.min(last)).cloned().unwrap_or_default()
        })
    }

    /// Plays on each connection the script that the function returns for its number, counted from 0.
    ///
    /// # Panics
    /// If the system has no port on the loopback interface.
    pub fn each(script: impl Fn(usize) -> Vec<Step> + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let (for_threads, script) = (Arc::clone(&shared), Mutex::new(script));
        let listener = Listener::start(move |index, stream| {
            for_threads.accepted(index);
            let steps = script.lock().unwrap_or_else(PoisonError::into_inner)(index);
            serve(&for_threads, index, &stream, &steps);
        });
        Self { shared, listener }
    }

    /// Returns the address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Returns its address as `tcp://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("tcp://{}", self.addr())
    }

    /// Returns the number of connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.lock().lines.len()
    }

    /// Returns when each connection was accepted.
    pub fn accepted(&self) -> Vec<Instant> {
        self.shared.lock().accepted.clone()
    }

    /// Returns the lines that each connection has received during its script.
    pub fn lines(&self) -> Vec<Vec<String>> {
        self.shared.lock().lines.clone()
    }

    /// Waits until this many connections have played their script to its end. Returns whether they did in time.
    #[must_use]
    pub fn wait_done(&self, connections: usize, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.done >= connections)
    }

    /// Waits until this many connections were accepted. Returns whether they were in time.
    #[must_use]
    pub fn wait_connections(&self, connections: usize, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.lines.len() >= connections)
    }

    /// Checks that each line was the one for which the script waited.
    ///
    /// # Panics
    /// If a line was another one.
    pub fn check(&self) {
        let surprises = self.shared.lock().surprises.clone();
        assert!(surprises.is_empty(), "the script was not followed:\n{}", surprises.join("\n"));
    }

    fn wait(&self, timeout: Duration, condition: impl Fn(&State) -> bool) -> bool {
        let state = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(state, timeout, |state| !condition(state));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a connection. The thread of a later one may be quicker.
    fn accepted(&self, index: usize) {
        let mut state = self.lock();
        let count = state.lines.len().max(index + 1);
        state.lines.resize(count, Vec::new());
        state.accepted.resize(count, Instant::now());
        drop(state);
        self.changed.notify_all();
    }

    /// Waits, but not beyond the end of the server.
    fn sleep(&self, time: Duration) {
        let state = self.lock();
        drop(self.changed.wait_timeout_while(state, time, |state| !state.stopping));
    }
}

fn serve(shared: &Shared, index: usize, stream: &TcpStream, steps: &[Step]) {
    // An error is the client's leaving in the middle of the script, which is its right.
    let ending = play(shared, index, stream, steps).unwrap_or(Ending::Close);
    if ending == Ending::Close {
        let _ = stream.shutdown(Shutdown::Write);
    }
    shared.lock().done += 1;
    shared.changed.notify_all();
    match ending {
        // What is left unread would turn the end into a reset.
        Ending::Close => drop(io::copy(&mut &*stream, &mut io::sink())),
        Ending::Reset => end_with_reset(stream),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Close,
    Reset,
}

fn play(shared: &Shared, index: usize, stream: &TcpStream, steps: &[Step]) -> io::Result<Ending> {
    let mut wire = Wire::new(stream);
    let mut line = String::new();
    let mut honest = Honest::default();
    for step in steps {
        match step {
            Step::Line | Step::Exactly(_) | Step::Call(_) => {
                line = read_line(shared, index, &mut wire)?;
                let call = parse(&line, Leniency::Strict).ok();
                let method = call.as_ref().and_then(|call| call.get("method")?.as_text());
                let surprise = match step {
                    Step::Exactly(expected) => *expected != line,
                    Step::Call(expected) => Some(&expected[..]) != method,
                    _ => false,
                };
                if surprise {
                    let words = format!("connection {index}: {step:?}, but {line:.300}");
                    shared.lock().surprises.push(words);
                }
            }
            Step::Send(bytes) => wire.write(bytes)?,
            Step::SendLine(text) => wire.write_lines(format!("{}\n", fill(text, &line, &mut honest)).as_bytes())?,
            Step::SendText(text) => wire.write(fill(text, &line, &mut honest).as_bytes())?,
            Step::Repeat(bytes, count) => {
                for _ in 0..*count {
                    wire.write(bytes)?;
                }
            }
            Step::Drip(bytes, apart) => {
                for byte in bytes.chunks(1) {
                    wire.write(byte)?;
                    shared.sleep(*apart);
                }
            }
            Step::Flood(bytes) => loop {
                wire.write(bytes)?;
            },
            Step::Wait(time) => shared.sleep(*time),
            Step::Serve => loop {
                let line = read_line(shared, index, &mut wire)?;
                wire.write_lines(&honest.answer(&line))?;
            },
            Step::Silence => loop {
                read_line(shared, index, &mut wire)?;
            },
            Step::Stall => {
                let state = shared.lock();
                drop(shared.changed.wait_while(state, |state| !state.stopping));
            }
            #[cfg(feature = "websocket")]
            Step::Request => drop(wire.read_request()?),
            #[cfg(feature = "websocket")]
            Step::Upgrade(then) => wire.upgrade(then)?,
            #[cfg(feature = "websocket")]
            Step::SendFrame(first, text) => {
                wire.write(&crate::frames::frame(*first, fill(text, &line, &mut honest).as_bytes()))?;
            }
            #[cfg(feature = "websocket")]
            Step::Frame(first, payload) => wire.wait_for_frame(*first, payload)?,
            Step::Close => break,
            Step::Reset => return Ok(Ending::Reset),
        }
    }
    Ok(Ending::Close)
}

/// Fills in a text of a script as the answer to a line.
fn fill(text: &str, line: &str, honest: &mut Honest) -> String {
    let call = parse(line, Leniency::Strict).ok();
    let id = call.as_ref().and_then(|call| call.get("id")).map_or_else(|| "null".to_owned(), |id| COMPACT.write(id));
    let text = text.replace("$id", &id);
    if text.contains("$result") { text.replace("$result", &honest.result(line)) } else { text }
}

fn read_line(shared: &Shared, index: usize, wire: &mut Wire<'_>) -> io::Result<String> {
    let line = wire.read_line()?;
    shared.lock().lines[index].push(line.clone());
    shared.changed.notify_all();
    Ok(line)
}
