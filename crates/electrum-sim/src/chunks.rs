//! Compares two clients that read the same bytes, one of them in small chunks: they must emit the same.

use std::time::Duration;

use electrum_proto::{CloseCause, Input, Phase, SubscribeError, Timestamp};

use super::clock::Clock;
use super::generate::{self, TOPICS, topic};
use super::messages::Layout;
use super::probe::{Emitted, Probe};
use super::server::{Answer, Chain, Server, Session};
use super::trace::Trace;

/// The maximum number of rounds of a run.
const ROUNDS: u32 = 40;

/// Plays one run of two clients that `trace` decides. In each round the server's bytes are fixed. One client reads them
/// at once and is polled at the end; the other one reads them in arbitrary chunks and is polled in between.
///
/// Events that follow from writing may come at another place: room for commands, and topics that the version lacks.
/// With nudges, padding, a small window or a busy server the written requests may differ too, since they depend on how
/// many answers are read at once; so these do not occur here.
///
/// # Example
/// ```
/// use electrum_sim::{Trace, chunked_run};
///
/// // The client that reads all bytes at once, or the difference to the one that reads them in chunks.
/// let probe = chunked_run(&mut Trace::from_seed(1), false);
/// assert_eq!(probe.violation(), None);
/// ```
#[must_use]
pub fn chunked_run(trace: &mut Trace, record: bool) -> Probe {
    let mut config = generate::config(trace);
    config.nudge = false;
    config.padding = false;
    config.resubscribe_window = 500;
    config.limits = electrum_proto::Limits::default();
    // Long pauses between rounds would involve timers.
    config.servers = 1;
    let mut run = Chunks {
        whole: Probe::new(config.clone(), Timestamp::ZERO),
        pieces: Probe::new(config, Timestamp::ZERO),
        server: Server::draw(trace),
        session: Session::default(),
        chain: Chain::default(),
        clock: Clock::draw(trace),
        now: Duration::ZERO,
        requests: 0,
        was_ready: false,
        trace,
    };
    if record {
        run.whole.record();
    }
    run.run();
    run.whole
}

struct Chunks<'a> {
    trace: &'a mut Trace,
    whole: Probe,
    pieces: Probe,
    server: Server,
    session: Session,
    chain: Chain,
    clock: Clock,
    now: Duration,
    requests: u32,
    /// Whether the client became ready in the last round.
    was_ready: bool,
}

impl Chunks<'_> {
    fn run(&mut self) {
        for _ in 0..self.trace.below(ROUNDS) {
            let was_ready = self.whole.version().is_some();
            self.round();
            if let Some(violation) = self.pieces.violation() {
                self.whole.violate(violation.invariant, violation.what.clone());
            }
            // If the link ends in this round, only one of the two may have had a turn to write.
            let is_over = self.whole.version().is_none() && (was_ready || self.was_ready);
            if self.whole.violation().is_some() || is_over {
                return;
            }
        }
    }

    fn at(&self) -> Timestamp {
        Timestamp::new(self.now)
    }

    /// Gives both clients the same commands and inputs, and checks that they emit and write the same.
    fn round(&mut self) {
        self.now += Duration::from_millis(self.trace.pick(&[1, 100, 20_000])) + self.clock.lateness(self.trace);
        let now = self.at();
        let mut emitted = (Vec::new(), Vec::new());
        self.command();
        self.both(&mut emitted, |probe| probe.handle(now, Input::Tick));
        if let Some(conn) = self.whole.conn() {
            if self.whole.phase() == Phase::Connecting {
                self.session = Session::default();
                self.both(&mut emitted, |probe| probe.handle(now, Input::Connected(conn)));
            }
            let outgoing = self.whole.outgoing().to_vec();
            self.both(&mut emitted, |probe| probe.handle(now, Input::Wrote(conn, outgoing.len())));
            let bytes = self.answers(&outgoing);
            let end = self.trace.chance(100).then(|| match self.trace.chance(500) {
                true => CloseCause::End,
                false => CloseCause::Failed("broken".into()),
            });
            self.whole.handle(now, Input::Read(conn, &bytes));
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let longest = if self.trace.chance(300) { 3 } else { rest.len() };
                let cut = 1 + self.trace.index(longest);
                let (piece, behind) = rest.split_at(cut.min(rest.len()));
                rest = behind;
                self.pieces.handle(now, Input::Read(conn, piece));
                match self.trace.below(3) {
                    0 => {}
                    1 => emitted.1.push(self.pieces.poll()),
                    _ => emitted.1.append(&mut self.pieces.drain()),
                }
            }
            if let Some(cause) = end {
                self.whole.handle(now, Input::Closed(conn, cause.clone()));
                self.pieces.handle(now, Input::Closed(conn, cause));
            }
        }
        emitted.0.append(&mut self.whole.drain());
        emitted.1.append(&mut self.pieces.drain());
        self.compare(emitted);
    }

    fn both(&mut self, emitted: &mut (Vec<Emitted>, Vec<Emitted>), act: impl Fn(&mut Probe)) {
        act(&mut self.whole);
        act(&mut self.pieces);
        emitted.0.append(&mut self.whole.drain());
        emitted.1.append(&mut self.pieces.drain());
    }

    fn command(&mut self) {
        let now = self.at();
        for _ in 0..self.trace.below(4) {
            match self.trace.below(3) {
                0 => {
                    self.requests += 1;
                    let request = generate::request(self.trace, self.requests);
                    let _ = self.pieces.request(now, None, request.clone());
                    let _ = self.whole.request(now, None, request);
                }
                1 => {
                    // Raw topics are left out: their answers and notifications differ, so it would matter which comes
                    // first.
                    let wanted = topic(self.trace.pick(&[0, 1, 3, 4, 5, 6]));
                    let _ = self.pieces.subscribe(now, wanted.clone());
                    let _ = self.whole.subscribe(now, wanted);
                }
                _ => {
                    let which = self.trace.index(self.whole.subs().len().max(1));
                    for probe in [&mut self.pieces, &mut self.whole] {
                        if let Some(sub) = probe.subs().keys().nth(which).copied() {
                            probe.unsubscribe(now, sub);
                        }
                    }
                }
            }
        }
    }

    /// Returns the server's bytes of this round: answers in any order, notifications, arrays, and sometimes nonsense.
    fn answers(&mut self, outgoing: &[u8]) -> Vec<u8> {
        let layout = Layout { pads_to: 0, ..self.server.layout };
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for question in self.session.read(outgoing) {
            let answer = self.server.answer(&mut self.session, &question, &self.chain);
            let id = question.id.to_string();
            let (text, outcome) = match answer {
                Answer::Close => ("x".into(), Ok(String::new())),
                Answer::Nothing => continue,
                Answer::Result(result) => (layout.result(&id, &result), Ok(result)),
                Answer::Error(error, message) => (layout.error(&id, &error), Err(message)),
            };
            self.pieces.will_be_answered(Some(question.id), outcome.clone());
            self.whole.will_be_answered(Some(question.id), outcome);
            let text = if self.trace.chance(100) { format!("[{text} , {text}]") } else { text };
            let at = lines.len() - self.trace.index(lines.len() + 1);
            lines.insert(at, layout.line(text));
        }
        // Notifications may overtake answers, but not each other.
        let mut behind_last = 0;
        for _ in 0..self.trace.below(3) {
            let thing = self.trace.index(TOPICS);
            self.chain.change(thing);
            // Notifications of a topic that is about to be subscribed could come before or after the request.
            if let Some(version) = self.session.version.filter(|_| self.session.subscribed.contains(&thing)) {
                let (method, params) = self.chain.notification(thing, version);
                let at = lines.len() - self.trace.index(lines.len() + 1 - behind_last);
                behind_last = at + 1;
                lines.insert(at, layout.line(layout.notification(method, &params)));
            }
        }
        if self.trace.chance(30) {
            lines.push(self.trace.pick(&[&b"garbage\n"[..], b"\n", b"\r\n", b"[]\n", b"{}\n", b"{\"id\":"]).to_vec());
        }
        lines.concat()
    }

    fn compare(&mut self, (whole, pieces): (Vec<Emitted>, Vec<Emitted>)) {
        // Events that follow from writing come when it happens, and the text of a reset may be that of a closed link.
        let from_writing = |emitted: &Emitted| {
            matches!(
                emitted,
                Emitted::Capacity | Emitted::Wait(_) | Emitted::Refused { error: SubscribeError::NotInVersion(_), .. }
            )
        };
        // A link whose end was emitted before its last bytes were found to be wrong need not be disconnected.
        let counts = |emitted: &Emitted| !from_writing(emitted) && !matches!(emitted, Emitted::Disconnect(_));
        // Compared as text, which has the number of a subscription but not its place in the table.
        let select = |all: &[Emitted], which: &dyn Fn(&Emitted) -> bool| -> Vec<String> {
            all.iter().filter(|emitted| which(emitted)).map(|emitted| format!("{emitted:?}")).collect()
        };
        let (a, b) = (select(&whole, &counts), select(&pieces, &counts));
        if a != b {
            self.whole.violate(1, format!("emitted of whole pieces\n{a:#?}\nand of small ones\n{b:#?}"));
        }
        let refused =
            |emitted: &Emitted| matches!(emitted, Emitted::Refused { error: SubscribeError::NotInVersion(_), .. });
        self.was_ready = whole.iter().any(|emitted| matches!(emitted, Emitted::Ready { .. }));
        let is_down = |emitted: &Emitted| matches!(emitted, Emitted::Down { .. });
        if !whole.iter().any(is_down) && select(&whole, &refused).len() != select(&pieces, &refused).len() {
            self.whole.violate(1, "topics were refused in another number");
        }
        if self.whole.outgoing() != self.pieces.outgoing() {
            let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (a, b) = (shown(self.whole.outgoing()), shown(self.pieces.outgoing()));
            self.whole.violate(1, format!("outgoing after whole pieces\n{a}\nand after small ones\n{b}"));
        }
    }
}
