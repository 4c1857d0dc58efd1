//! Runs the measurements. Without arguments: everything, and the page that is written from it.

use std::net::{SocketAddr, TcpListener};

use electrum_bench::workload::{Contender, Workload};
use electrum_bench::{Outcome, clients, server};

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => {
            let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
            println!("{}", listener.local_addr()?);
            Ok(server::serve(&listener)?)
        }
        ["client", contender, workload, server] => {
            let contender = Contender::ALL
                .into_iter()
                .find(|known| known.name() == contender)
                .ok_or("unknown client")?;
            let workload = Workload::ALL
                .into_iter()
                .find(|known| known.name() == workload)
                .ok_or("unknown workload")?;
            let cost = clients::run(contender, workload, server.parse::<SocketAddr>()?)?;
            println!("{}", serde_json::to_string(&cost)?);
            Ok(())
        }
        _ => Err("electrum-bench: no such command".into()),
    }
}
