//! The ticket of a request in flight.

use crate::event::RequestId;
use crate::json::DecodeError;
use crate::reply::Reply;
use crate::request::Request;

/// Keep it until the [`Event::Reply`](crate::Event::Reply) with its id comes: it decodes the result.
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
