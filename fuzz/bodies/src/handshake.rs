//! What a server says before the client is ready.

use electrum_proto::{Config, ProtocolVersion, VersionRange};

use crate::session::{Session, whole_as_in_pieces};
use crate::strict::{self, Members};

/// The first byte is the size of the pieces, two bits of the second choose the configuration, the rest is the server's.
///
/// A client becomes ready only by an answer to its own question with a version that it wants, and by such an
/// answer on the first line always.
pub fn handshake(data: &[u8]) {
    let [size, choice, bytes @ ..] = data else { return };
    let mut config = Config { accept_numeric_version: choice & 1 == 1, ..Config::default() };
    if choice & 2 == 2 {
        config.versions =
            VersionRange::new(ProtocolVersion::V1_4, ProtocolVersion::V1_4_2).expect("the lower one comes first");
    }
    let limit = config.limits.line_before_ready;
    let judge = Judge { versions: config.versions, takes_numbers: config.accept_numeric_version };
    let (whole, question) = Session::connected(config.clone());
    let (pieces, again) = Session::connected(config);
    assert_eq!(question, again);
    let members = Members::of(question.trim_end()).expect("the question is JSON");
    assert_eq!(members.get("method"), Some("\"server.version\""), "it goes first, alone");
    assert_eq!(members.get("id"), Some("1"));

    let emitted = whole_as_in_pieces(whole, pieces, bytes, usize::from(*size));

    let ready: Vec<&String> = emitted.iter().filter(|word| word.starts_with("ready ")).collect();
    assert!(ready.len() <= 1, "once on a link: {ready:?}");
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).collect();
    let answers = || lines.iter().filter_map(|line| std::str::from_utf8(line).ok());
    if let Some(ready) = ready.first() {
        let is_agreed = answers().any(|line| judge.may_agree(line, ready));
        assert!(is_agreed, "{ready:?}, but no line says so");
    }
    if let Some(line) = lines.first().filter(|line| line.len() <= limit) {
        let version = std::str::from_utf8(line).ok().and_then(|line| judge.agreed(line));
        if let Some(version) = version {
            assert!(ready.iter().any(|word| word.starts_with(&format!("ready {version} "))), "{version}: {emitted:?}");
        }
    }
}

struct Judge {
    versions: VersionRange,
    takes_numbers: bool,
}

impl Judge {
    /// Whether this line can be what made the client `ready`.
    fn may_agree(&self, line: &str, ready: &str) -> bool {
        let says = |text: &str| self.agreed(text).is_some_and(|v| ready.starts_with(&format!("ready {v} ")));
        match strict::elements(line) {
            Some(elements) => elements.into_iter().any(says),
            None if strict::is_json(line) => says(line),
            // Not JSON to the letter, but the client does not read closely what it has no use for. A version
            // that it wants must stand there all the same.
            None => {
                line.contains('\\')
                    || line.split(|c: char| !c.is_ascii_digit() && c != '.').any(|part| self.wants(part).is_some())
            }
        }
    }

    /// The version that this message agrees to, if it is an answer to our question to the letter.
    fn agreed(&self, text: &str) -> Option<ProtocolVersion> {
        let members = Members::of(text)?;
        let is_doubtful = ["id", "method", "params", "result", "error"].iter().any(|key| members.has_twice(key));
        let is_error = members.get("error").is_some_and(|error| error != "null");
        if is_doubtful || is_error || members.get("method").is_some() || members.get("id") != Some("1") {
            return None;
        }
        let result = strict::elements(members.get("result")?)?;
        let [software, version] = result[..] else { return None };
        strict::string(software)?;
        match strict::string(version) {
            Some(version) => self.wants(&version),
            None if self.takes_numbers => self.wants(version),
            None => None,
        }
    }

    fn wants(&self, text: &str) -> Option<ProtocolVersion> {
        text.parse().ok().filter(|version| self.versions.contains(*version))
    }
}
