//! The inside of `electrum-cli`, the command line tool for Electrum servers. The tool is what is stable, not this library.
//!
//! ```text
//! args                 the command line
//!   └─ commands        one file or folder each
//!        ├─ query      a negotiated server to ask          target, address   what people write for a script
//!        │    └─ connection, server_options, pins          failure           causes, and what to do about each
//!        └─ output     lines for people or programs        text, json        escaping and formatting
//! ```

mod args;
mod commands;
mod connection;
mod failure;
mod json;
mod output;
#[cfg(feature = "tls")]
mod pins;
mod progress;
mod query;
mod raw_call;
mod server_options;
mod stop;
mod target;
mod text;
mod versions;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::args::{Args, Command};
use crate::commands::{
    broadcast, call, features, fees, header, headers, merkle, outpoint, peers, probe, script, tx, watch,
};
use crate::output::Output;
use crate::stop::{Stop, Verdict};
use crate::text::printable;

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
            Command::Balance(args) => script::balance(args, &output).await,
            Command::History(args) => script::history(args, &output).await,
            Command::Unspent(args) => script::unspent(args, &output).await,
            Command::Tx(args) => tx::run(args, &output).await,
            Command::Header(args) => header::run(args, &output).await,
            Command::Headers(args) => headers::run(args, &output).await,
            Command::Merkle(args) => merkle::run(args, &output).await,
            Command::Fees(args) => fees::run(args, &output).await,
            Command::Features(args) => features::run(args, &output).await,
            Command::Peers(args) => peers::run(args, &output).await,
            Command::Broadcast(args) => broadcast::run(args, &output).await,
            Command::Outpoint(args) => outpoint::run(args, &output).await,
        }
    });
    match done {
        Ok(Verdict::Success) => ExitCode::SUCCESS,
        // The reader of our output has read enough.
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
