//! The page of `electrum-web`: give it the addresses of servers, and it shows what they speak, the tip as it moves, scripts
//! with their balances and histories, and what becomes of the connection.
//!
//! ```text
//! form ── start ──┬── servers:    one row each, three attempts to negotiate
//!                 ├── connection: status, countdown, log
//!                 ├── tip
//!                 └── watched:    one card each
//! ```

mod address;
mod connection;
mod dom;
mod form;
mod negotiation;
mod tip;
mod watched;

use std::cell::RefCell;
use std::rc::Rc;

use electrum_web::{Client, Config};
use wasm_bindgen_futures::spawn_local;

use crate::form::Settings;

/// What runs for the settings of the form; the clients are closed when it is dropped.
type Running = Rc<RefCell<Option<Client>>>;

fn main() {
    console_error_panic_hook::set_once();
    let running = Running::default();
    form::fill();
    dom::on_submit("form", {
        let running = Running::clone(&running);
        move || {
            form::remember();
            start(&running);
        }
    });
    // A link to the page may name servers.
    start(&running);
}

/// Starts anew with what the form says.
fn start(running: &Running) {
    if let Some(before) = running.borrow_mut().take() {
        before.close();
    }
    for list in ["servers", "tips", "watched", "log"] {
        dom::clear(list);
    }
    connection::reset();
    let settings = match form::read() {
        Ok(settings) => settings,
        Err(problem) => return dom::show("problem", &problem),
    };
    dom::show("problem", "");
    if settings.servers.is_empty() {
        return;
    }
    let client = electrum_web::connect(config(&settings));
    for server in settings.servers {
        spawn_local(negotiation::show(server));
    }
    spawn_local(connection::follow(client.events()));
    spawn_local(tip::follow(client.clone()));
    for target in settings.watched {
        spawn_local(watched::follow(client.clone(), target));
    }
    *running.borrow_mut() = Some(client);
}

fn config(settings: &Settings) -> Config {
    let mut config = Config::new(settings.servers.clone());
    config.protocol.genesis_hash = settings.network.map(|network| network.genesis_hash());
    // A person is watching, so a server that is back should be found soon.
    config.protocol.backoff.cap = std::time::Duration::from_secs(10);
    config
}
