//! `watch`: prints changes of the chain, of scripts and of the connection as they happen.

mod topics;

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use electrum_smol::{Client, ConnectionEvent, ConnectionEvents, TopicUpdate, Updates};
use futures_lite::future;
use serde::Serialize;
use smol::Timer;

use self::topics::Topics;
use crate::causes::Cause;
use crate::failure::{Failure, Way};
use crate::indexes::Indexes;
use crate::output::{Output, Paint};
use crate::same_network::check_network;
use crate::server_options::{ServerOptions, seconds};
use crate::stop::{Outcome, Stop, Verdict};
use crate::target::Target;
use crate::text::printable;
use crate::written::{Group, Written, groups};
use electrum_smol::proto::Origin;
use electrum_smol::proto::operations::Header;
use electrum_smol::proto::types::ScriptHash;

/// Print changes of the chain and of scripts as they happen, across reconnections
///
/// One server is used at a time. If it fails, the next takes over, and changes in the meantime are reported once.
#[derive(Debug, clap::Args)]
pub(crate) struct WatchArgs {
    /// What to watch beside the chain: addresses, output scripts in hexadecimal digits, scripthashes (64 digits),
    /// output descriptors, or names of the configuration file; - for lines on standard input
    ///
    /// With a scripthash no protocol after 1.6 is offered, which would want the script.
    #[arg(value_name = "ADDRESS|SCRIPT")]
    pub(crate) words: Vec<Written>,
    /// The same, as an option
    #[arg(long = "script", value_name = "ADDRESS|HEX")]
    pub(crate) scripts: Vec<Written>,
    /// A scripthash to watch
    #[arg(long = "scripthash", value_name = "HEX")]
    pub(crate) scripthashes: Vec<ScriptHash>,
    /// Which scripts of a descriptor that has a range: one index, or the first and the last
    #[arg(long, value_name = "FIRST..LAST", default_value_t)]
    pub(crate) indexes: Indexes,
    /// How long to watch [default: without end]
    #[arg(long = "for", value_name = "SECS", value_parser = seconds)]
    pub(crate) duration: Option<Duration>,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// The maximum time between attempts to connect. It is short, since a person is watching.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Watches until the time is up, across reconnections. Fails if a topic never had a value.
pub(crate) async fn run(args: WatchArgs, output: &Output) -> Outcome {
    let words = [&args.words[..], &args.scripts].concat();
    let mut groups = groups(&words, args.indexes, args.options.file()).map_err(Stop::Usage)?;
    groups.extend(args.scripthashes.iter().map(|hash| {
        let target =
            Target { written: format!("scripthash:{hash}"), script: (*hash).into(), networks: None, index: None };
        Group { written: target.written.clone(), targets: vec![target], is_many: false }
    }));
    let topics = Topics::new(&groups);
    let mut config = args.options.config(args.options.servers()?, topics.range())?;
    config.protocol.backoff.cap = LONGEST_WAIT;
    let (client, driver) = electrum_smol::client(config);
    // Both before the driver runs, so that no event is missed.
    let events = client.events();
    let updates = match client.subscribe_all(topics.topics()) {
        Ok(updates) => updates,
        Err(reason) => {
            output.error("what is to be watched", &reason.to_string(), "watch fewer scripts");
            return Ok(Verdict::Failure);
        }
    };
    let mut sources = Sources { events, updates, held: VecDeque::new() };
    let driver = smol::spawn(driver);
    let mut printer = Printer { topics, output, started: Instant::now(), received: BTreeSet::new() };
    let time_is_up = async {
        match args.duration {
            Some(duration) => drop(Timer::after(duration).await),
            None => future::pending().await,
        }
        Ok(None)
    };
    let printed = async { printer.print_all(&mut sources).await.map(|()| None) };
    let wrong_network = async { Ok(Some(wrong_network(&client, &groups).await)) };
    let renewal = async { match args.options.renew_authorization(&client).await {} };
    let watched = future::or(printed, future::or(time_is_up, future::or(wrong_network, renewal))).await;
    drop(sources);
    client.close();
    driver.await;
    if let Some(failure) = watched? {
        return fail(&failure, output);
    }
    let missing = printer.missing();
    if missing.is_empty() {
        return Ok(Verdict::Success);
    }
    fail(&Failure::new(Cause::NothingReceived, format!("no value was received of {missing}")), output)
}

/// Reports why nothing can be watched, or that nothing was received.
fn fail(failure: &Failure, output: &Output) -> Outcome {
    output.error("what is to be watched", &failure.words, failure.cause.hint());
    if output.json {
        output.object(&failure.alone())?;
    }
    Ok(Verdict::Failure)
}

/// Returns a failure if an address is of another network than the server's; otherwise never returns.
async fn wrong_network(client: &Client, groups: &[Group]) -> Failure {
    let targets = || groups.iter().flat_map(|group| &group.targets);
    if targets().any(|target| target.networks.is_some()) {
        if let Ok(first) = client.call(Header { height: 0 }).await {
            let genesis = first.block_hash();
            if let Some(failure) = targets().find_map(|target| check_network(target, genesis).err()) {
                return failure;
            }
        }
    }
    future::pending().await
}

/// Connection events and updates, merged in the order in which they happened.
struct Sources {
    events: ConnectionEvents,
    updates: Updates,
    /// The end of a connection, with the items before and after it.
    held: VecDeque<Item>,
}

enum Item {
    Event(Box<ConnectionEvent>),
    Update(TopicUpdate),
}

impl Sources {
    /// Returns the next event or update.
    async fn next(&mut self) -> Option<Item> {
        if let Some(item) = self.held.pop_front() {
            return Some(item);
        }
        let Self { events, updates, held } = self;
        // An update follows the event of its connection, so events go first ...
        let event = async { events.next().await.map(|event| Item::Event(Box::new(event))) };
        let update = async { updates.next().await.map(Item::Update) };
        let item = future::or(event, update).await?;
        // ... except for the end of a connection, which goes after the updates of that connection.
        if matches!(&item, Item::Event(event) if matches!(**event, ConnectionEvent::Down { .. })) {
            let mut unread = Vec::new();
            while let Some(Some(update)) = future::poll_once(updates.next()).await {
                unread.push(update);
            }
            let mut following = Vec::new();
            while let Some(Some(event)) = future::poll_once(events.next()).await {
                following.push(Item::Event(Box::new(event)));
            }
            // If the next connection is ready already, resumed updates belong to that one.
            let is_later = |update: &TopicUpdate| !following.is_empty() && update.origin == Origin::Resumed;
            let (later, earlier): (Vec<_>, Vec<_>) = unread.into_iter().partition(is_later);
            held.extend(earlier.into_iter().map(Item::Update));
            held.push_back(item);
            held.extend(following);
            held.extend(later.into_iter().map(Item::Update));
            return held.pop_front();
        }
        Some(item)
    }
}

struct Printer<'a> {
    topics: Topics,
    output: &'a Output,
    started: Instant,
    /// The numbers of the topics of which a value was received.
    received: BTreeSet<usize>,
}

/// An event of the connection as JSON.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum EventRecord<'a> {
    Connecting {
        server: String,
    },
    Ready {
        server: String,
        software: &'a str,
        version: String,
    },
    Down {
        server: String,
        cause: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
        message: String,
        retry_in_ms: u128,
    },
}

impl Printer<'_> {
    async fn print_all(&mut self, sources: &mut Sources) -> io::Result<()> {
        while let Some(item) = sources.next().await {
            match item {
                Item::Event(event) => self.event(&event)?,
                Item::Update(change) => {
                    if change.value.is_ok() {
                        self.received.insert(change.topic);
                    }
                    self.update(&change)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the names of the topics of which no value was received.
    fn missing(&self) -> String {
        let names = self.topics.names().enumerate().filter(|(number, _)| !self.received.contains(number));
        names.map(|(_, name)| name).collect::<Vec<_>>().join(", ")
    }

    fn event(&self, event: &ConnectionEvent) -> io::Result<()> {
        if self.output.json {
            return match EventRecord::of(event) {
                Some(record) => self.output.object(&record),
                None => Ok(()),
            };
        }
        match event {
            ConnectionEvent::Connecting { server } => self.line("connecting", Paint::Faint, &server.to_string()),
            ConnectionEvent::Ready { server, software, version, .. } => {
                let words = format!("{server}: {} speaks protocol {version}", printable(software));
                self.line("ready", Paint::Good, &words)
            }
            ConnectionEvent::Down { server, cause, retry_in, .. } => {
                let seconds = retry_in.as_secs_f32();
                let words = format!("{server}: {}; next attempt in {seconds:.1} s", printable(&cause.to_string()));
                self.line("down", Paint::Bad, &words)
            }
            _ => Ok(()),
        }
    }

    fn update(&self, change: &TopicUpdate) -> io::Result<()> {
        let record = self.topics.record(change);
        if let Err(error) = &change.value {
            self.output.error(record.topic(), &error.to_string(), topics::advice(error));
        }
        if self.output.json {
            return self.output.object(&record);
        }
        let paint = if change.value.is_ok() { Paint::Strong } else { Paint::Bad };
        self.line("update", paint, &record.words())
    }

    fn line(&self, event: &str, paint: Paint, words: &str) -> io::Result<()> {
        let seconds = format!("{:9.3} s", self.started.elapsed().as_secs_f64());
        let event = format!("{event:<10}");
        self.output.line(&format!(
            "{}  {}  {words}",
            self.output.paint(Paint::Faint, seconds),
            self.output.paint(paint, event)
        ))
    }
}

impl<'a> EventRecord<'a> {
    fn of(event: &'a ConnectionEvent) -> Option<Self> {
        match event {
            ConnectionEvent::Connecting { server } => Some(Self::Connecting { server: server.to_string() }),
            ConnectionEvent::Ready { server, software, version, .. } => {
                Some(Self::Ready { server: server.to_string(), software, version: version.to_string() })
            }
            ConnectionEvent::Down { server, cause, retry_in, .. } => {
                let Failure { code, message, .. } = Failure::of_connection(cause, Way::default());
                let (server, retry_in_ms) = (server.to_string(), retry_in.as_millis());
                Some(Self::Down { server, cause: cause.name(), code, message, retry_in_ms })
            }
            _ => None,
        }
    }
}
