//! Results of all operations.

use electrum_proto::{ProtocolVersion, Request};
use electrum_sim::fuzz::{VERSIONS, decode_result};

// The one list of all operations, which the tests of the core hold against the table.
#[path = "../../../crates/electrum-proto/tests/operations/all.rs"]
mod all;

use all::{Visitor, visit_all};

/// The first byte chooses the operation, the second the version, the rest is the text of a result: it is decoded or refused.
pub fn decode(data: &[u8]) {
    let [operation, result @ ..] = data else { return };
    let mut count = Count(0);
    visit_all(&mut count);
    let mut one = One { left: usize::from(*operation) % count.0, result };
    visit_all(&mut one);
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
    /// The version and the text.
    result: &'a [u8],
}

impl Visitor for One<'_> {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, _: &'static str, request: R) {
        if self.left == 0 {
            decode_result(&request, self.result);
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
