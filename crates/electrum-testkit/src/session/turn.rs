//! Handles one line of a client: the calls in it, and the lines that answer them.

use std::time::Duration;

use super::answers::Answer;
use super::handshake::{self, Agreement};
use super::rpc::{self, Call, Message, Unit};
use super::{Session, State, methods, read};
use crate::chain::Chain;
use crate::family::{Dialect, Failure, Unversioned, Verdict, Version};
use crate::json::Json;

impl Session {
    pub(super) fn line(&mut self, now: Duration, chain: &mut Chain, line: &[u8]) {
        match read::read(&self.profile, &mut self.habits, line) {
            Message::Single(unit) => self.single(now, chain, unit),
            Message::Batch(units) => self.batch(now, chain, units),
            Message::Close => self.close(now),
            Message::Dead => self.state = State::Dead,
        }
    }

    fn single(&mut self, now: Duration, chain: &mut Chain, unit: Unit) {
        let call = match unit {
            Unit::Call(call) => call,
            Unit::Ignored => return,
            Unit::Bad(failure, id) => return self.failed(now, id, false, failure),
            Unit::Fatal(failure) => {
                self.failed(now, Json::Null, false, failure);
                return self.close(now);
            }
        };
        match self.call(now, chain, &call) {
            Answer::Result(result) => {
                self.debt -= i32::from(self.profile.dialect == Dialect::Fulcrum);
                self.answer(&call, Ok(result));
            }
            Answer::Error(failure) => {
                if let Some(id) = call.id {
                    self.failed(now, id, call.legacy, failure);
                }
            }
            Answer::Last(failure) => {
                self.answer(&call, Err(failure));
                self.close(now);
            }
            Answer::Close => self.close(now),
            Answer::Dead => self.state = State::Dead,
            Answer::Silence => {}
        }
    }

    fn batch(&mut self, now: Duration, chain: &mut Chain, units: Vec<Unit>) {
        let is_empty = units.is_empty();
        let (mut quick, mut slow) = (Vec::new(), Vec::new());
        for unit in units {
            let (call, result) = match unit {
                Unit::Call(call) => match self.call(now, chain, &call) {
                    Answer::Result(result) => (call, Ok(result)),
                    Answer::Error(failure) => (call, Err(failure)),
                    // libbitcoin sends the answers it has and abandons the rest; the other families send nothing.
                    Answer::Last(failure) if self.profile.dialect == Dialect::Libbitcoin => {
                        let id = call.id.unwrap_or(Json::Null);
                        quick.push(rpc::reply(&self.profile, id, false, Err(failure)));
                        self.quick.push(rpc::batch_text(&self.profile, &quick));
                        return self.close(now);
                    }
                    Answer::Last(failure) if self.profile.dialect == Dialect::Fulcrum => {
                        self.answer(&call, Err(failure));
                        return self.close(now);
                    }
                    Answer::Last(_) | Answer::Close => return self.close(now),
                    Answer::Dead => return self.state = State::Dead,
                    Answer::Silence => continue,
                },
                Unit::Bad(failure, id) => {
                    quick.push(rpc::reply(&self.profile, id, false, Err(failure)));
                    continue;
                }
                Unit::Fatal(_) => return self.close(now),
                Unit::Ignored => continue,
            };
            let Some(id) = call.id else { continue };
            let reply = rpc::reply(&self.profile, id, call.legacy, result);
            match self.profile.dialect == Dialect::Fulcrum && methods::is_slow(&call.method) {
                true => slow.push(reply),
                false => quick.push(reply),
            }
        }
        quick.append(&mut slow);
        if !quick.is_empty() || is_empty {
            self.quick.push(rpc::batch_text(&self.profile, &quick));
        }
    }

    fn call(&mut self, now: Duration, chain: &mut Chain, call: &Call) -> Answer {
        *self.requests.entry(call.method.clone()).or_default() += 1;
        if let Some(answer) = self.quirk(now, call) {
            return answer;
        }
        if call.method == "server.version" {
            return self.agree(call);
        }
        if self.version.is_none() {
            match self.profile.unversioned {
                Unversioned::Served(_) => {}
                Unversioned::Stalled if methods::exists(&call.method) => return Answer::Dead,
                Unversioned::Stalled => return Answer::Close,
                Unversioned::ShownOut => {
                    // Notifications without parameters, which crashed clients of 2018.
                    for method in ["blockchain.relayfee", "blockchain.estimatefee"] {
                        let text = self.profile.style.write(&rpc::notification(method, None));
                        self.quick.push(text);
                    }
                    let message = "use server.version to identify client";
                    return Answer::Last(Failure::new(1, message));
                }
            }
        }
        match self.method(chain, call) {
            Ok(result) => Answer::Result(result),
            Err(problem) => match problem.verdict(&self.profile, &call.method) {
                Verdict::Error(failure) => Answer::Error(failure),
                Verdict::Close => Answer::Close,
            },
        }
    }

    fn agree(&mut self, call: &Call) -> Answer {
        if let Some(version) = &self.version {
            match self.profile.dialect {
                Dialect::Python | Dialect::Fulcrum => {
                    return Answer::Error(Failure::new(1, "server.version already sent"));
                }
                Dialect::Libbitcoin => return self.introduce(version.to_string()),
                Dialect::Electrs | Dialect::Esplora => {}
            }
        }
        self.introduced(&call.params);
        match handshake::negotiate(&self.profile, &call.params) {
            Agreement::Version(version, words) => {
                self.version = Some(version);
                self.introduce(words)
            }
            Agreement::Refused(failure) if self.profile.closes_on_refusal => Answer::Last(failure),
            Agreement::Refused(failure) | Agreement::Wrong(failure) => Answer::Error(failure),
            Agreement::Close => Answer::Close,
        }
    }

    fn introduce(&self, version: String) -> Answer {
        Answer::Result(Json::array([self.settings.software.clone().into(), version.into()]))
    }

    /// Returns the version that answers are written for.
    pub(super) fn spoken(&self) -> Version {
        match (&self.version, self.profile.unversioned) {
            (Some(version), _) => version.clone(),
            (None, Unversioned::Served(components)) => Version::new(components),
            (None, _) => self.profile.protocol_min.clone(),
        }
    }

    fn answer(&mut self, call: &Call, result: Result<Json, Failure>) {
        let Some(id) = call.id.clone() else { return };
        let reply = rpc::reply(&self.profile, id, call.legacy, result);
        let text = self.profile.style.write(&reply);
        match self.profile.reorders && methods::is_slow(&call.method) {
            true => self.slow.push(text),
            false => self.quick.push(text),
        }
    }

    /// Answers with an error, and counts it by families that close the connection after too many.
    fn failed(&mut self, now: Duration, id: Json, legacy: bool, failure: Failure) {
        const PATIENCE: i32 = 10;
        let is_1_10 = self.profile.dialect == Dialect::Python && !self.profile.closes_on_refusal;
        let counts = match self.profile.dialect {
            Dialect::Fulcrum => failure.code < -32000,
            _ => is_1_10,
        };
        if counts {
            self.debt += 1;
            if self.profile.dialect == Dialect::Fulcrum && self.debt >= PATIENCE {
                return self.close(now);
            }
        }
        let text = self.profile.style.write(&rpc::reply(&self.profile, id, legacy, Err(failure)));
        self.quick.push(text);
        if is_1_10 && self.debt >= PATIENCE {
            self.close(now);
        }
    }
}
