//! WebSockets in front of servers that speak in lines: what comes in a message goes to the server as a line, and each
//! line of the server goes to the client as a message, as ElectrumX and Fulcrum have it.
//!
//! The frames are those of `tungstenite`. [`Endpoint`] is the server's end without I/O; [`WebSocketFront`] puts it on a
//! socket before any server.

mod endpoint;
mod front;

pub use endpoint::Endpoint;
pub use front::WebSocketFront;
