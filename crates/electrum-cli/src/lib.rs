//! The library behind `electrum-cli`, the command line tool for Electrum servers. It is not a stable API; the tool is.
//!
//! ```text
//! args                 the command line
//!   └─ commands        one file or folder each
//!        ├─ query      a negotiated server to ask          written, target   what people write for scripts
//!        │    │                                            descriptor, address
//!        │    └─ connection, server_options, pins          failure           causes, and what to do about each
//!        └─ output     lines for people or programs        text, json        escaping and formatting
//! ```

mod address;
mod args;
mod authorization;
mod causes;
mod command_line;
mod commands;
mod connection;
#[cfg(feature = "descriptors")]
mod descriptor;
#[cfg(not(feature = "descriptors"))]
#[path = "no_descriptors.rs"]
mod descriptor;
mod failure;
mod indexes;
mod json;
mod networks;
mod output;
#[cfg(feature = "tls")]
mod pins;
mod progress;
mod query;
mod raw_call;
mod same_network;
mod server_features;
mod server_options;
mod settings;
mod stop;
mod target;
mod text;
mod transaction;
mod verbose;
mod versions;
mod wrap;
mod written;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind;

use crate::args::{Args, Command};
use crate::causes::Cause;
use crate::commands::{
    bench, broadcast, call, completions, config, doctor, features, fees, header, headers, merkle, outpoint, peers,
    probe, script, serve, transcript, tx, watch,
};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;
use crate::stop::{Stop, Verdict};
use crate::text::printable;
use crate::wrap::Width;

/// The environment variable with the arguments for a command line that has none.
const DEFAULT_ARGUMENTS: &str = "ELECTRUM_CLI_DEFAULT_ARGUMENTS";

/// Runs the tool with the command line of the process.
///
/// The exit code is 0 for success, 1 if a server or the network failed, 2 if the command line is wrong.
#[must_use]
pub fn run() -> ExitCode {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    if words.len() <= 1 {
        let default = std::env::var(DEFAULT_ARGUMENTS).unwrap_or_default();
        let default = if default.trim().is_empty() { "--help" } else { &default };
        words.extend(default.split_whitespace().map(OsString::from));
    }
    let is_json = words.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let (mut args, name) = match parse(words) {
        Ok(parsed) => parsed,
        Err(error) => {
            show(&error);
            if error.use_stderr() && is_json {
                let text = error.render().to_string();
                let said = text.split("\n\n").next().unwrap_or_default();
                print_alone(Cause::Usage, said.trim_start_matches("error: "));
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    verbose::start(args.verbosity);
    let output = Output::of_process(args.json);
    if let Some(options) = args.command.server_options() {
        if let Err(wrong) = Settings::read().and_then(|settings| options.fill(settings)) {
            return usage_error(&name, &wrong, is_json);
        }
    }
    let done = smol::block_on(async {
        match args.command {
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
            Command::Doctor(args) => doctor::run(args, &output).await,
            Command::Bench(args) => bench::run(args, &output).await,
            Command::Record(args) => transcript::record::run(args, &output).await,
            Command::Replay(args) => transcript::replay::run(&args, &output),
            Command::Config(args) => config::run(&args, &output),
            Command::Serve(args) => serve::run(&args, &output),
            Command::Completions(args) => completions::completions(&args, args::unbuilt()),
            Command::Man(args) => completions::man(&args, args::unbuilt().disable_help_subcommand(true), &output),
        }
    });
    match done {
        Ok(Verdict::Success) => ExitCode::SUCCESS,
        // The reader of the output has ended.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Ok(Verdict::Failure) | Err(Stop::Failed) => ExitCode::from(1),
        Err(Stop::Usage(words)) => usage_error(&name, &words, is_json),
        Err(Stop::Output(error)) => {
            output.error("cannot go on", &error.to_string(), advice(error.kind()));
            if is_json {
                print_alone(Cause::Unusable, &error.to_string());
            }
            ExitCode::from(1)
        }
    }
}

/// Prints a failure without a server as JSON. Errors are ignored, since stdout itself may have failed.
fn print_alone(cause: Cause, words: &str) {
    let _ = Output::of_process(true).object(&Failure::new(cause, words).alone());
}

/// Returns what to do if something cannot be read or written on this machine.
const fn advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            "check the path: its folder must exist"
        }
        io::ErrorKind::AlreadyExists => "choose another file: nothing is written over one that exists",
        io::ErrorKind::PermissionDenied => "choose a place that you may read and write",
        io::ErrorKind::AddrInUse => "choose another port, or leave it out for one that is free",
        _ => "make room or choose another place for the output",
    }
}

/// Reports an error in the command line in the format of clap's own errors.
fn usage_error(command: &str, words: &str, is_json: bool) -> ExitCode {
    if is_json {
        print_alone(Cause::Usage, words);
    }
    let mut all = args::command();
    let command = match all.find_subcommand_mut(command) {
        Some(command) => command,
        None => &mut all,
    };
    show(&command.error(ErrorKind::ValueValidation, printable(words)));
    ExitCode::from(2)
}

/// Prints clap's messages: help and version on stdout, although they are errors too, and all others on stderr. Errors
/// of writing are ignored.
fn show(error: &clap::Error) {
    let text = |is_coloured: bool| {
        let text = error.render();
        if is_coloured { text.ansi().to_string() } else { text.to_string() }
    };
    let output = Output::of_process(false);
    let _ = if error.use_stderr() {
        write!(io::stderr(), "{}", Width::of_stderr().wrap(&text(output.is_error_coloured())))
    } else {
        write!(io::stdout(), "{}", Width::of_stdout().wrap(&text(output.is_coloured())))
    };
}

/// Parses a command line. Returns the arguments and the name of the command.
fn parse(words: Vec<OsString>) -> Result<(Args, String), clap::Error> {
    let mut command = args::command();
    let words = command_line::mark_servers(&command, words)
        .map_err(|explained| command.error(ErrorKind::ValueValidation, printable(&explained)))?;
    let mut matches = command.try_get_matches_from_mut(words)?;
    let name = matches.subcommand_name().unwrap_or_default().to_owned();
    let args = Args::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))?;
    Ok((args, name))
}
