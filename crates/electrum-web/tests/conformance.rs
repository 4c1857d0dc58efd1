//! The suite that every driver must pass, over a stand-in for the browser's WebSocket. The suite blocks threads, so it
//! cannot run in a browser; the tests of the page do.

mod stand_in;

use electrum_conformance::session::{SessionAdapter, SessionClient};
use electrum_conformance::{Adapter, Setup};

#[derive(Clone, Copy)]
struct Web;

impl Adapter for Web {
    type Client = SessionClient;

    fn connect(&self, setup: Setup) -> SessionClient {
        SessionAdapter(stand_in::connect).connect(setup)
    }

    fn sees_frames(&self) -> bool {
        false
    }
}

electrum_conformance::driver_conformance!(Web; websocket WebSocket);
