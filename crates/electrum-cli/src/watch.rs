//! `watch`: what happens to the chain, to scripts and to the connection, line by line, as it happens.

use std::io;
use std::pin::pin;
use std::time::Instant;

use electrum_smol::{Change, LifeEvent, LifeEvents, Updates};
use futures_lite::{Stream, StreamExt, future};
use serde::Serialize;
use smol::Timer;

use crate::args::WatchArgs;
use crate::output::{Output, Paint, printable};
use crate::topics::{self, Topics};
use crate::{Verdict, failure};

/// Watches until the time is up, whatever becomes of the server.
pub(crate) async fn run(args: WatchArgs, output: &Output) -> io::Result<Verdict> {
    let topics = Topics::new(&args);
    let (client, driver) = electrum_smol::client(args.reach.config([args.server.clone()], Topics::range(&args)));
    // Before the driver runs, so that nothing happens unseen.
    let mut news = News { events: client.events(), updates: None, behind: Vec::new() };
    match client.subscribe_all(topics.topics()) {
        Ok(updates) => news.updates = Some(updates),
        Err(reason) => {
            output.error("what is to be watched", &reason.to_string(), "fewer scripts");
            return Ok(Verdict::Failure);
        }
    }
    let driver = smol::spawn(driver);
    let printer = Printer { topics, output, started: Instant::now() };
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
    watched.map(|()| Verdict::Success)
}

/// What happens, in order: both sources have one of their own.
struct News {
    events: LifeEvents,
    updates: Option<Updates>,
    /// What came before an event that was met first, the latest first.
    behind: Vec<Item>,
}

enum Item {
    Event(LifeEvent),
    Update(Change),
}

impl News {
    /// The next thing that happened.
    async fn next(&mut self) -> Option<Item> {
        if let Some(item) = self.behind.pop() {
            return Some(item);
        }
        // An update follows the event that made it possible, so events are looked at first ...
        let Self { events, updates, behind } = self;
        let next_update = async {
            match updates {
                Some(updates) => updates.next().await.map(Item::Update),
                None => None,
            }
        };
        let item = future::or(async { events.next().await.map(Item::Event) }, next_update).await?;
        // ... but for the end of a connection, which comes after the updates that it brought.
        if matches!(item, Item::Event(LifeEvent::Down { .. })) {
            behind.push(item);
            while let Some(change) = now(updates.as_mut()?).await {
                behind.insert(1, Item::Update(change));
            }
            return behind.pop();
        }
        Some(item)
    }
}

/// What a stream has without waiting.
async fn now<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    let mut next = pin!(stream.next());
    future::poll_once(next.as_mut()).await.flatten()
}

struct Printer<'a> {
    topics: Topics,
    output: &'a Output,
    started: Instant,
}

/// An event of the connection as JSON.
#[derive(Serialize)]
struct EventRecord<'a> {
    event: &'static str,
    server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    software: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_in_ms: Option<u128>,
}

impl Printer<'_> {
    async fn print_all(&self, news: &mut News) -> io::Result<()> {
        while let Some(item) = news.next().await {
            match item {
                Item::Event(event) => self.event(&event)?,
                Item::Update(change) => self.update(&change)?,
            }
        }
        Ok(())
    }

    fn event(&self, event: &LifeEvent) -> io::Result<()> {
        let empty = EventRecord {
            event: "",
            server: String::new(),
            software: None,
            version: None,
            cause: None,
            code: None,
            message: None,
            retry_in_ms: None,
        };
        let (record, paint, words) = match event {
            LifeEvent::Connecting { server } => {
                let record = EventRecord { event: "connecting", server: server.to_string(), ..empty };
                (record, Paint::Faint, format!("{server}"))
            }
            LifeEvent::Ready { server, software, version, .. } => {
                let words = format!("{server}: {} speaks protocol {version}", printable(software));
                let record = EventRecord {
                    event: "ready",
                    server: server.to_string(),
                    software: Some(software),
                    version: Some(version.to_string()),
                    ..empty
                };
                (record, Paint::Good, words)
            }
            LifeEvent::Down { server, cause, retry_in, .. } => {
                let (code, message) = failure::code_and_message(cause);
                let seconds = retry_in.as_secs_f32();
                let words = format!("{server}: {}; next attempt in {seconds:.1} s", printable(&cause.to_string()));
                let record = EventRecord {
                    event: "down",
                    server: server.to_string(),
                    cause: Some(cause.name()),
                    code,
                    message: Some(message),
                    retry_in_ms: Some(retry_in.as_millis()),
                    ..empty
                };
                (record, Paint::Bad, words)
            }
            _ => return Ok(()),
        };
        if self.output.json {
            return self.output.object(&record);
        }
        self.line(record.event, paint, &words)
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
