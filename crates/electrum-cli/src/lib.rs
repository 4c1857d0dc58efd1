//! The inside of `electrum-cli`, the command line tool for Electrum servers. The tool is what is stable, not this library.
//!
//! ```text
//! args      what the user wants            output     lines for people or machines
//!   │                                         ▲
//!   ├── probe ── attempt, matrix, embedded ───┤
//!   ├── call ─── raw, json ───────────────────┤
//!   ├── watch ── topics ──────────────────────┤
//!   └── typed ── one module a kind of question┘
//!            all through connection, which is electrum-smol, on the way that reach says
//! ```

mod args;
mod attempt;
mod call;
mod connection;
mod embedded;
mod failure;
mod json;
mod matrix;
mod output;
mod pins;
mod probe;
mod raw;
mod reach;
mod stop;
mod topics;
mod typed;
mod watch;

/// The examples of the README at the top of the workspace, which are run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::args::{Args, Command};
use crate::output::{Output, printable};
use crate::stop::{Stop, Verdict};

/// Does what the command line says.
///
/// The exit code is 0 for success, 1 if a server or the network failed, 2 if the command line is wrong.
#[must_use]
pub fn run() -> ExitCode {
    let args = Args::parse();
    let output = Output::of_process(args.json);
    let done = smol::block_on(async {
        match args.command.unwrap_or_default() {
            Command::Probe(args) => probe::run(args, &output).await,
            Command::Call(args) => call::run(args, &output).await,
            Command::Watch(args) => watch::run(args, &output).await,
            Command::Balance(args) => typed::script::balance(args, &output).await,
            Command::History(args) => typed::script::history(args, &output).await,
            Command::Unspent(args) => typed::script::unspent(args, &output).await,
            Command::Tx(args) => typed::transaction::tx(args, &output).await,
            Command::Header(args) => typed::block::header(args, &output).await,
            Command::Headers(args) => typed::download::run(args, &output).await,
            Command::Merkle(args) => typed::block::merkle(args, &output).await,
            Command::Fees(args) => typed::about::fees(args, &output).await,
            Command::Features(args) => typed::about::features(args, &output).await,
            Command::Peers(args) => typed::about::peers(args, &output).await,
            Command::Broadcast(args) => typed::transaction::broadcast(args, &output).await,
            Command::Outpoint(args) => typed::transaction::outpoint(args, &output).await,
        }
    });
    match done {
        Ok(Verdict::Success) => ExitCode::SUCCESS,
        // Whoever reads our output has read enough.
        Err(Stop::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Ok(Verdict::Failure) | Err(Stop::Failed) => ExitCode::from(1),
        Err(Stop::Usage(words)) => {
            // As clap says what it finds itself.
            let _ = Args::command().error(ErrorKind::ValueValidation, printable(&words)).print();
            ExitCode::from(2)
        }
        Err(Stop::Output(error)) => {
            output.error("cannot go on", &error.to_string(), "make room or choose another place for the output");
            ExitCode::from(1)
        }
    }
}
