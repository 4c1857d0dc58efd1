//! `replay`: plays a transcript back as a server.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::line::{From, Line};
use crate::output::Output;
use crate::stop::{Outcome, Stop};

/// Play a recorded session back as a server
///
/// A request that is in the transcript is answered as it was then, the first time with its first answer, and so on; the
/// notifications that followed it are sent after it. It serves until it is interrupted.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The file that 'record' wrote
    pub(crate) file: PathBuf,
    /// The port on 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
}

/// A request of the transcript.
#[derive(Clone, Debug)]
struct Exchange {
    connection: u32,
    id: Value,
    method: String,
    params: Value,
    /// The `result` or the `error`, with its name, as it was written.
    answer: Option<(&'static str, Box<RawValue>)>,
    /// The notifications between this request and the next.
    notifications: Vec<String>,
}

/// Serves.
pub(crate) fn run(args: &ReplayArgs, output: &Output) -> Outcome {
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", args.file.display())))?;
    let lines = text.lines().enumerate().map(|(number, line)| {
        let wrong = |error| Stop::Usage(format!("{}, line {}: {error}", args.file.display(), number + 1));
        serde_json::from_str(line).map_err(wrong)
    });
    let exchanges = Arc::new(exchanges(&lines.collect::<Result<Vec<Line>, _>>()?));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))?;
    output.line(&format!("tcp://{}", listener.local_addr()?))?;
    for client in listener.incoming() {
        let (client, exchanges) = (client?, Arc::clone(&exchanges));
        // A client that goes away ends its own connection only.
        thread::spawn(move || serve(&client, &exchanges));
    }
    Err(Stop::Output(io::ErrorKind::ConnectionAborted.into()))
}

/// The requests of a transcript, each with its answer.
fn exchanges(lines: &[Line]) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for Line { connection, from, line, .. } in lines {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        match (from, message["method"].as_str()) {
            (From::Client, Some(method)) => exchanges.push(Exchange {
                connection: *connection,
                id: message["id"].clone(),
                method: method.to_owned(),
                params: message["params"].clone(),
                answer: None,
                notifications: Vec::new(),
            }),
            (From::Server, Some(_)) => {
                if let Some(last) = exchanges.iter_mut().rfind(|asked| asked.connection == *connection) {
                    last.notifications.push(line.clone());
                }
            }
            (From::Server, None) => {
                let is_asked = |asked: &&mut Exchange| {
                    asked.connection == *connection && asked.answer.is_none() && asked.id == message["id"]
                };
                if let Some(asked) = exchanges.iter_mut().find(is_asked) {
                    asked.answer = answer(line);
                }
            }
            (From::Client, None) => {}
        }
    }
    exchanges
}

/// The outcome in an answer, with the digits that it has there.
fn answer(line: &str) -> Option<(&'static str, Box<RawValue>)> {
    #[derive(serde::Deserialize)]
    struct Answer {
        result: Option<Box<RawValue>>,
        error: Option<Box<RawValue>>,
    }
    let Answer { result, error } = serde_json::from_str(line).ok()?;
    // A result that is null is none for serde.
    let null = || RawValue::NULL.to_owned();
    Some(match error {
        Some(error) if error.get() != "null" => ("error", error),
        _ => ("result", result.unwrap_or_else(null)),
    })
}

fn serve(client: &TcpStream, exchanges: &[Exchange]) -> io::Result<()> {
    let mut played = vec![false; exchanges.len()];
    let mut out = client;
    for line in BufReader::new(client).lines() {
        let Ok(request) = serde_json::from_str::<Value>(&line?) else { continue };
        let (id, method) = (&request["id"], request["method"].as_str().unwrap_or_default());
        // Clients differ in how they call themselves.
        let is_it = |exchange: &Exchange| {
            exchange.method == method && (method == "server.version" || exchange.params == request["params"])
        };
        let places = || exchanges.iter().enumerate().filter(|(_, exchange)| is_it(exchange)).map(|(place, _)| place);
        let Some(place) = places().find(|place| !played[*place]).or_else(|| places().next_back()) else {
            let error =
                json!({"code": -32601, "message": format!("the transcript has no {method} with these parameters")});
            writeln!(out, "{}", json!({"jsonrpc": "2.0", "id": id, "error": error}))?;
            continue;
        };
        played[place] = true;
        let Exchange { answer, notifications, .. } = &exchanges[place];
        if let Some((name, outcome)) = answer {
            writeln!(out, r#"{{"jsonrpc":"2.0","id":{id},"{name}":{outcome}}}"#)?;
        }
        for notification in notifications {
            writeln!(out, "{notification}")?;
        }
    }
    Ok(())
}
