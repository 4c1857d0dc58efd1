//! Checks that a server can be reached: its name, its addresses, its port.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use electrum_smol::transport::ServerAddr;
use futures_lite::future;
use smol::{Async, Timer};

use super::finding::Findings;

/// The time-out of the look-up, and of each address.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks the name up and tries each address. Returns whether any can be reached.
pub(super) async fn check(server: &ServerAddr, findings: &mut Findings) -> bool {
    let by_the_system = |name: &str, port| (name, port).to_socket_addrs().map(Iterator::collect);
    check_with(server, by_the_system, PATIENCE, findings).await
}

async fn check_with(
    server: &ServerAddr,
    resolve: impl FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + 'static,
    patience: Duration,
    findings: &mut Findings,
) -> bool {
    let (host, port) = (server.host().to_string(), server.port());
    let host = host.trim_matches(['[', ']']).to_owned();
    let Some(addresses) = look_up(host, port, resolve, patience, findings).await else { return false };
    // All at the same time, since each may take long.
    let attempts: Vec<_> =
        addresses.iter().map(|address| (*address, smol::spawn(connect(*address, patience)))).collect();
    let mut failed = Vec::new();
    for (address, attempt) in attempts {
        if let Err(error) = attempt.await {
            failed.push((address, error));
        }
    }
    let words = failed.iter().map(|(address, error)| format!("{address}: {error}")).collect::<Vec<_>>().join("; ");
    let reached = addresses.len() - failed.len();
    if reached == 0 {
        let is_refused = failed.iter().any(|(_, error)| error.kind() == io::ErrorKind::ConnectionRefused);
        if is_refused {
            let hint = "check the port (most servers have 50001 for tcp and 50002 for ssl), and that the server runs";
            findings.fault("port", "nothing_listens", words, hint);
        } else {
            let hint = "check that this machine is on the network, and that no firewall is between: no address answers";
            findings.fault("port", "unreachable", words, hint);
        }
        return false;
    }
    if failed.is_empty() {
        findings.good("port", format!("{port} is open at {reached} of {reached} addresses"));
    } else {
        let words = format!("{reached} of {} addresses answer; not {words}", addresses.len());
        let hint = "nothing, if it works: the other addresses are used. The operator of the server can repair the \
                    address or remove it from the name; an IPv6 address fails if this machine has no IPv6";
        findings.lesser_fault("port", "dead_address", words, hint);
    }
    true
}

async fn look_up(
    host: String,
    port: u16,
    resolve: impl FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + 'static,
    patience: Duration,
    findings: &mut Findings,
) -> Option<Vec<SocketAddr>> {
    let name = host.clone();
    let found = future::or(smol::unblock(move || resolve(&name, port)), async {
        Timer::after(patience).await;
        Err(io::Error::new(io::ErrorKind::TimedOut, "the name server did not answer in time"))
    });
    match found.await {
        Ok(addresses) if !addresses.is_empty() => {
            if host.parse::<IpAddr>().is_err() {
                let shown = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
                findings.good("name", format!("{host} is {shown}"));
            }
            Some(addresses)
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            let hint = "check that this machine's name server can be reached";
            findings.fault("name", "no_name_server", format!("{host} cannot be looked up: {error}"), hint);
            None
        }
        outcome => {
            let why = outcome.err().map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
            let hint = "check how the name is spelt, and that this machine's name server works";
            findings.fault("name", "no_such_name", format!("{host} cannot be looked up: {why}"), hint);
            None
        }
    }
}

async fn connect(address: SocketAddr, patience: Duration) -> io::Result<()> {
    let connected = async { Async::<TcpStream>::connect(address).await.map(drop) };
    future::or(connected, async {
        Timer::after(patience).await;
        Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;
    use crate::commands::doctor::finding::Grade;

    /// A time-out that is reached only by what never ends.
    const LONG: Duration = Duration::from_secs(60);

    /// Returns the findings for a name with these addresses, or for a look-up that fails, and the result of the check.
    fn found(
        resolve: impl FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + 'static,
        patience: Duration,
    ) -> (Findings, bool) {
        let server = "tcp://server.test:50001".parse().unwrap();
        let mut findings = Findings::default();
        let goes_on = smol::block_on(check_with(&server, resolve, patience, &mut findings));
        (findings, goes_on)
    }

    fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// Returns addresses that refuse connections. All ports are bound before any is released, so that they differ.
    fn closed<const N: usize>() -> [SocketAddr; N] {
        let listeners = [(); N].map(|()| listener());
        listeners.map(|(_, address)| address)
    }

    fn fault(findings: &Findings) -> Option<&'static str> {
        let named = findings.0.iter().find(|finding| finding.fault.is_some())?;
        assert!(named.hint.as_ref().is_some_and(|hint| !hint.is_empty()), "{named:?}");
        named.fault
    }

    #[test]
    fn a_name_that_is_not_known_or_has_no_address() {
        let unknown = || io::Error::other("failed to lookup address information: Name or service not known");
        let (findings, goes_on) = found(
            move |name, port| {
                assert_eq!((name, port), ("server.test", 50001));
                Err(unknown())
            },
            LONG,
        );
        assert_eq!((fault(&findings), goes_on), (Some("no_such_name"), false));
        assert!(findings.0[0].message.contains("server.test") && findings.0[0].message.contains("not known"));
        let (findings, goes_on) = found(|_, _| Ok(Vec::new()), LONG);
        assert_eq!((fault(&findings), goes_on), (Some("no_such_name"), false));
    }

    #[test]
    fn a_name_server_that_does_not_answer() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let silent = move |_: &str, _| {
            // Blocks until the test is over.
            let _ = ended.recv();
            Ok(Vec::new())
        };
        let (findings, goes_on) = found(silent, Duration::from_millis(20));
        assert_eq!((fault(&findings), goes_on), (Some("no_name_server"), false));
        drop(end);
    }

    #[test]
    fn one_of_several_addresses_answers() {
        let (_listener, open) = listener();
        let [first, last] = closed();
        let (findings, goes_on) = found(move |_, _| Ok(vec![first, open, last]), LONG);
        assert_eq!((fault(&findings), goes_on), (Some("dead_address"), true));
        let finding = &findings.0[1];
        assert!(finding.message.starts_with("1 of 3 addresses answer"), "{finding:?}");
        let names = |address: SocketAddr| finding.message.contains(&address.to_string());
        assert_eq!([first, open, last].map(names), [true, false, true]);
        // The server can be reached, so this is not the fault to fix first.
        assert_eq!(finding.grade, Grade::Note);
        assert!(findings.first_fault().is_none());
    }

    #[test]
    fn all_addresses_answer_or_none() {
        let (_listener, open) = listener();
        let (findings, goes_on) = found(move |_, _| Ok(vec![open]), LONG);
        assert_eq!((fault(&findings), goes_on, findings.0.len()), (None, true, 2));
        let closed: [SocketAddr; 2] = closed();
        let (findings, goes_on) = found(move |_, _| Ok(closed.to_vec()), LONG);
        assert_eq!((fault(&findings), goes_on), (Some("nothing_listens"), false));
    }
}
