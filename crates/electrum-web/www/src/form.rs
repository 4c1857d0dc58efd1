//! The form: servers, network and watched scripts. It is also kept in the page's address, so that it can be bookmarked.

use electrum_web::proto::types::Network;
use electrum_web::transport::ServerAddr;
use wasm_bindgen::JsValue;
use web_sys::{HtmlSelectElement, HtmlTextAreaElement, UrlSearchParams};

use crate::address::{self, Target};
use crate::dom;

/// The settings in the form.
pub(crate) struct Settings {
    pub(crate) servers: Vec<ServerAddr>,
    /// The network that the servers must serve.
    pub(crate) network: Option<Network>,
    pub(crate) watched: Vec<Target>,
}

const AREAS: [&str; 2] = ["addresses", "scripts"];
const NETWORK: &str = "network";

/// Fills the form from the part of the page's address after `#`.
pub(crate) fn fill() {
    let hash = dom::window().location().hash().unwrap_or_default();
    let Ok(parameters) = UrlSearchParams::new_with_str(hash.trim_start_matches('#')) else { return };
    for area in AREAS {
        if let Some(value) = parameters.get(area) {
            dom::by_id::<HtmlTextAreaElement>(area).set_value(&value.replace(',', "\n"));
        }
    }
    if let Some(value) = parameters.get(NETWORK) {
        dom::by_id::<HtmlSelectElement>(NETWORK).set_value(&value);
    }
}

/// Writes the form into the page's address.
pub(crate) fn remember() {
    let Ok(parameters) = UrlSearchParams::new() else { return };
    for area in AREAS {
        let value = dom::by_id::<HtmlTextAreaElement>(area).value();
        parameters.set(area, &words(&value).collect::<Vec<_>>().join(","));
    }
    parameters.set(NETWORK, &dom::by_id::<HtmlSelectElement>(NETWORK).value());
    let address = format!("#{}", String::from(parameters.to_string()));
    let history = dom::window().history();
    // The page works without it.
    let _ = history.and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
}

/// Reads the form.
///
/// # Errors
/// Says what is wrong in the form, and what to write.
pub(crate) fn read() -> Result<Settings, String> {
    let [addresses, scripts] = AREAS.map(|area| dom::by_id::<HtmlTextAreaElement>(area).value());
    let network = dom::by_id::<HtmlSelectElement>(NETWORK).value();
    Ok(Settings {
        servers: words(&addresses).map(server).collect::<Result<_, _>>()?,
        network: network.parse().ok(),
        watched: words(&scripts).map(address::parse).collect::<Result<_, _>>()?,
    })
}

fn server(text: &str) -> Result<ServerAddr, String> {
    text.parse().map_err(|error: electrum_web::transport::AddrError| error.to_string())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
}
