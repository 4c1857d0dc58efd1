//! The fake families answer as the real servers did when they were recorded.
//!
//! Compared byte for byte, except for what depends on the chain behind the server.

use std::path::Path;
use std::time::Duration;

use electrum_testkit::Family;
use electrum_testkit::chain::Chain;
use electrum_testkit::session::{Action, Session, Settings};
use serde_json::Value;

/// The tip of the recorded chain, so that heights are as long.
const HEIGHT: u32 = 161;

macro_rules! recorded {
    ($($test:ident: $family:ident, $name:literal, $port:literal;)*) => {$(
        #[test]
        fn $test() {
            replay(Family::$family, $name, $port);
        }
    )*};
}

recorded! {
    electrumx_1_10: ElectrumX1_10, "electrumX-1.10.0", 50001;
    electrumx_1_16: ElectrumX1_16, "e-x-1.16.0", 50001;
    electrumx_1_18: ElectrumX1_18, "e-x-1.18.0", 50001;
    electrumx_2_0: ElectrumX2_0, "e-x-2.0.0", 50001;
    fulcrum_2_1: Fulcrum2_1, "fulcrum-2.1.1", 60001;
    electrs: Electrs, "romanz-electrs-0.11.1", 60401;
    electrs_esplora: ElectrsEsplora, "electrs-esplora-0.4.1", 50001;
}

fn replay(family: Family, name: &str, port: u16) {
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut chain = Chain::genesis();
    chain.mine(HEIGHT);
    let mut failures = Vec::new();
    let mut count = 0;
    for folder in ["handshake", "messages"] {
        let Ok(text) = std::fs::read(recordings.join(folder).join(format!("{name}.json"))) else {
            assert_eq!(folder, "messages", "every family has its handshakes recorded");
            continue;
        };
        let recording: Value = serde_json::from_slice(&text).unwrap();
        for scenario in recording["scenarios"].as_array().unwrap() {
            count += 1;
            let mut connection = Connection::new(family, port, &chain);
            if let Err(difference) = connection.play(scenario["steps"].as_array().unwrap()) {
                failures.push(format!("{}: {difference}", scenario["name"]));
            }
        }
    }
    assert!(count >= 80, "{count} scenarios");
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
}

/// One connection in virtual time.
struct Connection {
    session: Session,
    chain: Chain,
    now: Duration,
    received: Vec<u8>,
    closed: bool,
}

impl Connection {
    fn new(family: Family, port: u16, chain: &Chain) -> Self {
        let settings = Settings { port, ..Settings::new(family) };
        let session = Session::with(family, settings, Duration::ZERO);
        let (now, received) = (Duration::ZERO, Vec::new());
        Self { session, chain: chain.clone(), now, received, closed: false }
    }

    fn play(&mut self, steps: &[Value]) -> Result<(), String> {
        let mut steps = steps.iter().peekable();
        let mut sent_at = self.now;
        let mut segment = (0, Vec::new());
        while let Some(step) = steps.next() {
            let note = step["note"].as_str().unwrap_or_default();
            if let Some(text) = step["send"].as_str() {
                let bytes = sent_bytes(text, note);
                sent_at = self.now;
                if segment.0 > 0 {
                    segment.0 -= 1;
                    segment.1.extend(bytes);
                    if segment.0 == 0 {
                        self.send(&std::mem::take(&mut segment.1));
                    }
                } else if note == "one byte at a time" {
                    bytes.chunks(1).for_each(|byte| self.send(byte));
                } else {
                    self.send(&bytes);
                }
                let half_closes =
                    |step: &&Value| step["note"].as_str().is_some_and(|note| note.starts_with("client closed"));
                if steps.peek().is_some_and(half_closes) {
                    self.session.end_of_input(self.now);
                }
            } else if let Some(line) = step["recv"].as_str() {
                self.expect(line)?;
                let late = self.now - sent_at;
                // A recorded wait of a second means that the answer was held back; shorter ones depend on the machine.
                let held_back = step["ms"].as_u64().unwrap() > 500;
                if held_back != (late > Duration::ZERO) {
                    return Err(format!("{line:.80} came after {late:?}, held back: {held_back}"));
                }
            } else if !step["closed"].is_null() {
                self.drain();
                if !self.closed || !self.received.is_empty() {
                    return Err(format!("not closed, but {:?}", self.shown()));
                }
            } else if step["silent"] == true {
                self.wait_until(self.now + Duration::from_millis(step["ms"].as_u64().unwrap()));
                if self.closed || !self.received.is_empty() {
                    return Err(format!("not silent, but {:?}", self.shown()));
                }
            } else if let Some(lines) = note.strip_prefix("the next ") {
                segment.0 = lines.split(' ').next().unwrap().parse().unwrap();
            } else if note.starts_with("then ") {
                sent_at = self.now;
                self.send(b"\n");
            } else {
                let known = ["not sent", "client closed"];
                assert!(known.iter().any(|known| note.starts_with(known)), "{step}");
            }
        }
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) {
        self.session.receive(self.now, &mut self.chain, bytes);
    }

    /// Waits for a line, as long as something is being held back.
    fn expect(&mut self, recorded: &str) -> Result<(), String> {
        let line = loop {
            self.drain();
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                break self.received.drain(..=end).collect::<Vec<_>>();
            }
            match self.session.wake_at() {
                Some(due) => self.wait_until(due),
                None => return Err(format!("nothing came for {recorded:.300}")),
            }
        };
        let line = String::from_utf8(line).unwrap();
        let (ours, theirs) = (masked(line.trim_end_matches('\n')), masked(recorded));
        if ours != theirs {
            return Err(format!("\n  ours   {ours:.400}\n  theirs {theirs:.400}"));
        }
        Ok(())
    }

    fn wait_until(&mut self, time: Duration) {
        while let Some(due) = self.session.wake_at().filter(|due| *due <= time) {
            self.now = self.now.max(due);
            self.session.wake(self.now);
        }
        self.now = self.now.max(time);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(action) = self.session.action() {
            match action {
                Action::Write(bytes) => self.received.extend(bytes),
                Action::Close => self.closed = true,
            }
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

/// What went over the wire for a recorded send.
fn sent_bytes(text: &str, note: &str) -> Vec<u8> {
    if text.starts_with("<a TLS 1.0 client hello") {
        return client_hello();
    }
    match note {
        "without a newline" => text.as_bytes().to_vec(),
        "with Host line and blank line" => {
            let text = text.trim_end();
            format!("{text}\r\nHost: localhost\r\n\r\n").into_bytes()
        }
        "the two bytes FF FE between the quotes" => {
            let mut bytes = text.as_bytes().to_vec();
            let at = text.find("<FF FE>").unwrap();
            bytes.splice(at..at + "<FF FE>".len(), [0xff, 0xfe]);
            bytes.push(b'\n');
            bytes
        }
        _ => format!("{text}\n").into_bytes(),
    }
}

/// A TLS 1.0 client hello of 54 bytes. How Fulcrum quotes it shows which bytes are printable, and that one
/// near its end is a newline.
fn client_hello() -> Vec<u8> {
    let mut hello = vec![0x16, 3, 1, 0, b'1', 1, 0, 0, b'-', 3, 1];
    hello.resize(54, 0);
    (hello[47], hello[51]) = (b'5', b'\n');
    hello
}

/// Blanks what depends on the chain: long hex, and the numbers of a deserialized header.
fn masked(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while !rest.is_empty() {
        let hex = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if hex >= 64 {
            out.push_str(&"#".repeat(hex));
        } else {
            out.push_str(&rest[..hex]);
        }
        rest = &rest[hex..];
        if let Some(c) = rest.chars().next().filter(|_| hex == 0 || !rest.is_empty()) {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    for name in ["\"version\": ", "\"timestamp\": ", "\"nonce\": ", "\"height\":"] {
        if let Some(at) = out.find(name).map(|at| at + name.len()) {
            let digits = out[at..].bytes().take_while(u8::is_ascii_digit).count();
            out.replace_range(at..at + digits, "N");
        }
    }
    out
}
