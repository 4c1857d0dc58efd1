//! The ticket of a request in flight.

use crate::event::RequestId;
use crate::json::DecodeError;
use crate::reply::Reply;
use crate::request::Request;

/// The ticket of a request that was accepted: it has the request's id, and decodes the result.
///
/// Keep it until the [`Event::Reply`](crate::Event::Reply) with its id comes.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::operations::EstimateFee;
/// use electrum_proto::types::FeeRate;
///
/// # let (mut client, conn) = ready_client();
/// let ticket = client.request(Timestamp::ZERO, EstimateFee::within(6))?;
/// assert_eq!(ticket.request.blocks, 6);
/// # server_says(&mut client, conn, r#"{"id":2,"result":0.0001}"#);
/// let Action::Event(Event::Reply { id, result }) = client.poll() else { panic!("it was answered") };
/// assert_eq!(id, ticket.id);
/// assert_eq!(ticket.decode(result?)?, Some(FeeRate::from_sat_per_kvb(10_000)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket<R> {
    /// The id that the reply will carry.
    pub id: RequestId,
    /// The request.
    pub request: R,
}

impl<R: Request> Ticket<R> {
    /// Decodes the result.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not what the protocol says.
    pub fn decode(&self, reply: Reply<'_>) -> Result<R::Response, DecodeError> {
        self.request.decode(reply.version, reply.result)
    }
}
