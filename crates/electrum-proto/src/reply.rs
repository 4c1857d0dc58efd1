//! The result of a request, as it is handed out and as it can be kept.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::ops::Range;

use crate::json::RawJson;
use crate::version::ProtocolVersion;

/// The result of a request, as text, and the version that decides how to read it.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::EstimateFee;
/// use electrum_proto::types::FeeRate;
/// use electrum_proto::{ProtocolVersion, Reply, Request};
///
/// // In a program it comes with an event, and the ticket of the request decodes it.
/// let reply = Reply::new(ProtocolVersion::V1_4, RawJson::new("0.0001"));
/// let rate = EstimateFee::within(6).decode(reply.version, reply.result)?;
/// assert_eq!(rate, Some(FeeRate::from_sat_per_kvb(10_000)));
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The version that was negotiated on the link that the answer came on.
    pub version: ProtocolVersion,
    /// The result.
    pub result: RawJson<'a>,
    /// The buffer in which the result stands, if it is long.
    buffer: Option<&'a Arc<String>>,
}

impl PartialEq for Reply<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.version, self.result) == (other.version, other.result)
    }
}

impl Eq for Reply<'_> {}

impl<'a> Reply<'a> {
    /// Makes a reply with this result, for tests.
    #[must_use]
    pub const fn new(version: ProtocolVersion, result: RawJson<'a>) -> Self {
        Self { version, result, buffer: None }
    }

    /// A reply whose result stands in `buffer`, if that is shared.
    pub(crate) const fn within(version: ProtocolVersion, result: RawJson<'a>, buffer: Option<&'a Arc<String>>) -> Self {
        Self { version, result, buffer }
    }

    /// Keeps the reply for longer than its event. The text of a long one is shared with the client instead of copied.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::operations::Banner;
    ///
    /// # let (mut client, conn) = ready_client();
    /// let ticket = client.request(Timestamp::ZERO, Banner)?;
    /// # server_says(&mut client, conn, r#"{"id":2,"result":"Welcome!"}"#);
    /// let Action::Event(Event::Reply { result: Ok(reply), .. }) = client.poll() else { panic!("it was answered") };
    /// let kept = reply.keep();
    /// // The client can be used again, and the reply be decoded elsewhere.
    /// let _ = client.poll();
    /// assert_eq!(ticket.decode(kept.reply())?, "Welcome!");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn keep(self) -> KeptReply {
        let text = self.result.as_str();
        let text = match self.buffer {
            Some(buffer) => {
                let start = (text.as_ptr() as usize).wrapping_sub(buffer.as_ptr() as usize);
                Text::Shared(Arc::clone(buffer), start..start.wrapping_add(text.len()))
            }
            None => Text::Copied(text.into()),
        };
        KeptReply { version: self.version, text }
    }
}

/// A reply that was [kept](Reply::keep) for longer than its event.
///
/// # Example
/// ```
/// use electrum_proto::json::RawJson;
/// use electrum_proto::operations::Banner;
/// use electrum_proto::{KeptReply, ProtocolVersion, Reply, Request};
///
/// let kept: KeptReply = Reply::new(ProtocolVersion::V1_4, RawJson::new(r#""Welcome!""#)).keep();
/// let decoding = std::thread::spawn(move || {
///     let reply = kept.reply();
///     Banner.decode(reply.version, reply.result)
/// });
/// assert_eq!(decoding.join().expect("it does not panic")?, "Welcome!");
/// # Ok::<(), electrum_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeptReply {
    version: ProtocolVersion,
    text: Text,
}

#[derive(Clone, Debug)]
enum Text {
    Copied(Box<str>),
    /// A part of a shared buffer.
    Shared(Arc<String>, Range<usize>),
}

impl KeptReply {
    /// Returns the reply, to be decoded.
    #[must_use]
    pub fn reply(&self) -> Reply<'_> {
        let text = match &self.text {
            Text::Copied(text) => text,
            Text::Shared(buffer, range) => buffer.get(range.clone()).unwrap_or_default(),
        };
        Reply::new(self.version, RawJson::new(text))
    }
}
