//! The page: tables in Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use crate::builds::Build;
use crate::core_figures::CoreFigures;
use crate::runner::Cell;
use crate::scale::{Idle, Resubscription};
use crate::workload::{Contender, Workload};

/// The table of the contenders: user CPU for each operation.
pub fn summary(cells: &[Cell]) -> String {
    let contenders = present(cells, |contender| contender != Contender::Drain && contender.over_tcp().is_none());
    let mut text = head("workload", &contenders);
    for workload in Workload::ALL {
        let row = contenders.iter().map(|contender| match find(cells, workload, *contender) {
            None if contender.supports(workload) => "-".to_owned(),
            None => "not supported".to_owned(),
            Some(cell) if workload == Workload::OneByOne => time(cell.wall),
            Some(cell) if workload == Workload::History => format!("{}, {}", time(cell.user), memory(cell.peak)),
            Some(cell) => time(cell.user),
        });
        line(&mut text, workload.title(), row);
    }
    text
}

/// Everything that was measured.
pub fn details(cells: &[Cell]) -> String {
    let mut text = String::from("| workload | client | user CPU | system CPU | wall clock | peak memory |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    for cell in cells.iter().filter(|cell| cell.contender != Contender::Drain) {
        let row =
            [cell.contender.name().to_owned(), time(cell.user), time(cell.system), time(cell.wall), memory(cell.peak)];
        line(&mut text, cell.workload.name(), row.into_iter());
    }
    text
}

/// Whether the server kept up: what it spends and how fast it can be drained, beside the fastest contender.
pub fn server(cells: &[Cell]) -> String {
    let mut text = String::from("| workload | server's CPU | drained in | fastest contender |\n|---|---|---|---|\n");
    for workload in Workload::ALL {
        let Some(drain) = find(cells, workload, Contender::Drain) else { continue };
        let fastest = cells
            .iter()
            .filter(|cell| cell.workload == workload && cell.contender != Contender::Drain)
            .min_by_key(|cell| cell.wall);
        let fastest =
            fastest.map_or_else(String::new, |cell| format!("{} ({})", time(cell.wall), cell.contender.name()));
        line(&mut text, workload.name(), [time(drain.server), time(drain.wall), fastest].into_iter());
    }
    text
}

/// Small calls over WebSockets beside the same calls over TCP.
pub fn websocket(cells: &[Cell]) -> String {
    let mut text = String::from(
        "| small calls | client | wall clock over TCP | over a WebSocket | longer by | user CPU over TCP |",
    );
    text.push_str(
        " over a WebSocket | server's CPU over TCP | over a WebSocket |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for cell in cells {
        let tcp = cell.contender.over_tcp().and_then(|contender| find(cells, cell.workload, contender));
        let Some(tcp) = tcp else { continue };
        let longer = (cell.wall.as_secs_f64() / tcp.wall.as_secs_f64() - 1.0) * 100.0;
        let row = [
            tcp.contender.name().to_owned(),
            time(tcp.wall),
            time(cell.wall),
            format!("{longer:.0} %"),
            time(tcp.user),
            time(cell.user),
            time(tcp.server),
            time(cell.server),
        ];
        line(&mut text, cell.workload.name(), row.into_iter());
    }
    text
}

/// What each client brings along.
pub fn builds(builds: &[Build]) -> String {
    let mut text = String::from("| client | crates | release build |\n|---|---|---|\n");
    for build in builds {
        line(&mut text, build.name, [build.crates.to_string(), time(build.time)].into_iter());
    }
    text
}

/// What the core costs by itself.
pub fn core(figures: &CoreFigures) -> String {
    let mut text = String::from("| | instructions | allocations | bytes allocated |\n|---|---|---|---|\n");
    for (name, each) in ["a request and its reply", "a notification"].into_iter().zip(figures.each) {
        let instructions = each.instructions.map_or_else(|| "-".to_owned(), |count| count.to_string());
        line(
            &mut text,
            name,
            [instructions, format!("{:.3}", each.allocations), format!("{:.0}", each.bytes)].into_iter(),
        );
    }
    text.push_str("\n| requests in flight | time for each, with its reply |\n|---|---|\n");
    for (count, each) in &figures.in_flight {
        line(&mut text, &count.to_string(), [time(*each)].into_iter());
    }
    text.push_str("\n| a line of | in reads of | time | for each MB |\n|---|---|---|---|\n");
    for (length, piece, took) in &figures.lines {
        let megabytes = length / 1_000_000;
        let row = [format!("{} KiB", piece / 1_024), time(*took), time(*took / megabytes as u32)];
        line(&mut text, &format!("{megabytes} MB"), row.into_iter());
    }
    text
}

/// Subscriptions made again.
pub fn resubscription(figures: &Resubscription) -> String {
    let Resubscription { topics, time: took, written, read, round_trips } = figures;
    format!(
        "{topics} subscriptions, each of which changed while the connection was down, made again with the core on a blocking \
         socket: {} from the open connection to the last new value, {written} bytes written and {read} read, {round_trips} \
         round trips.\n",
        time(*took)
    )
}

/// Clients that do nothing.
pub fn idle(figures: &Idle) -> String {
    let Idle { clients, ready, memory, watched, cpu } = figures;
    format!(
        "{clients} clients of electrum-smol in one process, each with a connection of its own: ready after {}; {memory} bytes of \
         memory for each, all counted in; {} of CPU in {} of idleness, in which no keepalive was due.\n",
        time(*ready),
        time(*cpu),
        time(*watched)
    )
}

/// The head of a table with a column for each contender.
fn head(first: &str, contenders: &[Contender]) -> String {
    let names: Vec<_> = contenders.iter().map(|contender| contender.name()).collect();
    format!("| {first} | {} |\n|{}\n", names.join(" | "), "---|".repeat(names.len() + 1))
}

fn line(text: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let cells: Vec<_> = cells.collect();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "| {first} | {} |", cells.join(" | "));
}

fn present(cells: &[Cell], wanted: impl Fn(Contender) -> bool) -> Vec<Contender> {
    let measured = |contender: &Contender| cells.iter().any(|cell| cell.contender == *contender);
    Contender::ALL.into_iter().filter(|contender| wanted(*contender) && measured(contender)).collect()
}

fn find(cells: &[Cell], workload: Workload, contender: Contender) -> Option<&Cell> {
    cells.iter().find(|cell| cell.workload == workload && cell.contender == contender)
}

/// Three digits and a unit that fits.
pub fn time(duration: Duration) -> String {
    let nanos = duration.as_nanos() as f64;
    let (value, unit) = match nanos {
        ..1e6 => (nanos / 1e3, "µs"),
        1e6..1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    let digits = match value {
        ..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

/// KiB as MB, the unit of the other figures.
pub fn memory(kib: u64) -> String {
    format!("{:.1} MB", kib as f64 * 1024.0 / 1e6)
}
