//! Results of all operations.

use electrum_proto::json::RawJson;
use electrum_proto::{ProtocolVersion, Request};

// The one list of all operations, which the tests of the core hold against the table.
#[path = "../../../crates/electrum-proto/tests/operations/all.rs"]
mod all;
// What the corpus says by number.
#[path = "../../../crates/electrum-proto/tests/operations/versions.rs"]
mod versions;

use all::{Visitor, visit_all};
use versions::VERSIONS;

/// The first byte chooses the operation, the second the version, the rest is the text of a result: it is decoded or refused.
pub fn decode(data: &[u8]) {
    let [operation, version, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let version = VERSIONS[usize::from(*version) % VERSIONS.len()];
    let mut count = Count(0);
    visit_all(&mut count);
    let mut one = One { left: usize::from(*operation) % count.0, version, text };
    visit_all(&mut one);
}

/// Decodes a server's result of `request`: the first byte chooses the version, the rest is the text of the result. It is
/// decoded, or refused with words that say what is wrong; nothing panics. `examples/own_operation.rs` fuzzes an operation
/// of its own with it.
pub fn decode_result<R: Request>(request: &R, data: &[u8]) {
    let [version, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    decode_text(request, VERSIONS[usize::from(*version) % VERSIONS.len()], text);
}

fn decode_text<R: Request>(request: &R, version: ProtocolVersion, text: &str) {
    if let Err(error) = request.decode(version, RawJson::new(text)) {
        assert!(!error.what().is_empty(), "{} must say what is wrong", R::NAME);
    }
}

/// The two bytes for the first operation that asks with `method` on `version`.
#[must_use]
pub fn operation_of(method: &str, version: ProtocolVersion) -> Option<[u8; 2]> {
    let mut find = Find { method, version, at: 0, found: None };
    visit_all(&mut find);
    let of_version = VERSIONS.iter().rposition(|known| *known <= version)?;
    Some([find.found?, u8::try_from(of_version).ok()?])
}

struct Count(usize);

impl Visitor for Count {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, _: &'static str, _: R) {
        self.0 += 1;
    }
}

struct One<'a> {
    left: usize,
    version: ProtocolVersion,
    text: &'a str,
}

impl Visitor for One<'_> {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, _: &'static str, request: R) {
        if self.left == 0 {
            decode_text(&request, self.version, self.text);
        }
        self.left = self.left.wrapping_sub(1);
    }
}

struct Find<'a> {
    method: &'a str,
    version: ProtocolVersion,
    at: u8,
    found: Option<u8>,
}

impl Visitor for Find<'_> {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, _: &'static str, request: R) {
        if self.found.is_none() && request.method(self.version).is_ok_and(|method| method == self.method) {
            self.found = Some(self.at);
        }
        self.at += 1;
    }
}
