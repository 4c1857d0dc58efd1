//! Reads the file with the secret that each request carries, and watches it for changes.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use electrum_smol::Client;
use electrum_smol::proto::Authorization;
use electrum_smol::transport::{Host, Security, ServerAddr};
use smol::Timer;

/// How often a file is read again while the tool runs.
const INTERVAL: Duration = Duration::from_secs(1);
/// The maximum length of the file.
const LONGEST: u64 = 64 * 1024;

/// Reads an authorization: the text of the file, without spaces and line ends around it. The error names the file and
/// never shows its content.
pub(crate) fn read(path: &Path) -> Result<Authorization, String> {
    let wrong = |why: &str| format!("the authorization file {}: {why}", path.display());
    let file = File::open(path).map_err(|error| wrong(&error.to_string()))?;
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(|error| wrong(&error.to_string()))?;
    if text.len() as u64 > LONGEST {
        return Err(wrong("it is longer than 64 KiB"));
    }
    match text.trim() {
        "" => Err(wrong("it is empty; it should hold what requests carry, such as Bearer TOKEN")),
        text if text.contains(char::is_control) => Err(wrong("it should hold one line of text, such as Bearer TOKEN")),
        text => Ok(Authorization::new(text)),
    }
}

/// Warns on stderr, once, if the authorization is sent unencrypted to one of these servers.
pub(crate) fn warn_if_exposed(servers: &[ServerAddr]) {
    static SAID: Once = Once::new();
    let Some(server) = servers.iter().find(|server| is_exposed(server)) else { return };
    let better = if server.websocket_path().is_some() { "wss" } else { "ssl" };
    SAID.call_once(|| {
        // There is nowhere to report that stderr is gone.
        let _ = writeln!(
            io::stderr(),
            "warning: requests to {server} carry the authorization unencrypted: anyone between here and the server can read \
             and use it. Write {better}:// if the server has that"
        );
    });
}

/// Whether the connection to a server is unencrypted. Connections to onion services are encrypted by Tor.
fn is_exposed(server: &ServerAddr) -> bool {
    server.security() == Security::Tcp && !matches!(server.host(), Host::Onion(_))
}

/// Sets the client's authorization whenever the file changes. Without a file it waits forever.
///
/// While the file cannot be read, because it is being replaced, the client keeps its authorization.
pub(crate) async fn renew(client: &Client, file: Option<PathBuf>) -> Infallible {
    // Anything but a regular file, such as a pipe, is read only once.
    let Some(file) = file.filter(|file| file.is_file()) else { return std::future::pending().await };
    loop {
        Timer::after(INTERVAL).await;
        let file = file.clone();
        if let Ok(authorization) = smol::unblock(move || read(&file)).await {
            client.set_authorization(Some(authorization));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neither_tls_nor_tor_encrypts_is_exposed() {
        for (server, expected) in [
            ("tcp://electrum.example", true),
            ("ws://electrum.example:50003", true),
            ("tcp://127.0.0.1", true),
            ("ssl://electrum.example", false),
            ("wss://electrum.example", false),
            ("tcp://abcdef.onion", false),
        ] {
            assert_eq!(is_exposed(&server.parse().unwrap()), expected, "{server}");
        }
    }

    #[test]
    fn the_text_of_a_file_is_an_authorization_and_no_error_shows_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let error = read(&path).unwrap_err();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        for text in ["Bearer se.cret", "Bearer se.cret\n", "  Bearer se.cret\r\n\n"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path), Ok(Authorization::new("Bearer se.cret")), "{text:?}");
        }
        for bytes in [&b""[..], b" \n", b"Bearer\nse.cret", b"se.cret\0", b"se.cret\xff", &[b'x'; 70_000]] {
            std::fs::write(&path, bytes).unwrap();
            let error = read(&path).unwrap_err();
            assert!(error.contains(path.to_str().unwrap()) && !error.contains("se.cret"), "{error}");
        }
    }
}
