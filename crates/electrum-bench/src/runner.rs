//! Starts the server and the contenders, each in a process of its own, and takes medians.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Outcome;
use crate::measure::{Cost, cpu_of};
use crate::workload::{Contender, Workload};

/// The canned server, alive as long as this value.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it listens.
    pub fn start() -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("the server has no output")?).read_line(&mut line)?;
        Ok(Self { process, address: line.trim().parse()? })
    }

    /// CPU it has used so far.
    pub fn cpu(&self) -> Duration {
        cpu_of(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One cell of the table, from all rounds.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// The row.
    pub workload: Workload,
    /// The column.
    pub contender: Contender,
    /// User CPU for each operation, the median.
    pub user: Duration,
    /// System CPU for each operation, the median.
    pub system: Duration,
    /// Wall clock for each operation, the median.
    pub wall: Duration,
    /// The server's CPU for each operation, the median.
    pub server: Duration,
    /// Peak memory in KiB, the median.
    pub peak: u64,
}

/// Every supported pair, `rounds` times. A round takes all contenders through all workloads before the next one starts,
/// so that a change of the machine's mood meets everyone.
pub fn table(rounds: usize, workloads: &[Workload], contenders: &[Contender]) -> Outcome<Vec<Cell>> {
    let server = Server::start()?;
    let pairs: Vec<_> = workloads
        .iter()
        .flat_map(|workload| contenders.iter().map(|contender| (*workload, *contender)))
        .filter(|(workload, contender)| contender.supports(*workload))
        .collect();
    let mut costs = vec![Vec::new(); pairs.len()];
    for round in 1..=rounds {
        for ((workload, contender), costs) in pairs.iter().zip(&mut costs) {
            let before = server.cpu();
            let cost: Cost = child(&["client", contender.name(), workload.name(), &server.address.to_string()])?;
            costs.push((cost, server.cpu() - before));
            eprintln!("round {round}: {} {} {:?}", workload.name(), contender.name(), each(&cost, cost.user));
        }
    }
    Ok(pairs.into_iter().zip(costs).map(|((workload, contender), costs)| cell(workload, contender, &costs)).collect())
}

/// Runs this program with one word and the address of a server of its own, and reads what it prints.
pub fn with_server<T: serde::de::DeserializeOwned>(word: &str) -> Outcome<T> {
    let server = Server::start()?;
    child(&[word, &server.address.to_string()])
}

/// Runs this program with other arguments and reads what it prints.
pub fn child<T: serde::de::DeserializeOwned>(arguments: &[&str]) -> Outcome<T> {
    let output = Command::new(std::env::current_exe()?).args(arguments).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{arguments:?} failed: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn cell(workload: Workload, contender: Contender, costs: &[(Cost, Duration)]) -> Cell {
    Cell {
        workload,
        contender,
        user: median(costs.iter().map(|(cost, _)| each(cost, cost.user))),
        system: median(costs.iter().map(|(cost, _)| each(cost, cost.system))),
        wall: median(costs.iter().map(|(cost, _)| each(cost, cost.wall))),
        server: median(costs.iter().map(|(cost, server)| each(cost, *server))),
        peak: median(costs.iter().map(|(cost, _)| cost.peak)),
    }
}

fn each(cost: &Cost, spent: Duration) -> Duration {
    // Duration counts whole nanoseconds: picoseconds would be noise.
    spent / cost.operations as u32
}

fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}
