//! The driver's logic against hostile servers behind WebSockets, over a stand-in for the browser's.

mod stand_in;

use electrum_conformance::session::{SessionAdapter, SessionClient};
use electrum_conformance::{Adapter, Setup};
use electrum_testkit::Front;

#[derive(Clone, Copy)]
struct Web;

impl Adapter for Web {
    type Client = SessionClient;

    fn connect(&self, mut setup: Setup) -> SessionClient {
        for server in &mut setup.servers {
            // The other servers have a WebSocket, in which they are hostile.
            let Some(address) = server.strip_prefix("tcp://") else { continue };
            let front = Front::websocket(address.parse().unwrap());
            *server = front.url();
            // Kept until the process ends, in which this client is the only one.
            std::mem::forget(front);
        }
        SessionAdapter(stand_in::connect).connect(setup)
    }

    fn sees_frames(&self) -> bool {
        false
    }
}

electrum_conformance::hostile_conformance!(Web);
