//! A driver on std sockets with a thread of its own.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use electrum_session::proto::{CloseCause, ConnId};
use electrum_session::{Client, Config, Dial, Driver, Step};

/// How long the driver sleeps at most while a socket is open.
const TURN: Duration = Duration::from_millis(1);

/// The configuration of a client that comes back soon after a loss.
pub(crate) fn config(servers: &[SocketAddr]) -> Config {
    let mut config = Config::new(servers.iter().map(|server| format!("tcp://{server}").parse().unwrap()));
    config.protocol.backoff.initial = Duration::from_millis(10);
    config
}

/// A client of servers.
pub(crate) fn connect(servers: &[SocketAddr]) -> Client {
    start(config(servers))
}

/// A client and a thread that drives it.
pub(crate) fn start(config: Config) -> Client {
    let (sender, signal) = channel();
    let (client, driver) = Client::new(config, move || {
        // Without a driver there is nothing to wake.
        let _ = sender.send(());
    });
    thread::spawn(move || drive(&driver, &signal));
    client
}

fn drive(driver: &Driver, signal: &Receiver<()>) {
    let _close = driver.close_on_drop();
    let mut socket: Option<(ConnId, TcpStream)> = None;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match driver.poll() {
            Step::Connect(conn, target) => match Dial::new(target, driver.connect_timeout()).0.run() {
                Ok(stream) => {
                    stream.set_nonblocking(true).unwrap();
                    socket = Some((conn, stream));
                    driver.connected(conn);
                }
                Err(error) => closed(driver, conn, CloseCause::Failed(error.to_string())),
            },
            Step::Disconnect(conn, _) => drop(socket.take_if(|(current, _)| *current == conn)),
            Step::ReadPin(..) | Step::KeepPin(..) => unreachable!("the driver does these by itself"),
            Step::Finished => return,
            Step::Wait { until, write } => {
                let moved = socket.as_mut().map_or(Ok(false), |(conn, stream)| {
                    let written = write && write_once(driver, *conn, stream)?;
                    Ok(read_once(driver, *conn, stream, &mut buffer)? || written)
                });
                match moved {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(cause) => {
                        if let Some((conn, _)) = socket.take() {
                            closed(driver, conn, cause);
                        }
                        continue;
                    }
                }
                let turn = if socket.is_some() { TURN } else { Duration::from_secs(1) };
                let timeout = until.map_or(turn, |until| driver.until(until).min(turn));
                if signal.recv_timeout(timeout) == Err(RecvTimeoutError::Disconnected) {
                    thread::sleep(timeout);
                }
            }
        }
    }
}

fn write_once(driver: &Driver, conn: ConnId, stream: &mut TcpStream) -> Result<bool, CloseCause> {
    driver.with(|session, now| match stream.write(session.outgoing()) {
        Ok(count) => {
            session.wrote(now, conn, count);
            Ok(true)
        }
        Err(error) => or_failed(&error),
    })
}

fn read_once(driver: &Driver, conn: ConnId, stream: &mut TcpStream, buffer: &mut [u8]) -> Result<bool, CloseCause> {
    match stream.read(buffer) {
        Ok(0) => Err(CloseCause::End),
        Ok(count) => {
            driver.with(|session, now| session.read(now, conn, &buffer[..count]));
            Ok(true)
        }
        Err(error) => or_failed(&error),
    }
}

fn or_failed(error: &std::io::Error) -> Result<bool, CloseCause> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(false),
        _ => Err(CloseCause::Failed(error.to_string())),
    }
}

fn closed(driver: &Driver, conn: ConnId, cause: CloseCause) {
    driver.with(|session, now| session.closed(now, conn, cause));
}
