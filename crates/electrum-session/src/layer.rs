//! Converts errors of transport layers to the types of the protocol's machine.

use electrum_proto::{CloseCause, Layer, Side};
use electrum_transport::{LinkError, Stage, WebSocketError};

/// Returns which layer failed and who must act, as [`CloseCause::Layer`](electrum_proto::CloseCause::Layer) has them.
///
/// ```
/// use electrum_session::at_fault;
/// use electrum_session::proto::{Layer, Side};
/// use electrum_session::transport::{LinkError, WebSocketError};
///
/// let error = LinkError::from(WebSocketError::NotHttp);
/// assert_eq!(at_fault(&error), (Some(Layer::WebSocket), Side::Server));
/// ```
#[must_use]
pub fn at_fault(error: &LinkError) -> (Option<Layer>, Side) {
    let layer = match error.stage() {
        Stage::Proxy => Some(Layer::Proxy),
        Stage::Tls => Some(Layer::Tls),
        Stage::WebSocket => Some(Layer::WebSocket),
        _ => None,
    };
    let side = match error.side() {
        electrum_transport::Side::Server => Side::Server,
        electrum_transport::Side::Proxy => Side::Network,
        electrum_transport::Side::User => Side::Caller,
    };
    (layer, side)
}

/// Returns the end of a connection that the failure of a layer is to the machine.
pub(crate) fn close_cause(error: &LinkError) -> CloseCause {
    match error {
        LinkError::WebSocket(WebSocketError::TooLong { size, .. }) => CloseCause::TooLong { bytes: *size },
        LinkError::WebSocket(WebSocketError::Broken(_)) => CloseCause::Malformed(error.to_string()),
        _ => {
            let (layer, side) = at_fault(error);
            CloseCause::Layer { layer, side, message: error.to_string() }
        }
    }
}
