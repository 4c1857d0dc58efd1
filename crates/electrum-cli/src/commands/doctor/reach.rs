//! Whether a server can be reached: its name, its addresses, its port.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use electrum_smol::transport::ServerAddr;
use futures_lite::future;
use smol::{Async, Timer};

use super::finding::Findings;

/// How long one address may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks the name up and tries each address; whether there is any use in going on.
pub(super) async fn check(server: &ServerAddr, findings: &mut Findings) -> bool {
    let (host, port) = (server.host().to_string(), server.port());
    let Some(addresses) = look_up(host.trim_matches(['[', ']']).to_owned(), port, findings).await else { return false };
    let mut failed = Vec::new();
    for address in &addresses {
        if let Err(error) = connect(*address).await {
            failed.push((address, error));
        }
    }
    let words = |failed: &[(&SocketAddr, io::Error)]| {
        failed.iter().map(|(address, error)| format!("{address}: {error}")).collect::<Vec<_>>().join("; ")
    };
    let reached = addresses.len() - failed.len();
    if reached == 0 {
        let is_refused = failed.iter().any(|(_, error)| error.kind() == io::ErrorKind::ConnectionRefused);
        if is_refused {
            let hint = "check the port (most servers have 50001 for tcp and 50002 for ssl), and that the server runs";
            findings.fault("port", "nothing_listens", words(&failed), hint);
        } else {
            let hint = "check that this machine is on the network, and that no firewall is between: no address answers";
            findings.fault("port", "unreachable", words(&failed), hint);
        }
        return false;
    }
    if failed.is_empty() {
        findings.good("port", format!("{port} is open at {reached} of {reached} addresses"));
    } else {
        findings.note("port", format!("{reached} of {} addresses answer; not {}", addresses.len(), words(&failed)));
    }
    true
}

async fn look_up(host: String, port: u16, findings: &mut Findings) -> Option<Vec<SocketAddr>> {
    let name = host.clone();
    let found = future::or(
        smol::unblock(move || (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>)),
        async {
            Timer::after(PATIENCE).await;
            Err(io::Error::new(io::ErrorKind::TimedOut, "the name server did not answer in time"))
        },
    );
    match found.await {
        Ok(addresses) if !addresses.is_empty() => {
            if host.parse::<std::net::IpAddr>().is_err() {
                let shown = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
                findings.good("name", format!("{host} is {shown}"));
            }
            Some(addresses)
        }
        outcome => {
            let why = outcome.err().map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
            let hint = "check how the name is spelt, and that this machine's name server works";
            findings.fault("name", "no_such_name", format!("{host} cannot be looked up: {why}"), hint);
            None
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<()> {
    let connected = async { Async::<TcpStream>::connect(address).await.map(drop) };
    future::or(connected, async {
        Timer::after(PATIENCE).await;
        Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
    })
    .await
}
