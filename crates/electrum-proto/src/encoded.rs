//! Requests that are encoded before the moment at which they are sent.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{DecodeError, Params, RawJson};
use crate::request::{Method, NotInVersion, Request};
use crate::version::ProtocolVersion;

/// As much memory of each kind is kept for later requests.
const KEPT: usize = 64 * 1024;

/// Requests encoded for one protocol version: their methods and parameters as they go over the wire.
///
/// [`Client::request_until`](crate::Client::request_until) runs [`Request::params`], which is code of the caller. A
/// program that shares the client between threads encodes first, and locks the client only to send the text.
///
/// ```
/// use electrum_proto::operations::{Banner, Header};
/// use electrum_proto::{EncodedRequests, ProtocolVersion, Request};
///
/// let mut requests = EncodedRequests::new(ProtocolVersion::V1_4);
/// requests.push(&Header { height: 7 })?;
/// requests.push(&Banner)?;
/// assert_eq!(requests.get(0).unwrap().method(ProtocolVersion::V1_4)?, "blockchain.block.header");
/// assert_eq!(requests.len(), 2);
/// # Ok::<(), electrum_proto::NotInVersion>(())
/// ```
#[derive(Clone, Debug)]
pub struct EncodedRequests {
    version: ProtocolVersion,
    methods: String,
    params: Vec<u8>,
    /// Where each request ends in `methods` and in `params`.
    ends: Vec<(usize, usize)>,
}

/// One of [`EncodedRequests`], which can be sent. Its result is not decoded: that is for the request that it encodes.
#[derive(Clone, Copy, Debug)]
pub struct EncodedRequest<'a> {
    method: &'a str,
    /// The parameters without the brackets around them.
    elements: &'a [u8],
}

impl EncodedRequests {
    /// No requests yet; they will be encoded for `version`.
    #[must_use]
    pub const fn new(version: ProtocolVersion) -> Self {
        Self { version, methods: String::new(), params: Vec::new(), ends: Vec::new() }
    }

    /// The version that the requests are encoded for.
    #[must_use]
    pub const fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Removes all requests and keeps some of the memory, for requests that are to be encoded for `version`.
    pub fn reset(&mut self, version: ProtocolVersion) {
        self.version = version;
        self.methods.clear();
        self.params.clear();
        self.ends.clear();
        self.methods.shrink_to(KEPT);
        self.params.shrink_to(KEPT);
        self.ends.shrink_to(KEPT / size_of::<(usize, usize)>());
    }

    /// Encodes a request and adds it.
    ///
    /// # Errors
    /// [`NotInVersion`] if the version has no such operation; then nothing is added.
    pub fn push<R: Request + ?Sized>(&mut self, request: &R) -> Result<(), NotInVersion> {
        // A request that panicked before it was complete may have left something behind.
        let (methods, params) = self.ends.last().copied().unwrap_or_default();
        self.methods.truncate(methods);
        self.params.truncate(params);
        self.methods.push_str(&request.method(self.version)?);
        let mut array = Params::open(&mut self.params);
        request.params(self.version, &mut array);
        array.close();
        self.ends.push((self.methods.len(), self.params.len()));
        Ok(())
    }

    /// The request at `index`, in the order in which they were added.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<EncodedRequest<'_>> {
        let (method_end, params_end) = *self.ends.get(index)?;
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
        let (method, params) = before.copied().unwrap_or_default();
        // Inside of the brackets that `Params` writes.
        let elements = self.params.get(params + 1..params_end - 1)?;
        Some(EncodedRequest { method: self.methods.get(method..method_end)?, elements })
    }

    /// How many requests there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl Request for EncodedRequest<'_> {
    const NAME: &'static str = "encoded request";
    /// None: the method was chosen when the request was encoded.
    const METHODS: &'static [Method] = &[];
    type Response = ();

    fn method(&self, _: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        Ok(Cow::Borrowed(self.method))
    }

    fn params(&self, _: ProtocolVersion, params: &mut Params<'_>) {
        params.elements(self.elements);
    }

    fn decode(&self, _: ProtocolVersion, _: RawJson<'_>) -> Result<(), DecodeError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{Banner, Header, Raw};

    fn wire(requests: &EncodedRequests, index: usize) -> (String, String) {
        let request = requests.get(index).unwrap();
        let params = Params::to_json(|params| request.params(requests.version(), params));
        (request.method.into(), String::from_utf8(params).unwrap())
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
        assert_eq!(wire(&requests, 0), ("some.method".into(), r#"["a\"b",7,[null]]"#.into()));
        assert_eq!(wire(&requests, 1), ("server.banner".into(), "[]".into()));
        assert_eq!(wire(&requests, 2), ("blockchain.block.header".into(), "[9]".into()));
        assert!(requests.get(3).is_none());
    }

    #[test]
    fn a_request_that_the_version_lacks_is_not_added() {
        let mut requests = EncodedRequests::new(ProtocolVersion::V1_4);
        assert!(requests.push(&crate::operations::MempoolRecent).is_err());
        requests.push(&Banner).unwrap();
        assert_eq!(wire(&requests, 0).0, "server.banner");
    }
}
