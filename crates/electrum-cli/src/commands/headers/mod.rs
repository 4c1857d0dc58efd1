//! `headers`: a range of headers into a file, which a later run continues.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use electrum_smol::proto::operations::{Header, Headers, HeadersSubscribe};
use electrum_smol::proto::proof::{ChainError, check_links};
use electrum_smol::proto::types::{BlockHash, HeaderRun, RawHeader};
use electrum_smol::proto::{ProtocolVersion, VersionRange};
use electrum_smol::{Call, CallError};
use serde::Serialize;

use crate::output::Output;
use crate::progress::Progress;
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};
use crate::text::printable;
use crate::versions::range;
use electrum_smol::transport::ServerAddr;
use std::path::PathBuf;

/// Write a range of block headers to a file, 80 bytes each, checked link by link
///
/// If the file is there it is continued where it ends, once its last header was found to be the server's.
#[derive(Debug, clap::Args)]
pub(crate) struct HeadersArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The file
    pub(crate) file: PathBuf,
    /// The height of the first header in the file
    #[arg(long, value_name = "HEIGHT", default_value_t = 0)]
    pub(crate) from: u32,
    /// The height of the last header [default: that of the last block]
    #[arg(long, value_name = "HEIGHT", conflicts_with = "count")]
    pub(crate) to: Option<u32>,
    /// How many headers the file is to have, instead of --to
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) count: Option<u32>,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// As many as servers send at once, mostly.
const RUN: u32 = 2016;
/// How many requests are on their way at once.
const AHEAD: usize = 4;
const SIZE: u64 = 80;

#[derive(Serialize)]
struct Record<'a> {
    file: &'a str,
    from: u32,
    to: u32,
    fetched: u32,
    hash: BlockHash,
}

/// Writes the headers.
pub(crate) async fn run(args: HeadersArgs, output: &Output) -> Outcome {
    let last = match (args.to, args.count) {
        (Some(to), _) if to < args.from => {
            return Err(Stop::Usage(format!("--to {to} comes before --from {}", args.from)));
        }
        (Some(to), _) => Some(to),
        (None, Some(count)) => match args.from.checked_add(count - 1) {
            None => return Err(Stop::Usage("--count goes beyond all heights".into())),
            last => last,
        },
        (None, None) => None,
    };
    let mut store = Store::open(&args.file, args.from)?;
    let offered = range(ProtocolVersion::V1_2, VersionRange::ALL.max());
    with_server(&args.server, &args.options, offered, output, async |query: Query<'_>| {
        let fetched = fill(&query, &mut store, last).await?;
        let Some(tip) = store.last else {
            return Err(query.wrong("headers", "there is none in this range", "choose a lower --from"));
        };
        let file = args.file.to_string_lossy();
        let record = Record { file: &file, from: store.from, to: store.next - 1, fetched, hash: tip.block_hash() };
        if output.json {
            output.object(&record)?;
        } else {
            let Record { from, to, hash, .. } = record;
            let file = printable(&file);
            output.line(&format!("{file}: headers {from} to {to}, {fetched} of them new; the last is {hash}"))?;
        }
        Ok(Verdict::Success)
    })
    .await
}

/// Fetches what is missing up to height `last`, or to the end of the chain; gives the number.
async fn fill(query: &Query<'_>, store: &mut Store<'_>, last: Option<u32>) -> Result<u32, Stop> {
    let tip = query.ask("the last header", HeadersSubscribe).await?.height;
    if let Some(last) = last.filter(|last| *last > tip) {
        let why = format!("its chain ends at height {tip}, and {last} is wanted");
        return Err(query.wrong("headers", &why, "wait for the blocks, or choose a lower --to or --count"));
    }
    check_end(query, store, tip).await?;
    let (start, last) = (store.next, last.unwrap_or(tip));
    let mut progress = Progress::of(u64::from(last.saturating_add(1).saturating_sub(start)));
    let mut previous = store.last.map(|header| header.block_hash());
    let mut runs = Runs { next: start, last, length: RUN, calls: VecDeque::new() };
    while store.next <= last {
        let headers = match runs.next(query).await {
            Ok(run) => run.headers,
            Err(error) => return Err(query.failed(&format!("headers from {} on", store.next), &error)),
        };
        if headers.is_empty() {
            let why = format!("it sends none from {} on", store.next);
            return Err(query.wrong("headers", &why, "try again: its chain may have become shorter"));
        }
        previous = check_links(previous, &headers).map_err(|error| unlinked(query, store.next, &error))?;
        store.append(&headers)?;
        progress.at(u64::from(store.next - start));
    }
    store.finish()?;
    Ok(store.next - start)
}

/// Makes sure that what the file ends with is on the server's chain.
async fn check_end(query: &Query<'_>, store: &Store<'_>, tip: u32) -> Result<(), Stop> {
    let Some(own) = store.last else { return Ok(()) };
    let height = store.next - 1;
    let file = store.path.display();
    let advice = "name another file, or the --from with which this one was begun; or cut the end that is no longer \
                  in the chain";
    if height > tip {
        let why = format!("its chain ends at height {tip}, and {file} at {height}");
        return Err(query.wrong("headers", &why, advice));
    }
    let theirs = query.ask(&format!("header {height}"), Header { height }).await?;
    if own == theirs {
        return Ok(());
    }
    let (own, theirs) = (own.block_hash(), theirs.block_hash());
    let why = format!(
        "{file} does not link to its chain: it ends with {own} for height {height}, where the server has {theirs}"
    );
    Err(query.wrong("headers", &why, advice))
}

fn unlinked(query: &Query<'_>, start: u32, error: &ChainError) -> Stop {
    let why = match error {
        ChainError::Unlinked { index, expected, found } => {
            let height = u64::from(start) + *index as u64;
            format!("header {height} names {found} as the one before it, which is {expected}")
        }
        other => other.to_string(),
    };
    query.wrong("headers", &why, "try again: the chain may just have been reorganised; else use another server")
}

/// Runs of headers, some of which are asked for ahead.
struct Runs {
    next: u32,
    last: u32,
    length: u32,
    calls: VecDeque<(u32, u32, Call<HeaderRun>)>,
}

impl Runs {
    async fn next(&mut self, query: &Query<'_>) -> Result<HeaderRun, CallError> {
        while self.calls.len() < AHEAD && self.next <= self.last {
            let count = self.length.min(self.last - self.next + 1);
            // Their links are checked with those of the runs before.
            let call = query.call(Headers::new(self.next, count).without_link_check());
            self.calls.push_back((self.next, count, call));
            self.next += count;
        }
        let Some((start, count, call)) = self.calls.pop_front() else { return Err(CallError::Closed) };
        let run = call.await?;
        let length = u32::try_from(run.headers.len()).unwrap_or(u32::MAX);
        if (1..count).contains(&length) {
            // This server sends fewer at once: what was asked for ahead starts too far on.
            self.calls.clear();
            (self.next, self.length) = (start + length, length);
        }
        Ok(run)
    }
}

/// The file: headers one after the other.
#[derive(Debug)]
struct Store<'a> {
    path: &'a Path,
    from: u32,
    /// The height of the header that comes next.
    next: u32,
    last: Option<RawHeader>,
    file: Option<File>,
}

impl<'a> Store<'a> {
    /// Looks at what is there. Nothing is written before the first header is to be kept.
    fn open(path: &'a Path, from: u32) -> Result<Self, Stop> {
        let mut store = Self { path, from, next: from, last: None, file: None };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(store),
            Err(error) => return Err(store.failed(&error)),
        };
        let length = file.metadata().map_err(|error| store.failed(&error))?.len();
        let count = length / SIZE;
        store.next = u32::try_from(u64::from(from) + count)
            .map_err(|_| Stop::Usage(format!("{} is too long to be a file of headers", path.display())))?;
        if count > 0 {
            let mut last = [0; SIZE as usize];
            let read = file.seek(SeekFrom::Start((count - 1) * SIZE)).and_then(|_| file.read_exact(&mut last));
            read.map_err(|error| store.failed(&error))?;
            store.last = Some(RawHeader::from_bytes(last));
        } else if length > 0 {
            return Err(Stop::Usage(format!("{} is no file of headers, which have 80 bytes each", path.display())));
        }
        Ok(store)
    }

    fn append(&mut self, headers: &[RawHeader]) -> Result<(), Stop> {
        let bytes: Vec<u8> = headers.iter().flat_map(|header| *header.as_bytes()).collect();
        let written = self.writer().and_then(|file| file.write_all(&bytes));
        written.map_err(|error| self.failed(&error))?;
        self.next += u32::try_from(headers.len()).unwrap_or(u32::MAX);
        self.last = headers.last().copied();
        Ok(())
    }

    /// The file, opened to be continued. What an interrupted run left of a header is cut off.
    fn writer(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(self.path)?;
            let end = u64::from(self.next - self.from) * SIZE;
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            self.file = Some(file);
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn finish(&self) -> Result<(), Stop> {
        let Some(file) = &self.file else { return Ok(()) };
        file.sync_all().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Stop {
        Stop::Output(io::Error::other(format!("{}: {error}", self.path.display())))
    }
}
