//! The machine with a socket of the standard library, in one thread. Prints each new block, across reconnections:
//! `cargo run --example own_loop -- 127.0.0.1:50001`
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a driver has the socket and the clock")]

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use electrum_proto::{Action, Client, CloseCause, Config, ConnId, Event, Input, Timestamp, Topic, Update};

#[allow(dead_code, reason = "tests call `run` themselves")]
fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("name a server, such as 127.0.0.1:50001")?;
    run(&server, |line| {
        println!("{line}");
        true
    })
}

/// Hands over a line for each block and each end of a connection, until `on_line` returns false.
pub(crate) fn run(server: &str, mut on_line: impl FnMut(String) -> bool) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let now = || Timestamp::new(start.elapsed());
    let mut client = Client::new(Config::default(), now());
    client.subscribe(now(), Topic::Headers)?;
    let mut link: Option<(ConnId, TcpStream)> = None;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let line = match client.poll() {
            Action::Connect(conn, _) => {
                let input = match TcpStream::connect(server) {
                    Ok(socket) => {
                        link = Some((conn, socket));
                        Input::Connected(conn)
                    }
                    Err(error) => Input::Closed(conn, CloseCause::Failed(error.to_string())),
                };
                client.handle(now(), input);
                continue;
            }
            Action::Disconnect(_) => {
                link = None;
                continue;
            }
            Action::Wait(wait) => {
                let time = wait.until.map_or(Duration::from_secs(60), |(until, _)| until.since(now()));
                let input = match &mut link {
                    Some((conn, socket)) if wait.write => match socket.write(client.outgoing()) {
                        Ok(count) => Input::Wrote(*conn, count),
                        Err(error) => Input::Closed(*conn, CloseCause::Failed(error.to_string())),
                    },
                    Some((conn, socket)) => {
                        socket.set_read_timeout(Some(time.max(Duration::from_millis(1))))?;
                        match socket.read(&mut buffer) {
                            Ok(0) => Input::Closed(*conn, CloseCause::End),
                            Ok(count) => Input::Read(*conn, &buffer[..count]),
                            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                                Input::Tick
                            }
                            Err(error) => Input::Closed(*conn, CloseCause::Failed(error.to_string())),
                        }
                    }
                    None => {
                        std::thread::sleep(time);
                        Input::Tick
                    }
                };
                let has_ended = matches!(input, Input::Closed(..));
                client.handle(now(), input);
                // A link whose end was reported is not closed by an action.
                if has_ended {
                    link = None;
                }
                continue;
            }
            Action::Event(Event::Update { value: Update::Headers(tip), .. }) => {
                format!("{} {}", tip.height, tip.header.block_hash())
            }
            Action::Event(Event::Down { cause, .. }) => format!("disconnected: {cause}"),
            Action::Event(_) => continue,
            Action::Finished => return Ok(()),
        };
        if !on_line(line) {
            client.close(now());
        }
    }
}
