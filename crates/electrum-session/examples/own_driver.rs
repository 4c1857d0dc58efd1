//! A session in a loop of one's own: prints what is paid to a script, over TCP or TLS.
//! `cargo run --example own_driver -- tcp://127.0.0.1:50001 0014…`

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};

use electrum_session::proto::operations::Balance;
use electrum_session::proto::{CloseCause, ConnId, Event, Request, RequestError, Script, Timestamp};
use electrum_session::{Config, ConnectionEvent, Session, SessionEvent, Step};

#[allow(dead_code, reason = "tests call `run` themselves")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let server = args.next().ok_or("name a server, such as tcp://127.0.0.1:50001")?;
    let script = args.next().ok_or("and a script in hexadecimal digits")?;
    println!("{}", run(&server, &script)?);
    Ok(())
}

/// Asks for the balance once the session is ready, and again after each loss until it is answered.
pub(crate) fn run(server: &str, script: &str) -> Result<String, Box<dyn Error>> {
    let request = Balance::new(&Script::from_hex(script)?);
    let start = Instant::now();
    let now = || Timestamp::new(start.elapsed());
    let mut session = Session::new(Config::new([server.parse()?]), now());
    let mut socket: Option<(ConnId, TcpStream)> = None;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (mut is_ready, mut answer) = (false, None);
        let step = session.poll(now(), |event| match event {
            SessionEvent::Connection(ConnectionEvent::Ready { .. }) => is_ready = true,
            SessionEvent::Machine(Event::Reply { result, .. }) => match result {
                Ok(reply) => {
                    answer = Some(request.decode(reply.version, reply.result).map_err(|error| error.to_string()));
                }
                // The session connects again, and is asked again.
                Err(RequestError::Lost { .. }) => {}
                Err(error) => answer = Some(Err(error.to_string())),
            },
            _ => {}
        });
        if is_ready {
            session.machine().request(now(), request.clone())?;
        }
        if let Some(balance) = answer {
            return Ok(format!("{} BTC", balance?.confirmed));
        }
        match step {
            Step::ReadPin(conn, _) => session.pin_read(now(), conn, Ok(None)),
            Step::KeepPin(conn, _, change) => session.pin_kept(now(), conn, Ok(change.new)),
            Step::Connect(conn, target) => match TcpStream::connect(target.to_string()) {
                Ok(stream) => {
                    socket = Some((conn, stream));
                    let unix_time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
                    session.connected(now(), conn, unix_time);
                }
                Err(error) => session.closed(now(), conn, CloseCause::Failed(error.to_string())),
            },
            Step::Disconnect(..) => socket = None,
            Step::Finished => return Err("the session was closed".into()),
            // What was asked just now is to be written first.
            Step::Wait { .. } if is_ready => {}
            Step::Wait { until, write } => {
                let time = until.map_or(Duration::from_secs(60), |until| until.since(now()));
                let Some((conn, stream)) = &mut socket else {
                    std::thread::sleep(time);
                    continue;
                };
                stream.set_read_timeout(Some(time.max(Duration::from_millis(1))))?;
                let moved = if write { stream.write(session.outgoing()) } else { stream.read(&mut buffer) };
                let conn = *conn;
                let ended = match moved {
                    Ok(count) if write => {
                        session.wrote(now(), conn, count);
                        continue;
                    }
                    Ok(0) => CloseCause::End,
                    Ok(count) => {
                        session.read(now(), conn, &buffer[..count]);
                        continue;
                    }
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                    Err(error) => CloseCause::Failed(error.to_string()),
                };
                // A socket whose end was reported is not closed by a step.
                session.closed(now(), conn, ended);
                socket = None;
            }
        }
    }
}
