//! `bench`: measures how fast a server answers, with few requests.

use std::time::{Duration, Instant};

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::operations::Header;
use serde::Serialize;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::output::{Output, Paint};
use crate::progress::Progress;
use crate::query::{Query, with_server};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop};

/// Measure how fast a server answers: one call after the other, and many at once
///
/// Each is measured twice: as this client does it, and without the cheap request that it adds for servers that hold
/// small answers back. It asks for a few hundred block headers in all.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// How many calls to make one after the other; ten times as many are made at once
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) calls: u32,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// The measurements on one connection.
#[derive(Debug, Serialize)]
struct Measured {
    /// Whether the client pushed answers that the server held back.
    nudge: bool,
    calls: u32,
    median_ms: f64,
    slowest_ms: f64,
    at_once: u32,
    per_second: f64,
}

#[derive(Serialize)]
struct Record<'a> {
    server: String,
    software: &'a str,
    version: String,
    handshake_ms: f64,
    measured: &'a [Measured],
}

/// Measures the server and prints the results.
pub(crate) async fn run(args: BenchArgs, output: &Output) -> Outcome {
    with_server(&args.options, VersionRange::ALL, output, async |query: Query<'_>| {
        let Connection { server, software, version, handshake, .. } = query.connection();
        let pushed = measure(&query, query.connection(), true, args.calls).await?;
        let mut config = args.options.config([server.clone()], VersionRange::ALL)?;
        config.protocol.nudge = false;
        let plain = match Connection::open(config).await {
            Ok(connection) => {
                let measured = measure(&query, &connection, false, args.calls).await;
                connection.close().await;
                Some(measured?)
            }
            // Without the second connection the first measurement is still printed.
            Err(_) => None,
        };
        let measured: Vec<_> = [Some(pushed), plain].into_iter().flatten().collect();
        let (version, handshake_ms) = (version.to_string(), millis(*handshake));
        let record = Record { server: server.to_string(), software, version, handshake_ms, measured: &measured };
        let mut lines = vec![
            format!("{} handshake {handshake_ms:.1} ms", output.paint(Paint::Strong, format!("{:<22}", server))),
            format!("{:<22} {:>10} {:>10} {:>12}", "", "median", "slowest", "at once"),
        ];
        lines.extend(measured.iter().map(|measured| {
            let name = if measured.nudge { "as this client does" } else { "without the push" };
            let Measured { median_ms, slowest_ms, per_second, .. } = measured;
            format!("{name:<22} {median_ms:>7.1} ms {slowest_ms:>7.1} ms {per_second:>10.0}/s")
        }));
        output.record(&record, |_, _| lines)
    })
    .await
}

async fn measure(query: &Query<'_>, connection: &Connection, nudge: bool, calls: u32) -> Result<Measured, Stop> {
    let failed = |error| query.fail("block headers", &Failure::of_call(&error));
    let at_once = calls * 10;
    let progress = Progress::of(u64::from(calls + at_once), "calls");
    let mut times = Vec::new();
    for _ in 0..calls {
        progress.at(times.len() as u64);
        let start = Instant::now();
        connection.client.call(Header { height: 0 }).await.map_err(failed)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let start = Instant::now();
    let pending: Vec<_> = (0..at_once).map(|_| connection.client.call(Header { height: 0 })).collect();
    for (done, call) in pending.into_iter().enumerate() {
        call.await.map_err(failed)?;
        progress.at(u64::from(calls) + done as u64);
    }
    drop(progress);
    let per_second = f64::from(at_once) / start.elapsed().as_secs_f64().max(1e-9);
    let median_ms = millis(times[times.len() / 2]);
    let slowest_ms = times.last().copied().map_or(median_ms, millis);
    Ok(Measured { nudge, calls, median_ms, slowest_ms, at_once, per_second })
}

/// Converts a time to milliseconds, with microseconds as decimals.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}
