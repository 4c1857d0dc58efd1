//! Asks and throws the answers away: what it takes is the server's and the machine's share.

use std::io;
use std::net::SocketAddr;

use super::lines::{Lines, requests};
use crate::Outcome;
use crate::measure::{Cost, Start};
use crate::workload::Workload;

pub(super) fn run(workload: Workload, server: SocketAddr) -> Outcome<Cost> {
    let mut lines = Lines::connect(server)?;
    let (requests, answers) = requests(workload);
    let start = Start::now();
    for _ in 0..workload.operations() / answers {
        lines.send(&requests)?;
        if workload == Workload::Notifications {
            lines.next()?;
        }
        for _ in 0..answers {
            if lines.next()?.len() < 2 {
                return Err(io::Error::other("an empty answer").into());
            }
        }
    }
    Ok(start.cost(workload.operations()))
}
