//! Requests that are encoded before the moment at which they are sent.

use alloc::vec::Vec;
use core::{fmt, str};

use crate::json::Params;
use crate::request::{NotInVersion, Request};
use crate::version::ProtocolVersion;

/// How many bytes of each buffer are kept for later requests.
const KEPT: usize = 256 * 1024;

/// Requests encoded for one protocol version: their methods and parameters as they go over the wire.
///
/// [`Client::request_until`](crate::Client::request_until) runs [`Request::params`], which is code of the caller. A
/// program that shares the client between threads encodes first, and locks the client only to send the text with
/// [`Client::request_encoded`](crate::Client::request_encoded).
///
/// # Example
/// ```
/// use electrum_proto::operations::{Banner, Header};
/// use electrum_proto::{EncodedRequests, ProtocolVersion};
///
/// let mut requests = EncodedRequests::new(ProtocolVersion::V1_4);
/// requests.push(&Header { height: 7 })?;
/// requests.push(&Banner)?;
/// assert_eq!(requests.get(0).unwrap().method(), "blockchain.block.header");
/// assert_eq!(requests.len(), 2);
/// # Ok::<(), electrum_proto::NotInVersion>(())
/// ```
#[derive(Clone, Debug)]
pub struct EncodedRequests {
    version: ProtocolVersion,
    calls: Vec<u8>,
    ends: Vec<End>,
}

/// The end of a request in `calls`, and the end of its method there.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    method: usize,
    call: usize,
}

/// An encoded request, one of [`EncodedRequests`], which can be sent.
///
/// Its result is not decoded: that is for the request that it encodes.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::operations::EstimateFee;
/// use electrum_proto::{EncodedRequests, Request};
///
/// # let (mut client, conn) = ready_client();
/// let (now, deadline) = (Timestamp::ZERO, Timestamp::from_millis(2000));
/// let request = EstimateFee::within(6);
/// let mut requests = EncodedRequests::new(client.version().expect("it is ready"));
/// requests.push(&request)?;
/// let encoded = requests.get(0).expect("it was added");
/// assert_eq!(encoded.method(), "blockchain.estimatefee");
/// let id = client.request_encoded(now, deadline, encoded)?;
/// # server_says(&mut client, conn, r#"{"id":2,"result":-1}"#);
/// let Action::Event(Event::Reply { id: of, result }) = client.poll() else { panic!("it was answered") };
/// assert_eq!(of, id);
/// let reply = result?;
/// assert_eq!(request.decode(reply.version, reply.result)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct EncodedRequest<'a> {
    /// Where it stands, rather than its text: two words are passed in registers.
    requests: &'a EncodedRequests,
    index: usize,
}

impl EncodedRequests {
    /// Makes an empty list of requests, which will be encoded for `version`.
    #[must_use]
    pub const fn new(version: ProtocolVersion) -> Self {
        Self { version, calls: Vec::new(), ends: Vec::new() }
    }

    /// Returns the version that the requests are encoded for.
    #[must_use]
    pub const fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Removes all requests and keeps some of the memory, for requests that are to be encoded for `version`.
    pub fn reset(&mut self, version: ProtocolVersion) {
        self.version = version;
        self.calls.clear();
        self.ends.clear();
        self.calls.shrink_to(KEPT);
        self.ends.shrink_to(KEPT / size_of::<End>());
    }

    /// Encodes a request and adds it.
    ///
    /// # Errors
    /// [`NotInVersion`] if the version has no such operation; then nothing is added.
    pub fn push<R: Request + ?Sized>(&mut self, request: &R) -> Result<(), NotInVersion> {
        // A request that panicked before it was complete may have left something behind.
        self.calls.truncate(self.ends.last().map_or(0, |last| last.call));
        let method = request.method(self.version)?;
        let method = Params::append_call(&mut self.calls, &method, |params| request.params(self.version, params));
        self.ends.push(End { method, call: self.calls.len() });
        Ok(())
    }

    /// Returns the request at `index`, in the order in which they were added.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<EncodedRequest<'_>> {
        (index < self.ends.len()).then_some(EncodedRequest { requests: self, index })
    }

    /// Returns how many requests there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there are no requests.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl<'a> EncodedRequest<'a> {
    /// Returns the method that was chosen for the version, with the escapes that JSON requires.
    #[must_use]
    pub fn method(&self) -> &'a str {
        str::from_utf8(self.method_bytes()).unwrap_or_default()
    }

    /// Returns the method as it stands in [`call`](Self::call): what has to be escaped is.
    pub(crate) fn method_bytes(&self) -> &'a [u8] {
        let end = self.requests.ends[self.index].method;
        self.requests.calls.get(self.begin() + Params::BEFORE_METHOD..end).unwrap_or_default()
    }

    /// Returns the members that name method and parameters, as they go over the wire.
    pub(crate) fn call(&self) -> &'a [u8] {
        self.requests.calls.get(self.begin()..self.requests.ends[self.index].call).unwrap_or_default()
    }

    fn begin(&self) -> usize {
        self.index.checked_sub(1).map_or(0, |before| self.requests.ends[before].call)
    }
}

impl fmt::Debug for EncodedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedRequest").field("method", &self.method()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{Banner, Header, Raw};
    use alloc::string::String;

    fn wire(requests: &EncodedRequests, index: usize) -> (String, String) {
        let request = requests.get(index).unwrap();
        (request.method().into(), str::from_utf8(request.call()).unwrap().into())
    }

    #[test]
    fn what_is_sent_is_what_the_request_writes() {
        let version = ProtocolVersion::V1_6;
        let mut requests = EncodedRequests::new(ProtocolVersion::V1_4);
        requests.push(&Banner).unwrap();
        requests.reset(version);
        let raw = Raw::reading("some.method", alloc::vec!["a\"b".into(), 7.into(), serde_json::json!([null])]);
        requests.push(&raw).unwrap();
        requests.push(&Banner).unwrap();
        requests.push(&Header { height: 9 }).unwrap();
        assert_eq!(
            wire(&requests, 0),
            ("some.method".into(), r#","method":"some.method","params":["a\"b",7,[null]]"#.into())
        );
        assert_eq!(wire(&requests, 1), ("server.banner".into(), r#","method":"server.banner","params":[]"#.into()));
        assert_eq!(wire(&requests, 2).1, r#","method":"blockchain.block.header","params":[9]"#);
        assert!(requests.get(3).is_none());
        requests.push(&Raw::reading("a\\b\"", alloc::vec![])).unwrap();
        assert_eq!(wire(&requests, 3), (r#"a\\b\""#.into(), r#","method":"a\\b\"","params":[]"#.into()));
    }

    #[test]
    fn a_request_that_the_version_lacks_is_not_added() {
        let mut requests = EncodedRequests::new(ProtocolVersion::V1_4);
        assert!(requests.push(&crate::operations::MempoolRecent).is_err());
        requests.push(&Banner).unwrap();
        assert_eq!(wire(&requests, 0).0, "server.banner");
    }
}
