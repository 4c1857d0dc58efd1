//! Prints what a server agreed on in its TLS handshake and the fingerprint of its certificate, for a user to pin:
//! `cargo run --example certificate -- ssl://electrum.example.org:50002`

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use electrum_transport::{Known, Route, ServerAddr};

#[allow(dead_code, reason = "tests call `run` themselves")]
fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("name a server, such as ssl://127.0.0.1:50002")?;
    println!("{}", run(&server)?);
    Ok(())
}

/// Connects as far as TLS is established, and returns what was found.
pub(crate) fn run(server: &str) -> Result<String, Box<dyn Error>> {
    let server: ServerAddr = server.parse()?;
    let route = Route::direct();
    let mut socket = TcpStream::connect(route.dial_target(&server)?.to_string())?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    let unix_time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let mut stack = route.open(&server, Known::at(unix_time))?;
    let mut buffer = vec![0; 16 * 1024];
    while !stack.established() {
        socket.write_all(stack.outgoing())?;
        stack.wrote(stack.outgoing().len());
        // A driver that has a store of pins stores it first.
        if let Some(change) = stack.pin_change() {
            stack.pin_kept(change.new)?;
            continue;
        }
        match socket.read(&mut buffer)? {
            0 => stack.closed()?,
            count => stack.received(&buffer[..count])?,
        }
    }
    let tls = stack.report().tls.ok_or("the address is one without TLS")?;
    stack.close();
    socket.write_all(stack.outgoing())?;
    Ok(format!("{} {}\n{}", tls.version, tls.cipher, tls.fingerprint))
}
