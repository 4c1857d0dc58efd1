//! Runs a fake server for testing a client by hand: `fake_server FAMILY [PORT]`. Standard input takes commands that
//! change its chain: `mine 2`, `pay SCRIPT SATOSHI`, `reorganise 1 2`, `restart`. It ends with its input. Without a
//! family it lists the families.

use std::io::stdin;

use electrum_testkit::{Family, Server};

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let Some(family) = arguments.next() else {
        Family::ALL.iter().for_each(|family| println!("{family}"));
        return Ok(());
    };
    let family: Family = family.parse().map_err(|_| format!("there is no family {family}"))?;
    let port = arguments.next().unwrap_or_else(|| "0".to_owned());
    let port = port.parse().map_err(|_| format!("{port} is no port"))?;
    let mut server = Server::builder(family).port(port).start().map_err(|error| format!("port {port}: {error}"))?;
    println!("{}", server.url());
    for line in stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        println!("{}", server.command(&line).as_deref().unwrap_or(Server::COMMANDS));
    }
    Ok(())
}
