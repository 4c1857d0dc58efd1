//! The machine of `electrum-proto` alone, on a blocking socket: what the project costs below its adapters.

use std::collections::VecDeque;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use electrum_proto::json::RawJson;
use electrum_proto::operations::{Balance, History, Raw};
use electrum_proto::{
    Action, Client, CloseCause, Config, ConnId, Event, Input, Request, RequestId, Ticket, Timestamp, Topic,
};

use super::own::{asked, check};
use crate::Outcome;
use crate::fixture::{NOTIFIED, WINDOW};
use crate::measure::{Cost, Start};
use crate::server::NOTIFY;
use crate::workload::Workload;

const READ: usize = 64 * 1024;

pub(super) fn run(workload: Workload, server: SocketAddr) -> Outcome<Cost> {
    let mut core = Core::connect(server)?;
    let (operations, asked) = (workload.operations(), asked());
    if workload == Workload::Notifications {
        core.subscribe(NOTIFIED)?;
    }
    let start = Start::now();
    match workload {
        Workload::Balances => {
            for _ in 0..operations / WINDOW {
                let balances = asked.scripts.iter().map(|script| Balance::new(*script)).collect();
                assert_eq!(core.batch(balances)?, WINDOW);
            }
        }
        Workload::Headers => core.one_by_one(operations, asked.headers, check::headers)?,
        Workload::History => core.one_by_one(operations, History::new(asked.scripts[0]), check::history)?,
        Workload::Transaction => core.one_by_one(operations, asked.transaction, check::transaction)?,
        Workload::OneByOne => core.one_by_one(operations, Balance::new(asked.scripts[0]), |_| ())?,
        Workload::Notifications => core.notified(operations)?,
    }
    Ok(start.cost(operations))
}

/// The machine, its socket and its clock.
pub(super) struct Core {
    client: Client,
    conn: ConnId,
    stream: TcpStream,
    epoch: Instant,
    buffer: Vec<u8>,
}

impl Core {
    pub(super) fn connect(server: SocketAddr) -> Outcome<Self> {
        let mut client = Client::new(Config::default(), Timestamp::ZERO);
        let Action::Connect(conn, _) = client.poll() else { return Err("it does not connect".into()) };
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        client.handle(Timestamp::ZERO, Input::Connected(conn));
        let mut core = Self { client, conn, stream, epoch: Instant::now(), buffer: vec![0; READ] };
        core.until(|event| matches!(event, Event::Ready { .. }))?;
        Ok(core)
    }

    /// Sends requests at once and decodes their replies. Returns how many came.
    pub(super) fn batch<R: Request>(&mut self, requests: Vec<R>) -> Outcome<usize> {
        let now = self.now();
        let deadline = now + self.client.config().timeouts.request;
        let mut waiting = VecDeque::with_capacity(requests.len());
        for request in requests {
            let ticket = self.client.request_until(now, deadline, request);
            waiting.push_back(ticket.map_err(|rejected| rejected.reason.to_string())?);
        }
        let mut count = 0;
        self.until(|event| {
            if let Event::Reply { id, result } = event {
                count += usize::from(decoded(&mut waiting, id, result.ok()).is_some());
            }
            waiting.is_empty()
        })?;
        Ok(count)
    }

    pub(super) fn one_by_one<R: Request + Clone>(
        &mut self,
        operations: usize,
        request: R,
        check: impl Fn(R::Response),
    ) -> Outcome<()> {
        for _ in 0..operations {
            let now = self.now();
            let ticket = self.client.request(now, request.clone()).map_err(|rejected| rejected.reason.to_string())?;
            let mut waiting = VecDeque::from([ticket]);
            let mut response = None;
            self.until(|event| {
                if let Event::Reply { id, result } = event {
                    response = decoded(&mut waiting, id, result.ok());
                }
                waiting.is_empty()
            })?;
            check(response.ok_or("no response")?);
        }
        Ok(())
    }

    fn subscribe(&mut self, count: usize) -> Outcome<()> {
        let now = self.now();
        for script in asked().scripts.into_iter().take(count) {
            self.client.subscribe(now, Topic::ScriptHash(script)).map_err(|rejected| rejected.reason.to_string())?;
        }
        self.updates(count)
    }

    fn notified(&mut self, count: usize) -> Outcome<()> {
        let now = self.now();
        let ask = Raw::new(NOTIFY, vec![count.into()]);
        self.client.request(now, ask).map_err(|rejected| rejected.reason.to_string())?;
        self.updates(count)
    }

    fn updates(&mut self, count: usize) -> Outcome<()> {
        let mut seen = 0;
        self.until(|event| {
            if let Event::Update { value, .. } = event {
                black_box(value);
                seen += 1;
            }
            seen == count
        })
    }

    /// Drives the machine until an event is the one that is waited for.
    pub(super) fn until(&mut self, mut is_it: impl FnMut(Event<'_>) -> bool) -> Outcome<()> {
        loop {
            match self.client.poll() {
                Action::Event(Event::Down { cause, .. }) => return Err(cause.to_string().into()),
                Action::Event(event) => {
                    if is_it(event) {
                        return Ok(());
                    }
                }
                Action::Wait(wait) if wait.write => {
                    let count = self.stream.write(self.client.outgoing())?;
                    self.client.handle(self.now(), Input::Wrote(self.conn, count));
                }
                Action::Wait(_) => {
                    let count = self.stream.read(&mut self.buffer)?;
                    let now = self.now();
                    self.client.handle(
                        now,
                        match count {
                            0 => Input::Closed(self.conn, CloseCause::End),
                            _ => Input::Read(self.conn, &self.buffer[..count]),
                        },
                    );
                }
                Action::Connect(..) | Action::Disconnect(_) | Action::Finished => {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
            }
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::new(self.epoch.elapsed())
    }
}

/// The response to the first that waits, if this is its reply and can be read.
fn decoded<R: Request>(
    waiting: &mut VecDeque<Ticket<R>>,
    id: RequestId,
    reply: Option<electrum_proto::Reply<'_>>,
) -> Option<R::Response> {
    let ticket = waiting.pop_front().filter(|ticket| ticket.id == id)?;
    let reply = reply?;
    let result: RawJson<'_> = reply.result;
    Some(black_box(ticket.request.decode(reply.version, result).ok()?))
}
