//! Two clients that are told the same, one in whole pieces and the other in small ones: they must tell the same.

use electrum_proto::{CloseCause, Input, Phase, SubscribeError, Timestamp};

use super::choices::{self, TOPICS, ask, topic};
use super::messages::Layout;
use super::probe::{Probe, Told};
use super::server::{Answer, Chain, Server, Session};
use super::tape::Tape;

/// The longest life, in rounds.
const ROUNDS: u32 = 40;

/// Plays one life of two clients that `tape` decides. Each round a server's bytes are fixed beforehand; one client
/// reads them at once and is polled in the end, the other reads them cut anywhere and is polled in between.
///
/// What follows from the machine's own turn at writing may come at another place among the events: room, and topics
/// that the version lacks. With nudges, a small window or a busy server the requests that are written may differ too,
/// for how many answers one turn sees is what they depend on; so there are none of these here.
#[must_use]
pub fn chunked_life(tape: &mut Tape, record: bool) -> Probe {
    let mut config = choices::config(tape);
    config.nudge = false;
    config.resubscribe_window = 500;
    config.limits = electrum_proto::Limits::default();
    // A long pause between two rounds would be a matter of timers.
    config.servers = 1;
    let mut life = Chunks {
        whole: Probe::new(config.clone(), Timestamp::ZERO),
        pieces: Probe::new(config, Timestamp::ZERO),
        server: Server::draw(tape),
        session: Session::default(),
        chain: Chain::default(),
        now: 0,
        asks: 0,
        was_ready: false,
        tape,
    };
    if record {
        life.whole.record();
    }
    life.run();
    life.whole
}

struct Chunks<'a> {
    tape: &'a mut Tape,
    whole: Probe,
    pieces: Probe,
    server: Server,
    session: Session,
    chain: Chain,
    now: u64,
    asks: u32,
    /// The client became ready in the last round.
    was_ready: bool,
}

impl Chunks<'_> {
    fn run(&mut self) {
        for _ in 0..self.tape.below(ROUNDS) {
            let was_ready = self.whole.version().is_some();
            self.round();
            if let Some(violation) = self.pieces.violation() {
                self.whole.violate(violation.invariant, violation.what.clone());
            }
            // A link that ends with what is read takes with it what one of the two had a turn to write.
            let is_over = self.whole.version().is_none() && (was_ready || self.was_ready);
            if self.whole.violation().is_some() || is_over {
                return;
            }
        }
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    /// Both get the same wishes and facts; then they must have told and written the same.
    fn round(&mut self) {
        self.now += self.tape.pick(&[1_u64, 100, 20_000]);
        let now = self.at();
        let mut told = (Vec::new(), Vec::new());
        self.wish();
        self.both(&mut told, |probe| probe.handle(now, Input::Tick));
        if let Some(conn) = self.whole.conn() {
            if self.whole.phase() == Phase::Connecting {
                self.session = Session::default();
                self.both(&mut told, |probe| probe.handle(now, Input::Connected(conn)));
            }
            let outgoing = self.whole.outgoing().to_vec();
            self.both(&mut told, |probe| probe.handle(now, Input::Wrote(conn, outgoing.len())));
            let bytes = self.answers(&outgoing);
            let end = self.tape.chance(100).then(|| match self.tape.chance(500) {
                true => CloseCause::End,
                false => CloseCause::Failed("broken".into()),
            });
            self.whole.handle(now, Input::Read(conn, &bytes));
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let longest = if self.tape.chance(300) { 3 } else { rest.len() };
                let cut = 1 + self.tape.index(longest);
                let (piece, behind) = rest.split_at(cut.min(rest.len()));
                rest = behind;
                self.pieces.handle(now, Input::Read(conn, piece));
                match self.tape.below(3) {
                    0 => {}
                    1 => told.1.push(self.pieces.poll()),
                    _ => told.1.append(&mut self.pieces.drain()),
                }
            }
            if let Some(cause) = end {
                self.whole.handle(now, Input::Closed(conn, cause.clone()));
                self.pieces.handle(now, Input::Closed(conn, cause));
            }
        }
        told.0.append(&mut self.whole.drain());
        told.1.append(&mut self.pieces.drain());
        self.compare(told);
    }

    fn both(&mut self, told: &mut (Vec<Told>, Vec<Told>), act: impl Fn(&mut Probe)) {
        act(&mut self.whole);
        act(&mut self.pieces);
        told.0.append(&mut self.whole.drain());
        told.1.append(&mut self.pieces.drain());
    }

    fn wish(&mut self) {
        let now = self.at();
        for _ in 0..self.tape.below(4) {
            match self.tape.below(3) {
                0 => {
                    self.asks += 1;
                    let ask = ask(self.tape, self.asks);
                    let _ = self.pieces.request(now, None, ask.clone());
                    let _ = self.whole.request(now, None, ask);
                }
                1 => {
                    // Answers and news of raw topics look different, so it would matter which came first.
                    let wanted = topic(self.tape.pick(&[0, 1, 3, 4, 5, 6]));
                    let _ = self.pieces.subscribe(now, wanted.clone());
                    let _ = self.whole.subscribe(now, wanted);
                }
                _ => {
                    let which = self.tape.index(self.whole.subs().len().max(1));
                    for probe in [&mut self.pieces, &mut self.whole] {
                        if let Some(sub) = probe.subs().keys().nth(which).copied() {
                            probe.unsubscribe(now, sub);
                        }
                    }
                }
            }
        }
    }

    /// What the server says in this round: answers in any order, news, arrays, and sometimes nonsense.
    fn answers(&mut self, outgoing: &[u8]) -> Vec<u8> {
        let layout = Layout { pads_to: 0, ..self.server.layout };
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for question in self.session.read(outgoing) {
            let answer = self.server.answer(&mut self.session, &question, &self.chain);
            let id = question.id.to_string();
            let (text, outcome) = match answer {
                Answer::Close => ("x".into(), Ok(String::new())),
                Answer::Result(result) => (layout.result(&id, &result), Ok(result)),
                Answer::Error(error, message) => (layout.error(&id, &error), Err(message)),
            };
            self.pieces.will_be_answered(Some(question.id), outcome.clone());
            self.whole.will_be_answered(Some(question.id), outcome);
            let text = if self.tape.chance(100) { format!("[{text} , {text}]") } else { text };
            let at = lines.len() - self.tape.index(lines.len() + 1);
            lines.insert(at, layout.line(text));
        }
        // News may overtake answers, but not other news.
        let mut behind_news = 0;
        for _ in 0..self.tape.below(3) {
            let thing = self.tape.index(TOPICS);
            self.chain.change(thing);
            // News of what is about to be subscribed would be older or newer than the question, as the turns fall.
            if let Some(version) = self.session.version.filter(|_| self.session.subscribed.contains(&thing)) {
                let (method, params) = self.chain.news(thing, version);
                let at = lines.len() - self.tape.index(lines.len() + 1 - behind_news);
                behind_news = at + 1;
                lines.insert(at, layout.line(layout.notification(method, &params)));
            }
        }
        if self.tape.chance(30) {
            lines.push(self.tape.pick(&[&b"garbage\n"[..], b"\n", b"\r\n", b"[]\n", b"{}\n", b"{\"id\":"]).to_vec());
        }
        lines.concat()
    }

    fn compare(&mut self, (whole, pieces): (Vec<Told>, Vec<Told>)) {
        // What a turn at writing tells comes when the turn does, and the words of a reset may be one of a closed link.
        let of_the_turn = |told: &Told| {
            matches!(
                told,
                Told::Capacity | Told::Wait(_) | Told::Refused { error: SubscribeError::NotInVersion(_), .. }
            )
        };
        // A link whose end was told before its last bytes were found to be wrong need not be closed any more.
        let counts = |told: &Told| !of_the_turn(told) && !matches!(told, Told::Disconnect(_));
        // In words, which is where the number of a subscription is, and not the place that it happens to have.
        let select = |all: &[Told], which: &dyn Fn(&Told) -> bool| -> Vec<String> {
            all.iter().filter(|told| which(told)).map(|told| format!("{told:?}")).collect()
        };
        let (a, b) = (select(&whole, &counts), select(&pieces, &counts));
        if a != b {
            self.whole.violate(1, format!("told of whole pieces\n{a:#?}\nand of small ones\n{b:#?}"));
        }
        let refused = |told: &Told| matches!(told, Told::Refused { error: SubscribeError::NotInVersion(_), .. });
        self.was_ready = whole.iter().any(|told| matches!(told, Told::Ready { .. }));
        let is_down = |told: &Told| matches!(told, Told::Down { .. });
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
