//! What it takes to hold many clients or many subscriptions.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use electrum_proto::types::ScriptHash;
use electrum_proto::{Action, Client, CloseCause, Config, Event, Input, Origin, Phase, Timestamp, Topic};
use electrum_transport::ServerAddr;
use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::fixture;
use crate::measure::{Start, memory};

/// The longest limit of the handshake, and a little more.
const SETTLED: Duration = Duration::from_secs(17);
const READ: usize = 64 * 1024;

/// Subscriptions that are made again after the connection was lost.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Resubscription {
    /// How many.
    pub topics: usize,
    /// From the open connection until the last new value was delivered.
    pub time: Duration,
    /// Bytes written.
    pub written: usize,
    /// Bytes read.
    pub read: usize,
    /// How often the client had written all that it could and had to wait for answers.
    pub round_trips: usize,
}

/// Subscribes to so many topics, loses the connection, and counts what it takes until all are known again.
/// Every topic has changed meanwhile.
pub fn resubscribe(topics: usize, server: SocketAddr) -> Outcome<Resubscription> {
    let epoch = Instant::now();
    let now = || Timestamp::new(epoch.elapsed());
    let mut client = Client::new(Config::default(), now());
    for index in 0..topics {
        let script = ScriptHash::of(fixture::script(index).as_bytes());
        client.subscribe(now(), Topic::ScriptHash(script)).map_err(|rejected| rejected.reason.to_string())?;
    }
    let mut buffer = vec![0; READ];
    let mut link: Option<(electrum_proto::ConnId, TcpStream)> = None;
    let mut done = Resubscription { topics, time: Duration::ZERO, written: 0, read: 0, round_trips: 0 };
    let (mut start, mut seen, mut resumed) = (Instant::now(), 0, 0);
    loop {
        match client.poll() {
            Action::Connect(conn, _) => {
                let stream = TcpStream::connect(server)?;
                stream.set_nodelay(true)?;
                start = Instant::now();
                (done.written, done.read, done.round_trips) = (0, 0, 0);
                client.handle(now(), Input::Connected(conn));
                link = Some((conn, stream));
            }
            Action::Event(Event::Update { origin, .. }) => {
                seen += 1;
                resumed += usize::from(origin == Origin::Resumed);
                if resumed == topics {
                    done.time = start.elapsed();
                    return Ok(done);
                }
                if let Some((conn, stream)) = link.take_if(|_| seen == topics) {
                    drop(stream);
                    client.handle(now(), Input::Closed(conn, CloseCause::End));
                }
            }
            Action::Event(_) | Action::Disconnect(_) => {}
            Action::Finished => return Err("it ended".into()),
            Action::Wait(wait) => match &mut link {
                Some((conn, stream)) if wait.write => {
                    let count = stream.write(client.outgoing())?;
                    done.written += count;
                    client.handle(now(), Input::Wrote(*conn, count));
                    done.round_trips += usize::from(client.outgoing().is_empty());
                }
                Some((conn, stream)) => {
                    let count = stream.read(&mut buffer)?;
                    done.read += count;
                    client.handle(now(), Input::Read(*conn, &buffer[..count]));
                }
                None => {
                    let until = wait.until.map_or_else(now, |(until, _)| until);
                    std::thread::sleep(until.since(now()));
                    client.handle(now(), Input::Tick);
                }
            },
        }
    }
}

/// Clients that have connected and are asked for nothing.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Idle {
    /// How many.
    pub clients: usize,
    /// Until the last one was ready.
    pub ready: Duration,
    /// Memory of the process for each client, in bytes, the thread that connects and the runtime counted in.
    pub memory: usize,
    /// How long they were watched.
    pub watched: Duration,
    /// CPU of the process in that time.
    pub cpu: Duration,
}

/// Starts so many clients of `electrum-smol` in this process and watches them do nothing.
pub fn idle(clients: usize, watched: Duration, server: SocketAddr) -> Outcome<Idle> {
    let before = memory("VmRSS:");
    let start = Instant::now();
    let address: ServerAddr = format!("tcp://{server}").parse()?;
    let mut held = Vec::with_capacity(clients);
    for _ in 0..clients {
        held.push(electrum_smol::connect(address.clone()));
        // The server's queue of connections that wait to be accepted is shorter than this.
        if held.len() % 100 == 0 {
            wait_ready(&held[held.len() - 100..])?;
        }
    }
    wait_ready(&held)?;
    let ready = start.elapsed();
    let used = (memory("VmRSS:") - before) as usize * 1024;
    // The time limits of the handshake, which no timer stops when it is over, have passed then: once for each client.
    std::thread::sleep(SETTLED);
    let start = Start::now();
    std::thread::sleep(watched);
    let cost = start.cost(1);
    wait_ready(&held)?;
    Ok(Idle { clients, ready, memory: used / clients, watched: cost.wall, cpu: cost.user + cost.system })
}

fn wait_ready(clients: &[electrum_smol::Client]) -> Outcome<()> {
    let patience = Instant::now() + Duration::from_secs(60);
    for client in clients {
        while client.state().phase != Phase::Ready {
            if Instant::now() > patience {
                return Err(format!("not ready: {:?}", client.state()).into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}
