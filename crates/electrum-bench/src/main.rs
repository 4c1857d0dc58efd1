//! Runs the measurements. Without arguments: everything, and the page that is written from it.

use std::net::TcpListener;

use electrum_bench::offline::Offline;
use electrum_bench::page::Figures;
use electrum_bench::workload::{Contender, Workload};
use electrum_bench::{Outcome, builds, clients, core_figures, report, runner, scale, server};

const HELP: &str = "\
electrum-bench                             measure everything, write docs/performance.md
electrum-bench table [ROUNDS] [NAME ...]   measure and print; only the workloads and clients named
electrum-bench core                        what the core costs by itself
electrum-bench builds                      crates and seconds to build each client
electrum-bench serve                       the canned server (prints its address)
electrum-bench client CLIENT WORKLOAD ADDR one client on one workload, as JSON
electrum-bench idle ADDR                   many clients that do nothing, as JSON
electrum-bench resubscribe ADDR            many subscriptions, made again, as JSON
electrum-bench offline WORKLOAD TURNS      the core alone, for callgrind: balances or notifications";

/// Odd, so that the median is a figure that was measured.
const ROUNDS: usize = 5;
const CLIENTS: usize = 10_000;
const TOPICS: usize = 10_000;
const WATCHED: std::time::Duration = std::time::Duration::from_secs(10);

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            let figures = Figures {
                rounds: ROUNDS,
                cells: runner::table(ROUNDS, &Workload::ALL, &Contender::ALL)?,
                core: core_figures::measure()?,
                resubscription: runner::with_server("resubscribe")?,
                idle: runner::with_server("idle")?,
                builds: builds::all()?,
            };
            println!("{}\nwritten to {}", figures.page(), figures.write()?.display());
            Ok(())
        }
        ["table", ref rest @ ..] => table(rest),
        ["core"] => {
            println!("{}", report::core(&core_figures::measure()?));
            Ok(())
        }
        ["builds"] => {
            println!("{}", report::builds(&builds::all()?));
            Ok(())
        }
        ["serve"] => {
            let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
            println!("{}", listener.local_addr()?);
            Ok(server::serve(&listener)?)
        }
        ["client", contender, workload, server] => {
            let contender = Contender::named(contender).ok_or("unknown client")?;
            let workload = Workload::named(workload).ok_or("unknown workload")?;
            print(&clients::run(contender, workload, server.parse()?)?)
        }
        ["idle", server] => print(&scale::idle(CLIENTS, WATCHED, server.parse()?)?),
        ["resubscribe", server] => print(&scale::resubscribe(TOPICS, server.parse()?)?),
        ["offline", workload, turns] => {
            let (mut offline, turns) = (Offline::new(), turns.parse()?);
            match workload {
                "balances" => offline.balances(turns),
                "notifications" => offline.notifications(turns),
                _ => return Err(format!("no such workload: {workload}").into()),
            }
            Ok(())
        }
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(format!("no such command\n{HELP}").into()),
    }
}

fn print(figures: &impl serde::Serialize) -> Outcome<()> {
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}

fn table(arguments: &[&str]) -> Outcome<()> {
    let (mut rounds, mut workloads, mut contenders) = (3, Vec::new(), Vec::new());
    for argument in arguments {
        match (argument.parse(), Workload::named(argument), Contender::named(argument)) {
            (Ok(count), ..) => rounds = count,
            (_, Some(workload), _) => workloads.push(workload),
            (.., Some(contender)) => contenders.push(contender),
            _ => return Err(format!("{argument} is neither a workload nor a client").into()),
        }
    }
    if workloads.is_empty() {
        workloads.extend(Workload::ALL);
    }
    if contenders.is_empty() {
        contenders.extend(Contender::ALL);
    }
    let cells = runner::table(rounds, &workloads, &contenders)?;
    for text in [report::summary, report::websocket, report::details, report::server] {
        println!("{}", text(&cells));
    }
    Ok(())
}
