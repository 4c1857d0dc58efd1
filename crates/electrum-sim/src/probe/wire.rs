//! Checks the outgoing bytes: complete lines, the version first, no method that the version lacks; with padding, in
//! writes of few sizes.

use electrum_proto::{Phase, Timestamp};
use serde_json::Value;

use std::collections::BTreeMap;

use super::{LinkLog, Pending, Probe};
use crate::methods::{RAW_PREFIX, is_in_version};

/// By how many bytes the client's own lines may exceed the limit on outgoing bytes.
const OWN_LINES: usize = 400;

/// The size of the smallest padded write.
const PADDED_LEAST: usize = 1024;

/// The methods that the client may use as a ping: versions before 1.2 have no `server.ping`.
const PINGS: [&str; 3] = ["server.ping", "server.donation_address", "server.banner"];

impl Probe {
    /// Checks the outgoing bytes after an input, a command or a poll.
    pub(super) fn check_outgoing(&mut self) {
        let Some(link) = self.link.as_mut().filter(|link| !link.over) else {
            if !self.client.outgoing().is_empty() {
                self.violate(2, "bytes are outgoing while there is no link");
            }
            return;
        };
        // The client has given up a link whose end was reported, and events from before are emitted first.
        if self.client.phase() == Phase::Backoff && self.client.outgoing().is_empty() {
            return;
        }
        let now = self.client.outgoing();
        if now.get(..link.outgoing.len()) != Some(&link.outgoing[..]) {
            match self.config.padding {
                true => blank(link, &self.pending, self.now, now),
                false => withdraw(link, &mut self.pending, self.now, now),
            }
        }
        let before = link.outgoing.len();
        if now.get(..before) != Some(&link.outgoing[..]) {
            self.violate(1, "bytes that were outgoing changed before they were written");
            return;
        }
        if now.len() == before {
            return;
        }
        link.outgoing.extend_from_slice(&now[before..]);
        let added = link.outgoing[before..].to_vec();
        let mut begin = link.acknowledged + before as u64;
        if !link.open {
            self.violate(2, "bytes are outgoing before the link is open");
        }
        if added.last() != Some(&b'\n') {
            self.violate(13, "a line has no end");
        }
        if self.config.padding && !(before == 0 && is_padded_size(added.len())) {
            self.violate(17, format!("{} bytes are to be written, behind {before}", added.len()));
        }
        for line in added.split_inclusive(|b| *b == b'\n') {
            self.line(line, begin);
            begin += line.len() as u64;
        }
        let (length, limit) = (self.client.outgoing().len(), self.config.limits.outgoing);
        let most = if self.config.padding { PADDED_LEAST + 2 * (limit + OWN_LINES) } else { limit + OWN_LINES };
        if length > most {
            self.violate(6, format!("{length} bytes are outgoing, {limit} are allowed"));
        }
    }

    /// Checks one outgoing line.
    fn line(&mut self, line: &[u8], begin: u64) {
        let now = self.now;
        self.note(now, || format!("    ⇒ {}", String::from_utf8_lossy(line).trim_end()));
        let shown = || String::from_utf8_lossy(line).into_owned();
        let parsed: Value = match serde_json::from_slice(line) {
            Ok(parsed) => parsed,
            Err(error) => return self.violate(13, format!("{error} in {}", shown())),
        };
        let (Some(id), Some(method), Some(params)) =
            (parsed["id"].as_u64(), parsed["method"].as_str(), parsed["params"].as_array())
        else {
            return self.violate(13, format!("it is no request: {}", shown()));
        };
        if parsed["jsonrpc"] != "2.0" {
            self.violate(13, format!("it is not JSON-RPC 2.0: {}", shown()));
        }
        if id <= self.last_id {
            self.violate(3, format!("an id is not new: {}", shown()));
        }
        self.last_id = id;
        let Some(link) = &mut self.link else { return };
        link.said = now;
        link.lines += 1;
        link.asked.push((id, method.to_owned()));
        let asks_for_chain = link.was_read && self.config.genesis_hash.is_some();
        let (lines, ready) = (link.lines, link.ready);
        match (lines, ready) {
            (1, _) => {
                let two = params.len() == 2
                    && params[0] == *self.config.client_name
                    && (params[1].is_array() || params[1].is_string());
                if method != "server.version" || !two {
                    self.violate(2, format!("the first line is {}", shown()));
                }
            }
            (2, None) if asks_for_chain && method == "server.features" => {}
            // The first header, if the features do not name the chain, or were not answered on an earlier link.
            (2 | 3, None) if asks_for_chain && method.starts_with("blockchain.block.") && params[0] == 0 => {}
            (_, None) => self.violate(2, format!("written before the version was accepted: {}", shown())),
            (_, Some((_, version))) => {
                if !is_in_version(method, version) {
                    self.violate(10, format!("not in {version}: {}", shown()));
                }
                self.request_line(id, method, begin, &shown);
            }
        }
    }

    /// Checks that the line of a caller's request has its method and parameters.
    fn request_line(&mut self, id: u64, method: &str, begin: u64, shown: &dyn Fn() -> String) {
        let Some(pending) = self.pending.get_mut(&id) else {
            let own = method.contains("subscribe") || PINGS.contains(&method);
            let is_raw_topic = method.strip_prefix(RAW_PREFIX) == Some("changes");
            let is_over = self.answered_early.contains(&id);
            if !own && !is_raw_topic && !is_over && method != "blockchain.block.headers" {
                self.violate(3, format!("no caller asked for this: {}", shown()));
            }
            return;
        };
        pending.begin = begin;
        let (asked, with) = pending.request.on_the_wire();
        // Compared as text, since parsing could change numbers with a fraction.
        let with: Vec<String> = with.iter().map(Value::to_string).collect();
        let text = shown();
        // Padding is before the last bracket.
        let unpadded = text.trim_end_matches("}\n").trim_end_matches(' ');
        let said_with = unpadded.ends_with(&format!("\"params\":[{}]", with.join(",")));
        let is_asked = asked == method || PINGS.contains(&asked) && PINGS.contains(&method);
        if !is_asked || !said_with {
            let what = format!("{:?} became {}", pending.request, shown());
            self.violate(13, what);
        }
    }

    /// Whether requests can be sent on the link.
    pub(super) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }
}

/// Whether a padded write has this size.
const fn is_padded_size(size: usize) -> bool {
    size.is_power_of_two() && size >= PADDED_LEAST
}

/// Records lines that the client has replaced with spaces. In a padded write it may do so with a request whose deadline
/// has passed and of which no byte was written. The newline of the last other request then ends the write; if there is
/// none, and no byte was written, the write is dropped.
fn blank(link: &mut LinkLog, pending: &BTreeMap<u64, Pending>, at: Timestamp, now: &[u8]) {
    let (mut shown, mut all_late) = (Vec::new(), true);
    for line in link.outgoing.split_inclusive(|b| *b == b'\n') {
        let same_place = now.get(shown.len()..shown.len() + line.len()).unwrap_or_default();
        let id = serde_json::from_slice::<Value>(line).ok().and_then(|line| line["id"].as_u64());
        let is_late = |id: u64| pending.get(&id).is_none_or(|pending| pending.deadline <= at);
        let is_blank = same_place.len() == line.len() && same_place.iter().all(|byte| matches!(byte, b' ' | b'\n'));
        let is_withdrawn = is_blank && id.is_some_and(is_late);
        all_late &= id.is_some_and(is_late);
        shown.extend(line.iter().map(|byte| if is_withdrawn { b' ' } else { *byte }));
    }
    if now.last() == Some(&b'\n') && shown.last() == Some(&b' ') {
        if let Some(newline) = shown.iter().rposition(|byte| *byte == b'\n') {
            let last = shown.len() - 1;
            shown.swap(newline, last);
        }
    }
    if all_late && is_padded_size(shown.len()) && !now.starts_with(&shown) {
        shown.clear();
    }
    link.outgoing = shown;
}

/// Removes the lines that the client has withdrawn, which it may do with a request whose deadline has passed and of
/// which no byte was written.
fn withdraw(link: &mut LinkLog, pending: &mut BTreeMap<u64, Pending>, at: Timestamp, now: &[u8]) {
    let (mut kept, mut begin) = (Vec::new(), link.acknowledged);
    for line in link.outgoing.split_inclusive(|b| *b == b'\n') {
        let id = serde_json::from_slice::<Value>(line).ok().and_then(|line| line["id"].as_u64());
        // A request that is no longer pending was answered with its time-out.
        let is_late = |id: u64| pending.get(&id).is_none_or(|pending| pending.deadline <= at);
        let follows = now.get(kept.len()..).is_some_and(|rest| rest.starts_with(line));
        if follows || !id.is_some_and(is_late) {
            kept.extend_from_slice(line);
            begin += line.len() as u64;
        } else {
            let behind = pending.values_mut().filter(|pending| pending.begin > begin && pending.begin < u64::MAX);
            behind.for_each(|pending| pending.begin -= line.len() as u64);
        }
    }
    link.outgoing = kept;
}

#[cfg(test)]
mod tests {
    use electrum_proto::{Action, Client, Config, Input};

    use super::*;

    /// Returns a probe that expects padding, of a client that pads or not, with an open connection.
    fn opened(padding: bool) -> Probe {
        let config = Config { padding: true, ..Config::default() };
        let client = Client::new(Config { padding, ..config.clone() }, Timestamp::ZERO);
        let Action::Connect(conn, _) = client.clone().poll() else { panic!("it does not connect") };
        let mut probe = Probe { client, ..Probe::new(config, Timestamp::ZERO) };
        probe.drain();
        probe.handle(Timestamp::ZERO, Input::Connected(conn));
        probe.drain();
        probe
    }

    #[test]
    fn a_write_of_another_size_is_found() {
        assert_eq!(opened(true).violation(), None);
        assert_eq!(opened(false).violation().map(|violation| violation.invariant), Some(17));
    }
}
