//! The inside of `electrum-cli`, the command line tool for Electrum servers. The tool is what is stable, not this library.
//!
//! ```text
//! args      what the user wants            output     lines for people or machines
//!   │                                         ▲
//!   ├── probe ── attempt, matrix, embedded ───┤
//!   ├── call ─── raw, json ───────────────────┤
//!   └── watch ── topics ──────────────────────┘
//!            all through connection, which is electrum-smol
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
        }
    });
    match done {
        Ok(Verdict::Success) => ExitCode::SUCCESS,
        // Whoever reads our output has read enough.
        Err(Stop::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Ok(Verdict::Failure) => ExitCode::from(1),
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
