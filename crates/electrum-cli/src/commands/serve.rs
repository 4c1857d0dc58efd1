//! `serve`: runs a fake server with a small chain of its own, for testing clients.

use std::io::{self, BufRead};
use std::thread;
use std::time::Duration;

use electrum_testkit::{Family, Server};

use crate::output::Output;
use crate::server_options::seconds;
use crate::stop::Outcome;

/// Start a fake server on this machine, for testing clients
///
/// It has a small regtest chain of its own and answers as the servers of its family do. Its address is printed first.
/// What happens on its chain is written line by line to standard input: mine BLOCKS, pay SCRIPT SATOSHI, reorganise
/// BLOCKS BLOCKS, or restart. It serves until it is interrupted.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// The family
    #[arg(value_parser = family)]
    pub(crate) family: Family,
    /// The port on 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Mine a block every so many seconds
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub(crate) mine_every: Option<Duration>,
}

fn family(text: &str) -> Result<Family, String> {
    let names = || Family::ALL.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|_| format!("the families are {}", names()))
}

/// Runs the fake server until it is interrupted.
pub(crate) fn run(args: &ServeArgs, output: &Output) -> Outcome {
    let started = Server::builder(args.family).port(args.port).start();
    let mut server = started.map_err(|error| io::Error::new(error.kind(), format!("port {}: {error}", args.port)))?;
    output.line(&server.url())?;
    thread::scope(|scope| {
        let (sender, lines) = std::sync::mpsc::channel();
        scope.spawn(move || {
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut is_input_open = true;
        loop {
            let wait = args.mine_every.unwrap_or(Duration::from_secs(3600));
            if !is_input_open {
                thread::sleep(wait);
            }
            match lines.recv_timeout(wait) {
                Ok(line) => {
                    output.line(server.command(&line).as_deref().unwrap_or(Server::COMMANDS))?;
                    continue;
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => is_input_open = false,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            }
            if args.mine_every.is_some() && server.is_running() {
                output.line(&format!("block {}", server.mine(1)))?;
            }
        }
    })
}
