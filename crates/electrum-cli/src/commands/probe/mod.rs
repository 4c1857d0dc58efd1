//! `probe`: connects, negotiates a version, and prints what the server says about itself.

mod attempt;
mod fake_servers;
mod matrix;

use std::io;

use electrum_smol::proto::{DownCause, VersionRange};
use electrum_smol::transport::{PinState, ServerAddr};

use self::attempt::{Agreed, Attempt, attempt, route};
use self::matrix::Row;
use crate::output::{Output, Paint};
use crate::query::report_connection;
use crate::server_features::{chain, line};
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};
use crate::text::printable;

/// Connect, negotiate the protocol version, and show what the server is
///
/// Every SERVER is probed. With --families it is eight fake servers on this machine, one of each kind, and their matrix
/// is shown.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ProbeArgs {
    /// Try a valid range of versions, an unsupported one (2.0..3.0) and one below the minimum (1.0..1.2)
    #[arg(long)]
    pub(crate) matrix: bool,
    /// Start one fake server of each family on this machine, and show the matrix of them
    #[arg(long, conflicts_with_all = ["servers", "matrix"])]
    pub(crate) families: bool,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// Runs `probe`.
pub(crate) async fn run(args: ProbeArgs, output: &Output) -> Outcome {
    if args.families {
        let servers = fake_servers::start()?;
        let count = servers.len();
        if !output.json {
            let heading =
                format!("{count} fake servers on this machine, each behaving like the servers of its family\n");
            output.line(&output.paint(Paint::Faint, heading))?;
        }
        let addresses = servers.iter().map(|(address, _)| address.clone()).collect();
        let verdict = matrix(addresses, true, &args, output).await?;
        if !output.json {
            let next = "\nNext: electrum-cli serve fulcrum-2.1 starts one of them that stays; electrum-cli --help shows \
                        what to ask it.";
            output.line(&output.paint(Paint::Faint, next))?;
        }
        return Ok(verdict);
    }
    let servers = args.options.servers()?;
    if args.matrix {
        return matrix(servers, false, &args, output).await;
    }
    each(servers, &args, output).await
}

/// Makes one attempt for each server, and prints the results.
async fn each(servers: Vec<ServerAddr>, args: &ProbeArgs, output: &Output) -> Outcome {
    let attempts: Vec<_> = servers
        .into_iter()
        .map(|server| {
            let config = args.options.config([server.clone()], VersionRange::default())?;
            let range = config.protocol.versions;
            Ok(smol::spawn(attempt(server, config, range)))
        })
        .collect::<Result<_, Stop>>()?;
    let mut verdict = Verdict::Success;
    for attempt in attempts {
        let attempt = attempt.await;
        if output.json {
            output.object(&attempt.record())?;
        }
        match &attempt.outcome {
            Ok(agreed) => show(&attempt.server, agreed, output)?,
            Err(cause) => {
                complain(&attempt, cause, output);
                verdict = Verdict::Failure;
            }
        }
    }
    Ok(verdict)
}

/// Makes three attempts for each server, and prints a table of the results.
async fn matrix(servers: Vec<ServerAddr>, embedded: bool, args: &ProbeArgs, output: &Output) -> Outcome {
    let client_range = args.options.range.unwrap_or_else(matrix::default_range);
    let ranges = matrix::ranges(client_range);
    let rows: Vec<_> = servers
        .into_iter()
        .map(|server| {
            let config = args.options.config([server.clone()], client_range)?;
            Ok(smol::spawn(async move {
                let mut attempts = Vec::with_capacity(ranges.len());
                for range in ranges {
                    attempts.push(attempt(server.clone(), config.clone(), range).await);
                }
                attempts
            }))
        })
        .collect::<Result<_, Stop>>()?;
    let mut verdict = Verdict::Success;
    let mut table = Vec::with_capacity(rows.len());
    for row in rows {
        let row = Row { attempts: row.await };
        for attempt in &row.attempts {
            if output.json {
                output.object(&attempt.record())?;
            }
            // The other two ranges are meant to be refused.
            let is_valid_range = attempt.range == client_range;
            if let Err(cause) = attempt.outcome.as_ref() {
                if is_valid_range || matches!(cause, DownCause::Connect { .. }) {
                    complain(attempt, cause, output);
                    verdict = Verdict::Failure;
                }
            }
        }
        table.push(row);
    }
    if !output.json {
        output.line(&matrix::table(&table, ranges, embedded, output))?;
    }
    Ok(verdict)
}

fn show(server: &ServerAddr, agreed: &Agreed, output: &Output) -> io::Result<()> {
    if output.json {
        return Ok(());
    }
    let mut lines = Vec::new();
    let mut add = |name: &str, value: &str| lines.push(line(name, value));
    add("software", &printable(&agreed.software));
    add("protocol", &output.paint(Paint::Good, agreed.version));
    add("handshake", &format!("{:.1} ms", agreed.handshake_ms()));
    let plain = "none: everyone on the way can read and change it";
    add(
        "encryption",
        &agreed.link.tls.as_ref().map_or_else(|| plain.into(), |tls| format!("{}, {}", tls.version, tls.cipher)),
    );
    if let Some(tls) = &agreed.link.tls {
        add("certificate", &tls.fingerprint.to_string());
        let paint = if tls.pin == PinState::Insecure { Paint::Bad } else { Paint::Good };
        add("pin", &output.paint(paint, tls.pin));
    }
    add("route", &route(agreed.link.proxy.as_deref()));
    if let Some(genesis) = agreed.genesis_hash {
        add("genesis_hash", &chain(genesis));
    }
    match &agreed.features {
        Ok(said) => {
            // Lines that repeat the chain's first header are left out; a contradiction stays visible.
            let said: Vec<_> = said.lines().into_iter().filter(|line| !lines.contains(line)).collect();
            lines.extend(said);
        }
        Err(error) => add("features", &output.paint(Paint::Fair, printable(&format!("unknown: {error}")))),
    }
    let heading = output.paint(Paint::Strong, server);
    let lines = lines.iter().map(|line| format!("\n  {line}"));
    output.line(&format!("{heading}{}", lines.collect::<String>()))
}

fn complain(attempt: &Attempt, cause: &DownCause, output: &Output) {
    report_connection(&attempt.server, attempt.proxy.as_deref(), &attempt.failure(cause), output);
}
