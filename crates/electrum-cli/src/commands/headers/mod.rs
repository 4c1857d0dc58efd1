//! `headers`: writes a range of headers to a file, which a later run continues.

mod runs;
mod store;

use std::path::{Path, PathBuf};

use electrum_smol::proto::operations::{Header, HeadersSubscribe};
use electrum_smol::proto::proof::{ChainError, HeaderChain, Rules, Target, check_links, check_work};
use electrum_smol::proto::types::{BlockHash, Network, RawHeader};
use electrum_smol::proto::{ProtocolVersion, Tip, VersionRange};
use serde::Serialize;

use self::runs::Runs;
use self::store::Store;
use crate::causes::Cause;
use crate::failure::Failure;
use crate::networks::easiest_target;
use crate::output::Output;
use crate::progress::Progress;
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};
use crate::text::printable;
use crate::versions::range;

/// Write a range of block headers to a file, 80 bytes each, checked link by link
///
/// A file that exists is continued. After a reorganisation the headers that are no longer in the chain are replaced, if
/// those of the server have more work.
#[derive(Debug, clap::Args)]
pub(crate) struct HeadersArgs {
    /// The file, or - for standard output
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

#[derive(Serialize)]
struct Record<'a> {
    file: &'a str,
    from: u32,
    to: u32,
    fetched: u32,
    /// How many headers of the file were replaced after a reorganisation.
    replaced: u32,
    hash: BlockHash,
    /// Whether the work of the headers was checked, which is possible if the network is known.
    work_checked: bool,
}

/// What was written to the file.
struct Filled {
    fetched: u32,
    replaced: u32,
    work_checked: bool,
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
    with_server(&args.options, offered, output, async |query: Query<'_>| {
        let Filled { fetched, replaced, work_checked } = fill(&query, &mut store, last).await?;
        let Some(tip) = store.last else {
            return Err(query.fail("headers", &Failure::new(Cause::BeyondTip, "there is none in this range")));
        };
        if store.is_stdout() {
            return Ok(Verdict::Success);
        }
        let file = store.name();
        let (from, to, hash) = (store.from, store.next - 1, tip.block_hash());
        if output.json {
            output.object(&Record { file: &file, from, to, fetched, replaced, hash, work_checked })?;
        } else {
            let file = printable(&file);
            let replaced =
                if replaced == 0 { String::new() } else { format!(", {replaced} replaced after a reorganisation") };
            let work = if work_checked { "" } else { "; their work was not checked, since the network is not known" };
            output.line(&format!(
                "{file}: headers {from} to {to}, {fetched} of them new{replaced}; the last is {hash}{work}"
            ))?;
        }
        Ok(Verdict::Success)
    })
    .await
}

/// Fetches the missing headers up to height `last`, or to the end of the chain.
async fn fill(query: &Query<'_>, store: &mut Store<'_>, last: Option<u32>) -> Result<Filled, Stop> {
    let (first, tip) = (query.call(Header { height: 0 }), query.ask("the last header", HeadersSubscribe).await?.height);
    if let Some(last) = last.filter(|last| *last > tip) {
        let why = format!("its chain ends at height {tip}, and {last} is wanted");
        return Err(query.fail("headers", &Failure::new(Cause::BeyondTip, why)));
    }
    let network = first.await.ok().and_then(|first| Network::of_genesis(first.block_hash()));
    let limit = network.map(easiest_target);
    let fork = common_header(query, store, tip).await?;
    let (mut start, end) = (fork, last.unwrap_or(tip));
    let replaced = store.next - fork;
    let mut fetched = 0;
    let mut chain = match network {
        Some(network) => kept_chain(store, network)?.map_err(|failure| query.fail("headers", &failure))?,
        None => None,
    };
    if replaced > 0 {
        let branch = branch(query, store, fork, tip, limit).await?;
        check_rules(query, &mut chain, network, fork, &branch)?;
        store.replace(fork, &branch)?;
        fetched = u32::try_from(branch.len()).unwrap_or(u32::MAX);
        start = store.next;
    }
    let progress = Progress::of(u64::from(end.saturating_add(1).saturating_sub(start)), "headers");
    let mut previous = store.last.map(|header| header.block_hash());
    let mut runs = Runs::new(start, end);
    while store.next <= end {
        let headers = next_run(query, &mut runs, store.next, previous, limit).await?;
        previous = headers.last().map(RawHeader::block_hash);
        check_rules(query, &mut chain, network, store.next, &headers)?;
        store.append(&headers)?;
        progress.at(u64::from(store.next - start));
    }
    store.finish()?;
    Ok(Filled { fetched: fetched + store.next - start, replaced, work_checked: limit.is_some() })
}

/// Returns the headers of the file as a chain that checks those that follow, or the failure if they are not a chain.
fn kept_chain(store: &Store<'_>, network: Network) -> Result<Result<Option<HeaderChain>, Failure>, Stop> {
    let is_empty = store.next == store.from;
    let header = match store.from {
        0 => network.genesis(),
        // The first header of the range cannot be checked.
        _ if is_empty => return Ok(Ok(None)),
        from => store.header(from)?,
    };
    if is_empty {
        return Ok(Ok(Some(HeaderChain::from_genesis(network))));
    }
    let trusted = Tip { height: store.from, header };
    let restored = HeaderChain::restore(Rules::Of(network), trusted, &store.bytes()?);
    let in_words = |error: ChainError| {
        Failure::new(Cause::FileOfOtherChain, format!("{} is no chain of {network}: {error}", store.name()))
    };
    Ok(restored.map(Some).map_err(in_words))
}

/// Checks work and difficulty of headers by the rules of a network that is known.
fn check_rules(
    query: &Query<'_>,
    chain: &mut Option<HeaderChain>,
    network: Option<Network>,
    height: u32,
    headers: &[RawHeader],
) -> Result<(), Stop> {
    let (Some(network), [first, rest @ ..]) = (network, headers) else { return Ok(()) };
    let added = match chain {
        Some(chain) if height == 0 => chain.add(1, rest),
        Some(chain) => chain.add(height, headers),
        None => {
            let trusted = Tip { height, header: *first };
            chain.insert(HeaderChain::new(Rules::Of(network), trusted)).add(height + 1, rest)
        }
    };
    added.map(drop).map_err(|error| query.fail("headers", &unsound(height, &error)))
}

/// A chain of headers that goes back to the first block of its network, in a file.
#[derive(Debug)]
pub(crate) struct Anchored {
    pub(crate) chain: HeaderChain,
    pub(crate) network: Network,
}

/// Brings a file of headers up to the server's chain, and checks all of it.
pub(crate) async fn anchored(query: &Query<'_>, path: &Path) -> Result<Anchored, Stop> {
    let mut store = Store::open(path, 0)?;
    fill(query, &mut store, None).await?;
    let network = Network::of_genesis(store.header(0)?.block_hash());
    let Some(network) = network else {
        let why = format!("{} does not begin with the first block of a network that is known", store.name());
        return Err(query.fail("headers", &Failure::new(Cause::FileOfOtherChain, why)));
    };
    match kept_chain(&store, network)? {
        Ok(Some(chain)) => Ok(Anchored { chain, network }),
        Ok(None) => Ok(Anchored { chain: HeaderChain::from_genesis(network), network }),
        Err(failure) => Err(query.fail("headers", &failure)),
    }
}

/// Fetches the next headers, and checks their links and their work.
async fn next_run(
    query: &Query<'_>,
    runs: &mut Runs,
    height: u32,
    previous: Option<BlockHash>,
    limit: Option<Target>,
) -> Result<Vec<RawHeader>, Stop> {
    let headers = match runs.next(query).await {
        Ok(run) => run.headers,
        Err(error) => return Err(query.failed(&format!("headers from {height} on"), &error)),
    };
    if headers.is_empty() {
        let why = format!("it sends none from {height} on: its chain may have become shorter");
        return Err(query.fail("headers", &Failure::new(Cause::Changed, why)));
    }
    let checked = check_links(previous, &headers).map(drop);
    let checked = checked.and_then(|()| limit.map_or(Ok(()), |limit| check_work(limit, &headers)));
    checked.map_err(|error| query.fail("headers", &unsound(height, &error)))?;
    Ok(headers)
}

fn unsound(start: u32, error: &ChainError) -> Failure {
    let height = |index: usize| u64::from(start) + index as u64;
    match error {
        ChainError::Unlinked { index, expected, found } => {
            let why = format!("header {} names {found} as the one before it, which is {expected}", height(*index));
            Failure::new(Cause::Unlinked, why)
        }
        ChainError::NoWork { index, hash } => {
            Failure::new(Cause::NoWork, format!("the hash {hash} of header {} exceeds its target", height(*index)))
        }
        ChainError::TooEasy { index } => Failure::new(
            Cause::NoWork,
            format!("header {} asks for less work than its network ever does", height(*index)),
        ),
        other => Failure::new(Cause::NoWork, other.to_string()),
    }
}

/// Returns the height after the last header that the file and the server's chain have in common: the end of the file,
/// unless the chain was reorganised.
async fn common_header(query: &Query<'_>, store: &Store<'_>, tip: u32) -> Result<u32, Stop> {
    let Some(own) = store.last else { return Ok(store.next) };
    let end = store.next - 1;
    if end > tip {
        let why = format!(
            "its chain ends at height {tip}, and {} at {end}; see also --from, with which the file was begun",
            store.name()
        );
        return Err(query.fail("headers", &Failure::new(Cause::BeyondTip, why)));
    }
    if server_header(query, end).await? == own {
        return Ok(store.next);
    }
    // Searches from the end backwards in growing steps for a common header, and from there by bisection.
    let (mut differs, mut step) = (end, 1);
    let mut common = loop {
        let Some(height) = differs.checked_sub(step).filter(|height| *height >= store.from) else {
            if differs == store.from {
                return Err(query.fail("headers", &other_chain(store)));
            }
            step = differs - store.from;
            continue;
        };
        if server_header(query, height).await? == store.header(height)? {
            break height;
        }
        differs = height;
        step *= 2;
    };
    while differs - common > 1 {
        let middle = common + (differs - common) / 2;
        if server_header(query, middle).await? == store.header(middle)? {
            common = middle;
        } else {
            differs = middle;
        }
    }
    Ok(common + 1)
}

async fn server_header(query: &Query<'_>, height: u32) -> Result<RawHeader, Stop> {
    query.ask(&format!("header {height}"), Header { height }).await
}

fn other_chain(store: &Store<'_>) -> Failure {
    let why = format!("{} does not link to its chain: they have no header in common", store.name());
    Failure::new(Cause::FileOfOtherChain, why)
}

/// Fetches the server's headers that replace those of the file from `fork` on: at least as many, and with more work.
async fn branch(
    query: &Query<'_>,
    store: &Store<'_>,
    fork: u32,
    tip: u32,
    limit: Option<Target>,
) -> Result<Vec<RawHeader>, Stop> {
    let replaced = store.read(fork, store.next - fork)?;
    let mut previous = if fork > store.from { Some(store.header(fork - 1)?.block_hash()) } else { None };
    let (mut runs, mut headers) = (Runs::new(fork, tip), Vec::new());
    while headers.len() < replaced.len() || work(&headers) <= work(&replaced) {
        let height = fork + u32::try_from(headers.len()).unwrap_or(u32::MAX);
        if height > tip {
            let why = format!(
                "its chain leaves that of {} at height {fork}, ends at height {tip}, and shows no more work",
                store.name()
            );
            return Err(query.fail("headers", &Failure::new(Cause::BeyondTip, why)));
        }
        let run = next_run(query, &mut runs, height, previous, limit).await?;
        previous = run.last().map(RawHeader::block_hash);
        headers.extend(run);
    }
    Ok(headers)
}

/// Returns the work of headers, as the average number of hashes to find them. It is only compared, so the precision of
/// a float is enough.
fn work(headers: &[RawHeader]) -> f64 {
    let difficulty = |header: &RawHeader| {
        let target = Target::from_compact(header.bits())?;
        let target = target.to_be_bytes().iter().fold(0.0, |target, byte| target * 256.0 + f64::from(*byte));
        Some(2_f64.powi(256) / (target + 1.0))
    };
    headers.iter().filter_map(difficulty).sum()
}
