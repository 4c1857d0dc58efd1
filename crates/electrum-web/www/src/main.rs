//! The page of `electrum-web`. For given servers it shows how they negotiate, the tip, scripts with their balances and
//! histories, and the state of the connection.
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

/// The client for the settings of the form, which is closed when it is dropped.
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
    // The page's address may name servers.
    start(&running);
}

/// Starts a new client with the settings of the form.
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
    // A person is watching, so the page should reconnect soon.
    config.protocol.backoff.cap = std::time::Duration::from_secs(10);
    config
}
