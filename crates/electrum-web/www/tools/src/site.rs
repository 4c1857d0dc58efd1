//! A web server on this machine for the files of one folder.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tiny_http::{Header, Request, Response, Server};

use crate::Failure;

/// Serves the files of a folder, without those of folders in it. It stops when it is dropped.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

struct ServerHandle(Arc<Server>);

impl std::fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

impl Site {
    /// Starts to serve `folder` on 127.0.0.1, on this port; 0 lets the system pick one.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start(folder: &Path, port: u16) -> Result<Self, Failure> {
        let server = Arc::new(Server::http((Ipv4Addr::LOCALHOST, port))?);
        let address = server.server_addr().to_ip().ok_or("it listens on no IP address")?;
        let (shared, folder) = (Arc::clone(&server), folder.to_owned());
        let thread = thread::spawn(move || {
            for request in shared.incoming_requests() {
                // Fails if the browser has gone away.
                let _ = answer(request, &folder);
            }
        });
        Ok(Self { address, server: ServerHandle(server), thread: Some(thread) })
    }

    /// Returns the address to open in a browser.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.0.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(request: Request, folder: &Path) -> std::io::Result<()> {
    let Some((file, kind)) = file(request.url(), folder) else {
        return request.respond(Response::empty(404));
    };
    let kind = Header::from_bytes("Content-Type", kind).map_err(|()| std::io::ErrorKind::InvalidInput)?;
    request.respond(Response::from_file(File::open(file)?).with_header(kind))
}

/// Returns the file for a URL, and its media type.
fn file(url: &str, folder: &Path) -> Option<(PathBuf, &'static str)> {
    let name = match url.split(['?', '#']).next()?.strip_prefix('/')? {
        "" => "index.html",
        name if name.contains(['/', '\\']) => return None,
        name => name,
    };
    let kind = match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css",
        "js" => "text/javascript",
        "wasm" => "application/wasm",
        _ => return None,
    };
    let path = folder.join(name);
    path.is_file().then_some((path, kind))
}
