//! `doctor`: checks everything between this machine and a server, step by step.

mod agreement;
mod chain;
mod finding;
mod reach;

use std::io;
use std::net::Ipv4Addr;

use electrum_smol::proto::VersionRange;
use electrum_smol::proto::types::Tip;
use electrum_smol::transport::ServerAddr;
use serde::Serialize;

use self::finding::{Finding, Findings, Grade};
use crate::output::{Output, Paint};
use crate::progress::Progress;
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};
use crate::text::printable;

/// Diagnose the connection to servers, and print what to do first
///
/// Name look-up, addresses, port, TLS and certificate, proxy, protocol versions, chain, tip, clock, and what the server
/// answers are tried in this order. Several servers are compared.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

#[derive(Serialize)]
struct Record<'a> {
    server: String,
    findings: &'a [Finding],
    /// The fault to fix first.
    first: Option<&'static str>,
}

/// A server, the findings about it, and the tip of its chain.
struct Examined {
    server: ServerAddr,
    findings: Findings,
    tip: Option<Tip>,
}

/// Examines servers and prints the findings.
pub(crate) async fn run(args: DoctorArgs, output: &Output) -> Outcome {
    let mut all = Vec::new();
    for server in args.options.servers()? {
        let waiting = Progress::waiting(format!("examining {server}"));
        let examined = examine(server, &args.options).await;
        drop(waiting);
        all.push(examined?);
    }
    compare(&mut all);
    let mut verdict = Verdict::Success;
    for Examined { server, findings, .. } in &all {
        let first = findings.first_fault();
        if first.is_some() {
            verdict = Verdict::Failure;
        }
        if output.json {
            let first = first.and_then(|first| first.fault);
            output.object(&Record { server: server.to_string(), findings: &findings.0, first })?;
        } else {
            print(server, findings, output)?;
        }
    }
    Ok(verdict)
}

async fn examine(server: ServerAddr, options: &ServerOptions) -> Result<Examined, Stop> {
    let mut findings = Findings::default();
    let config = match options.config([server.clone()], VersionRange::ALL) {
        Ok(config) => config,
        // The server cannot be reached with these options, such as an onion service without a proxy.
        Err(Stop::Usage(why)) => {
            findings.fault("route", "no_route", why, "change the options that the message names");
            return Ok(Examined { server, findings, tip: None });
        }
        Err(other) => return Err(other),
    };
    if config.route.proxy().is_none() && !reach::check(&server, &mut findings).await {
        return Ok(Examined { server, findings, tip: None });
    }
    let Some(connection) = agreement::connect(&server, &config, &mut findings).await else {
        return Ok(Examined { server, findings, tip: None });
    };
    let (software, version) = (printable(&connection.software).into_owned(), connection.version);
    findings.good("versions", format!("{software} agreed on protocol {version}"));
    match &connection.link.tls {
        Some(tls) => findings.good("encryption", format!("{}, certificate {}", tls.version, tls.pin)),
        None if is_here(&server) => {}
        None => findings.note("encryption", "none: everyone on the way can read and change it; ssl:// would encrypt"),
    }
    let tip = chain::check(&connection, &mut findings).await;
    connection.close().await;
    if tip.is_some() {
        chain::padding(&config, &mut findings).await;
    }
    Ok(Examined { server, findings, tip })
}

/// Whether the server is on this machine.
fn is_here(server: &ServerAddr) -> bool {
    let host = server.host().to_string();
    host == "localhost" || host == "[::1]" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Finds servers that are behind the others.
fn compare(all: &mut [Examined]) {
    let heights = all.iter().filter_map(|examined| Some((examined.tip?.height, examined.server.clone())));
    let Some((highest, best)) = heights.max_by_key(|(height, _)| *height) else { return };
    for Examined { findings, tip, .. } in all {
        let behind = tip.map_or(0, |tip| highest - tip.height);
        // A difference of one block is no fault: it may be on its way.
        if behind > 1 {
            let words = format!("it is {behind} blocks behind {best}");
            findings.fault("tip", "behind", words, "use the other server until this one has caught up");
        }
    }
}

fn print(server: &ServerAddr, findings: &Findings, output: &Output) -> io::Result<()> {
    let mut lines = vec![output.paint(Paint::Strong, server)];
    for Finding { check, grade, message, hint, .. } in &findings.0 {
        let (word, paint) = match grade {
            Grade::Good => ("good", Paint::Good),
            Grade::Note => ("note", Paint::Fair),
            Grade::Fault => ("fault", Paint::Bad),
        };
        lines.push(format!("  {} {check:<12} {}", output.paint(paint, format!("{word:<5}")), printable(message)));
        if let (Grade::Note, Some(hint)) = (grade, hint) {
            lines.push(format!("        {:<12} {hint}", ""));
        }
    }
    let first = findings.first_fault().and_then(|first| first.hint.as_deref());
    lines.push(match first {
        Some(hint) => format!("  {} {hint}", output.paint(Paint::Strong, "first:")),
        None => "  nothing is wrong".into(),
    });
    output.line(&lines.join("\n"))
}
