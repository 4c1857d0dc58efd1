//! Prints the balance and the history of a script: `cargo run --example balance -- tcp://127.0.0.1:50001 0014…`

use std::error::Error;
use std::time::Duration;

use electrum_blocking::Client;
use electrum_blocking::proto::operations::{Balance, History};
use electrum_blocking::proto::types::Script;
use electrum_blocking::transport::ServerAddr;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(server), Some(script)) = (arguments.next(), arguments.next()) else {
        return Err("usage: balance SERVER SCRIPT, with the script in hex".into());
    };
    print!("{}", run(&server, &script)?);
    Ok(())
}

/// Requests both in one write, and returns the text to print.
pub(crate) fn run(server: &str, script: &str) -> Result<String, Box<dyn Error>> {
    let client = Client::connect(server.parse::<ServerAddr>()?)?;
    // Optional: calls wait for the connection too, up to their own time-out.
    client.ready(Duration::from_secs(30))?;
    let script = Script::new(bytes(script)?);
    let (balance, history) =
        client.pipeline(|calls| (calls.call(Balance::new(&script)), calls.call(History::new(&script))));
    let balance = balance.wait()?;
    let mut text = format!("{} BTC confirmed, {} BTC unconfirmed\n", balance.confirmed, balance.unconfirmed);
    for entry in history.wait()? {
        text += &format!("{} {}\n", entry.height.to_wire(), entry.txid);
    }
    Ok(text)
}

/// Decodes hex.
fn bytes(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let pairs = (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2).ok_or("not a text in hex"));
    pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
}
