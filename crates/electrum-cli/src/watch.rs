//! `watch`: what happens to the chain, to scripts and to the connection, line by line, as it happens.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use electrum_smol::{Change, LifeEvent, LifeEvents, Updates};
use futures_lite::{StreamExt, future};
use serde::Serialize;
use smol::Timer;

use crate::args::WatchArgs;
use crate::failure;
use crate::output::{Output, Paint, printable};
use crate::stop::{Outcome, Verdict};
use crate::topics::{self, Topics};

/// Somebody looks on: a server that is back is found soon.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Watches until the time is up, whatever becomes of the server. It failed if nothing was ever told of a topic.
pub(crate) async fn run(args: WatchArgs, output: &Output) -> Outcome {
    let topics = Topics::new(&args);
    let mut config = args.reach.config(args.servers.clone(), Topics::range(&args))?;
    config.protocol.backoff.cap = LONGEST_WAIT;
    let (client, driver) = electrum_smol::client(config);
    // Both before the driver runs, so that nothing happens unseen.
    let events = client.events();
    let updates = match client.subscribe_all(topics.topics()) {
        Ok(updates) => updates,
        Err(reason) => {
            output.error("what is to be watched", &reason.to_string(), "watch fewer scripts");
            return Ok(Verdict::Failure);
        }
    };
    let mut news = News { events, updates, held: VecDeque::new() };
    let driver = smol::spawn(driver);
    let mut printer = Printer { topics, output, started: Instant::now(), told: BTreeSet::new() };
    let watched = future::or(printer.print_all(&mut news), async {
        match args.duration {
            Some(duration) => drop(Timer::after(duration).await),
            None => future::pending().await,
        }
        Ok(())
    })
    .await;
    drop(news);
    client.close();
    driver.await;
    watched?;
    let untold = printer.untold();
    if untold.is_empty() {
        return Ok(Verdict::Success);
    }
    output.error(
        "what is to be watched",
        &format!("nothing was told of {untold}"),
        "see above for what went wrong, or watch for longer (--for)",
    );
    Ok(Verdict::Failure)
}

/// What happens, from two sources, each of which is in order.
struct News {
    events: LifeEvents,
    updates: Updates,
    /// The end of a connection, with the updates that came before it.
    held: VecDeque<Item>,
}

enum Item {
    Event(LifeEvent),
    Update(Change),
}

impl News {
    /// The next thing that happened.
    async fn next(&mut self) -> Option<Item> {
        if let Some(item) = self.held.pop_front() {
            return Some(item);
        }
        let Self { events, updates, held } = self;
        // An update follows the event that made it possible, so events are looked at first ...
        let event = async { events.next().await.map(Item::Event) };
        let update = async { updates.next().await.map(Item::Update) };
        let item = future::or(event, update).await?;
        // ... but for the end of a connection, which comes after the updates that it brought.
        if matches!(item, Item::Event(LifeEvent::Down { .. })) {
            while let Some(Some(change)) = future::poll_once(updates.next()).await {
                held.push_back(Item::Update(change));
            }
            held.push_back(item);
            return held.pop_front();
        }
        Some(item)
    }
}

struct Printer<'a> {
    topics: Topics,
    output: &'a Output,
    started: Instant,
    /// The topics of which a value was told, by their numbers.
    told: BTreeSet<usize>,
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
    async fn print_all(&mut self, news: &mut News) -> io::Result<()> {
        while let Some(item) = news.next().await {
            match item {
                Item::Event(event) => self.event(&event)?,
                Item::Update(change) => {
                    if change.value.is_ok() {
                        self.told.insert(change.topic);
                    }
                    self.update(&change)?;
                }
            }
        }
        Ok(())
    }

    /// The names of the topics of which no value was told.
    fn untold(&self) -> String {
        let names = self.topics.names().enumerate().filter(|(number, _)| !self.told.contains(number));
        names.map(|(_, name)| name).collect::<Vec<_>>().join(", ")
    }

    fn event(&self, event: &LifeEvent) -> io::Result<()> {
        if self.output.json {
            return match EventRecord::of(event) {
                Some(record) => self.output.object(&record),
                None => Ok(()),
            };
        }
        match event {
            LifeEvent::Connecting { server } => self.line("connecting", Paint::Faint, &server.to_string()),
            LifeEvent::Ready { server, software, version, .. } => {
                let words = format!("{server}: {} speaks protocol {version}", printable(software));
                self.line("ready", Paint::Good, &words)
            }
            LifeEvent::Down { server, cause, retry_in, .. } => {
                let seconds = retry_in.as_secs_f32();
                let words = format!("{server}: {}; next attempt in {seconds:.1} s", printable(&cause.to_string()));
                self.line("down", Paint::Bad, &words)
            }
            _ => Ok(()),
        }
    }

    fn update(&self, change: &Change) -> io::Result<()> {
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
    fn of(event: &'a LifeEvent) -> Option<Self> {
        match event {
            LifeEvent::Connecting { server } => Some(Self::Connecting { server: server.to_string() }),
            LifeEvent::Ready { server, software, version, .. } => {
                Some(Self::Ready { server: server.to_string(), software, version: version.to_string() })
            }
            LifeEvent::Down { server, cause, retry_in, .. } => {
                let (code, message) = failure::code_and_message(cause);
                let (server, retry_in_ms) = (server.to_string(), retry_in.as_millis());
                Some(Self::Down { server, cause: cause.name(), code, message, retry_in_ms })
            }
            _ => None,
        }
    }
}
