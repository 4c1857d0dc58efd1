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

/// Serves the transcript until it is interrupted.
pub(crate) fn run(args: &ReplayArgs, output: &Output) -> Outcome {
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", args.file.display())))?;
    let lines = text.lines().enumerate().map(|(number, line)| {
        let wrong = |error| Stop::Usage(format!("{}, line {}: {error}", args.file.display(), number + 1));
        serde_json::from_str(line).map_err(wrong)
    });
    let exchanges = exchanges(&lines.collect::<Result<Vec<Line>, _>>()?);
    // The file of a recording in which nothing happened is empty.
    if exchanges.is_empty() && !text.is_empty() {
        return Err(Stop::Usage(format!("{} holds no request: it is no transcript", args.file.display())));
    }
    let exchanges = Arc::new(exchanges);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))?;
    output.line(&format!("tcp://{}", listener.local_addr()?))?;
    for client in listener.incoming() {
        let (client, exchanges) = (client?, Arc::clone(&exchanges));
        // A client that disconnects ends its own connection only.
        thread::spawn(move || serve(&client, &exchanges));
    }
    Err(Stop::Output(io::ErrorKind::ConnectionAborted.into()))
}

/// Returns the requests of a transcript, each with its answer.
fn exchanges(lines: &[Line]) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for Line { connection, from, line, .. } in lines {
        for text in messages(line) {
            let Ok(message) = serde_json::from_str::<Value>(text.get()) else { continue };
            add(&mut exchanges, *connection, *from, &message, text);
        }
    }
    exchanges
}

/// Returns the messages of a line: the elements of an array, or the line itself; none if it is not JSON.
fn messages(line: &str) -> Vec<&RawValue> {
    serde_json::from_str(line).or_else(|_| serde_json::from_str(line).map(|message| vec![message])).unwrap_or_default()
}

fn add(exchanges: &mut Vec<Exchange>, connection: u32, from: From, message: &Value, text: &RawValue) {
    match (from, message["method"].as_str()) {
        (From::Client, Some(method)) => exchanges.push(Exchange {
            connection,
            id: message["id"].clone(),
            method: method.to_owned(),
            params: message["params"].clone(),
            answer: None,
            notifications: Vec::new(),
        }),
        (From::Server, Some(_)) => {
            if let Some(last) = exchanges.iter_mut().rfind(|asked| asked.connection == connection) {
                last.notifications.push(text.get().to_owned());
            }
        }
        (From::Server, None) => {
            let is_asked = |asked: &&mut Exchange| {
                asked.connection == connection && asked.answer.is_none() && asked.id == message["id"]
            };
            if let Some(asked) = exchanges.iter_mut().find(is_asked) {
                asked.answer = answer(text.get());
            }
        }
        (From::Client, None) => {}
    }
}

/// Returns the result or the error of an answer, as it is written there.
fn answer(line: &str) -> Option<(&'static str, Box<RawValue>)> {
    #[derive(serde::Deserialize)]
    struct Answer {
        result: Option<Box<RawValue>>,
        error: Option<Box<RawValue>>,
    }
    let Answer { result, error } = serde_json::from_str(line).ok()?;
    // serde takes a result that is null for a missing one.
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
        let mut notifications = Vec::new();
        if let Value::Array(requests) = &request {
            let play = |request| play(request, exchanges, &mut played, &mut notifications);
            let answers: Vec<String> = requests.iter().filter_map(play).collect();
            writeln!(out, "[{}]", answers.join(","))?;
        } else if let Some(answer) = play(&request, exchanges, &mut played, &mut notifications) {
            writeln!(out, "{answer}")?;
        }
        for notification in notifications {
            writeln!(out, "{notification}")?;
        }
    }
    Ok(())
}

/// Returns the recorded answer to a request, if it had one, and the notifications that followed it.
fn play<'a>(
    request: &Value,
    exchanges: &'a [Exchange],
    played: &mut [bool],
    notifications: &mut Vec<&'a str>,
) -> Option<String> {
    let (id, method) = (&request["id"], request["method"].as_str().unwrap_or_default());
    // The name of the client in `server.version` may differ.
    let is_it = |exchange: &Exchange| {
        exchange.method == method && (method == "server.version" || exchange.params == request["params"])
    };
    let places = || exchanges.iter().enumerate().filter(|(_, exchange)| is_it(exchange)).map(|(place, _)| place);
    let Some(place) = places().find(|place| !played[*place]).or_else(|| places().next_back()) else {
        let error = json!({"code": -32601, "message": format!("the transcript has no {method} with these parameters")});
        return Some(json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string());
    };
    played[place] = true;
    let exchange = &exchanges[place];
    notifications.extend(exchange.notifications.iter().map(String::as_str));
    let (name, outcome) = exchange.answer.as_ref()?;
    Some(format!(r#"{{"jsonrpc":"2.0","id":{id},"{name}":{outcome}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(connection: u32, from: From, line: &str) -> Line {
        Line { ms: 0, connection, from, line: line.into() }
    }

    #[test]
    fn connections_with_the_same_ids_and_arrays_are_kept_apart() {
        let lines = [
            line(1, From::Client, r#"{"id":0,"method":"a","params":[]}"#),
            line(2, From::Client, r#"[{"id":0,"method":"b","params":[1]},{"id":1,"method":"c","params":[]}]"#),
            line(2, From::Server, r#"[{"id":1,"error":{"code":1}},{"id":0,"result":1e-05}]"#),
            line(2, From::Server, r#"{"method":"n","params":[]}"#),
            line(1, From::Server, r#"{"id":0,"result":null}"#),
            line(1, From::Server, "no JSON"),
        ];
        let exchanges = exchanges(&lines);
        let mut played = vec![false; 3];
        let mut ask = |text: &str| {
            let mut notifications = Vec::new();
            let answer = play(&serde_json::from_str(text).unwrap(), &exchanges, &mut played, &mut notifications);
            (answer.unwrap(), notifications.concat())
        };
        let expected = |text: &str, notifications: &str| (text.to_owned(), notifications.to_owned());
        let asked = ask(r#"{"id":7,"method":"a","params":[]}"#);
        assert_eq!(asked, expected(r#"{"jsonrpc":"2.0","id":7,"result":null}"#, ""));
        let asked = ask(r#"{"id":"x","method":"b","params":[1]}"#);
        assert_eq!(asked, expected(r#"{"jsonrpc":"2.0","id":"x","result":1e-05}"#, ""));
        let asked = ask(r#"{"id":8,"method":"c","params":[]}"#);
        assert_eq!(asked, expected(r#"{"jsonrpc":"2.0","id":8,"error":{"code":1}}"#, r#"{"method":"n","params":[]}"#));
        assert!(ask(r#"{"id":9,"method":"b","params":[2]}"#).0.contains("the transcript has no b"));
    }
}
