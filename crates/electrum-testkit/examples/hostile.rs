//! Runs one entry of the catalogue of hostile servers, for a client in any language: `hostile NAME`.
//! Without a name it lists them.

use electrum_testkit::hostile::{self, Hostile};

fn main() -> Result<(), String> {
    let Some(name) = std::env::args().nth(1) else {
        for entry in hostile::catalogue() {
            println!("{:32} {}", entry.name, entry.does);
        }
        return Ok(());
    };
    let entry = hostile::find(&name).ok_or_else(|| format!("there is no hostile server {name}"))?;
    let server = Hostile::start(entry);
    println!("{}", server.url());
    eprintln!("It {}. Ask it for {}. A correct client {}.", entry.does, entry.ask, entry.expect);
    loop {
        std::thread::park();
    }
}
