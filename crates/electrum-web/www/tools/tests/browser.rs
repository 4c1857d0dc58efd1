//! The page in Chromium, with fake servers on this machine.

mod harness;

use electrum_testkit::tls::Identity;
use electrum_testkit::{Family, Server, address};
use harness::{Browser, page};
use tokio::sync::Mutex;

/// From BIP 173, on regtest.
const WATCHED: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// Held by a test that runs a browser: one at a time.
static TURN: Mutex<()> = Mutex::const_new(());

#[test]
fn the_program_of_the_page_is_small() {
    let page = page();
    println!("{} bytes of WebAssembly, {} compressed", page.wasm, page.wasm_compressed);
    assert!(page.wasm_compressed < 400 * 1024, "{} bytes", page.wasm_compressed);
}

#[tokio::test]
async fn servers_are_shown_with_their_software_and_their_matrix() {
    let _turn = TURN.lock().await;
    let families = [Family::Fulcrum2_1, Family::Libbitcoin4, Family::ElectrsEsplora];
    let servers = families.map(Server::start);
    let fronts = servers.each_ref().map(Server::websocket);
    let urls = fronts.each_ref().map(|front| front.url());
    let browser = Browser::open(&format!("addresses={}", urls.join(","))).await;
    browser.until("headline", &["Connected to", &urls[0]]).await;
    browser.until("details", &["Fulcrum", "protocol 1."]).await;
    // The rows are in any order; each is one line of text.
    browser.until("servers", &[&format!("{}\tFulcrum", urls[0]), "1.4\tRPC error 1\tRPC error 1"]).await;
    browser.until("servers", &["1.4\tRPC error 19\tanswers 1.2: caught"]).await;
    browser.until("servers", &["1.4\tanswers 1.4: caught\tanswers 1.4: caught"]).await;
    browser.screenshot("negotiation").await;
    browser.close().await;
}

#[tokio::test]
async fn tips_and_balances_move() {
    let _turn = TURN.lock().await;
    let server = Server::builder(Family::ElectrumX2_0).prompt().start().unwrap();
    let front = server.websocket();
    let parameters = format!("addresses={}&scripts={WATCHED}&network=regtest", front.url());
    let browser = Browser::open(&parameters).await;
    browser.until("tips", &["110\t"]).await;
    browser.until("watched", &[WATCHED, "0.00000000 BTC", "No transactions"]).await;
    let txid = server.pay(&address::to_script(WATCHED).unwrap(), 70_000).to_string();
    browser
        .until("watched", &["0.00000000 BTC (+0.00070000 unconfirmed)", "1 transaction", "unconfirmed\t", &txid])
        .await;
    let hash = server.mine(1).to_string();
    browser.until("tips", &["111\t", &hash]).await;
    browser.until("watched", &["0.00070000 BTC", "111\t", &txid]).await;
    browser.screenshot("tips-and-balances").await;
    browser.close().await;
}

#[tokio::test]
async fn a_killed_server_is_found_again_and_nothing_is_missed() {
    let _turn = TURN.lock().await;
    let mut server = Server::start(Family::Fulcrum2_1);
    let front = server.websocket();
    let browser = Browser::open(&format!("addresses={}&scripts={WATCHED}", front.url())).await;
    browser.until("headline", &["Connected to"]).await;
    browser.until("watched", &["No transactions"]).await;
    server.stop();
    browser.until("log", &["the server closed the connection", "next attempt in"]).await;
    browser.until("headline", &["Disconnected from", &front.url()]).await;
    browser.until("countdown", &["Next attempt in"]).await;
    browser.screenshot("disconnected").await;
    server.pay(&address::to_script(WATCHED).unwrap(), 1_234);
    let hash = server.mine(2).to_string();
    server.restart();
    browser.until("headline", &["Connected to", &front.url()]).await;
    browser.until("tips", &["112\t", &hash]).await;
    browser.until("watched", &["0.00001234 BTC"]).await;
    browser.close().await;
}

#[tokio::test]
async fn the_next_server_takes_over() {
    let _turn = TURN.lock().await;
    let mut servers = [Family::ElectrumX1_16, Family::Electrs].map(Server::start);
    let fronts = servers.each_ref().map(Server::websocket);
    let urls = fronts.each_ref().map(|front| front.url());
    let browser = Browser::open(&format!("addresses={}", urls.join(","))).await;
    browser.until("headline", &["Connected to", &urls[0]]).await;
    servers[0].stop();
    browser.until("headline", &["Connected to", &urls[1]]).await;
    servers[1].mine(1);
    browser.until("tips", &["111\t"]).await;
    browser.close().await;
}

#[tokio::test]
async fn a_server_of_another_chain_is_refused_in_words() {
    let _turn = TURN.lock().await;
    let server = Server::start(Family::Fulcrum2_1);
    let front = server.websocket();
    let browser = Browser::open(&format!("addresses={}&network=mainnet", front.url())).await;
    browser.until("details", &["the server serves another chain"]).await;
    browser.until("log", &["the server serves another chain", "next attempt in"]).await;
    assert_eq!(browser.text("tips").await, "");
    browser.screenshot("wrong-chain").await;
    browser.close().await;
}

#[tokio::test]
async fn a_websocket_over_tls_is_one_like_others_if_its_certificate_is_trusted() {
    let _turn = TURN.lock().await;
    let mut server = Server::start(Family::Fulcrum2_1);
    let front = server.websocket_over_tls(&Identity::self_signed("127.0.0.1"));
    let url = front.url();
    assert!(url.starts_with("wss://"), "{url}");
    let parameters = format!("addresses={url}&scripts={WATCHED}&network=regtest");
    let browser = Browser::open(&parameters).await;
    browser.until("log", &["its certificate may not be trusted", "next attempt in"]).await;
    assert_eq!(server.stats().requests("server.version"), 0);
    browser.close().await;
    let browser = Browser::open_trusting(&parameters).await;
    browser.until("headline", &["Connected to", &url]).await;
    let txid = server.pay(&address::to_script(WATCHED).unwrap(), 70_000).to_string();
    let hash = server.mine(1).to_string();
    browser.until("tips", &["111\t", &hash]).await;
    browser.until("watched", &["0.00070000 BTC", "111\t", &txid]).await;
    server.stop();
    browser.until("headline", &["Disconnected from", &url]).await;
    let hash = server.mine(1).to_string();
    server.restart();
    browser.until("headline", &["Connected to", &url]).await;
    browser.until("tips", &["112\t", &hash]).await;
    browser.screenshot("over-tls").await;
    browser.close().await;
}

#[tokio::test]
async fn what_a_browser_cannot_reach_is_an_error_that_says_why() {
    let _turn = TURN.lock().await;
    let browser = Browser::open("addresses=ssl://127.0.0.1:1").await;
    browser.until("details", &["a browser opens WebSockets only; use the server's wss:// or ws:// address"]).await;
    browser.close().await;
    let browser = Browser::open("addresses=127.0.0.1:1").await;
    browser.until("problem", &["write ssl://127.0.0.1:1 for TLS"]).await;
    browser.close().await;
}
