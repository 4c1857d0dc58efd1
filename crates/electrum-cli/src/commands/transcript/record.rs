//! `record`: stands between a client and a server, and writes down what they say.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use electrum_smol::transport::{Security, ServerAddr};

use super::line::{From, Line};
use super::pseudonyms::Pseudonyms;
use crate::output::Output;
use crate::server_options::{ServerOptions, seconds};
use crate::stop::{Outcome, Stop, Verdict};

/// Record what a client and a server say to each other, for a report of a fault
///
/// Prints the address to which the client is pointed. Scripts and their hashes are replaced in the file; 'replay' plays it
/// back as a server. It records until it is interrupted, or for --for seconds.
#[derive(Debug, clap::Args)]
pub(crate) struct RecordArgs {
    /// The file, which must not exist
    pub(crate) file: PathBuf,
    /// The port on 127.0.0.1 for the client [default: any that is free]
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// How long to record [default: without end]
    #[arg(long = "for", value_name = "SECS", value_parser = seconds)]
    pub(crate) duration: Option<Duration>,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// The transcript while it is written.
struct Transcript {
    file: File,
    started: Instant,
    pseudonyms: Pseudonyms,
}

/// Records.
pub(crate) fn run(args: &RecordArgs, output: &Output) -> Outcome {
    let servers = args.options.servers()?;
    let is_plain =
        |server: &&ServerAddr| server.security() == Security::Tcp && server.to_string().starts_with("tcp://");
    let server = servers.iter().find(is_plain).ok_or_else(|| {
        Stop::Usage("record takes tcp:// servers only: it reads what is said, which TLS hides".into())
    })?;
    let file = File::create_new(&args.file)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", args.file.display())))?;
    let transcript = Mutex::new(Transcript { file, started: Instant::now(), pseudonyms: Pseudonyms::new() });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))?;
    output.line(&format!("tcp://{}", listener.local_addr()?))?;
    let target = (server.host().to_string().trim_matches(['[', ']']).to_owned(), server.port());
    let until = args.duration.map(|duration| Instant::now() + duration);
    listener.set_nonblocking(true)?;
    thread::scope(|scope| {
        let mut open: Vec<TcpStream> = Vec::new();
        while until.is_none_or(|until| Instant::now() < until) {
            match listener.accept() {
                Ok((client, _)) => {
                    client.set_nonblocking(false)?;
                    let server = TcpStream::connect((target.0.as_str(), target.1))?;
                    open.extend([client.try_clone()?, server.try_clone()?]);
                    let (from_client, from_server) = ((client.try_clone()?, server.try_clone()?), (server, client));
                    scope.spawn(|| relay(from_client, From::Client, &transcript));
                    scope.spawn(|| relay(from_server, From::Server, &transcript));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(error.into()),
            }
        }
        for socket in open {
            // It may be closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
        Ok(Verdict::Success)
    })
}

/// Hands lines on until one side ends, which ends the other.
fn relay((from, mut to): (TcpStream, TcpStream), side: From, transcript: &Mutex<Transcript>) {
    for line in BufReader::new(&from).lines() {
        let Ok(line) = line else { break };
        let written = transcript.lock().unwrap_or_else(PoisonError::into_inner).write(side, &line);
        if written.and_then(|()| writeln!(to, "{line}")).is_err() {
            break;
        }
    }
    // They may be closed already.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

impl Transcript {
    fn write(&mut self, from: From, line: &str) -> io::Result<()> {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let line = Line { ms, from, line: self.pseudonyms.replace(line) };
        let text = serde_json::to_string(&line).map_err(io::Error::other)?;
        writeln!(self.file, "{text}")
    }
}
