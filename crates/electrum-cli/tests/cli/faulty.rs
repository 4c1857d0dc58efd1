//! A server that answers as a fake server does, but for what a test plants.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use electrum_testkit::Server;
use serde_json::Value;

use crate::tool::BOUND;

/// What is answered instead.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The result, as JSON text.
    Result(String),
    Error(i64, &'static str),
    /// A line as it is.
    Raw(&'static str),
    Silence,
    /// The end of the connection.
    Close,
}

type Plan = dyn Fn(&str, &Value) -> Option<Reply> + Send + Sync;

/// Starts it in front of `server`; `plan` sees method and parameters, and gives what is answered instead of what `server`
/// says. It serves until the process ends.
pub(crate) fn faulty(server: &Server, plan: impl Fn(&str, &Value) -> Option<Reply> + Send + Sync + 'static) -> String {
    let plan: Arc<Plan> = Arc::new(plan);
    let behind = server.addr();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("tcp://{}", listener.local_addr().expect("its address"));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let plan = Arc::clone(&plan);
            // Whatever fails ends the connection, which is what the client then sees.
            thread::spawn(move || serve(client, behind, &*plan));
        }
    });
    url
}

fn serve(client: TcpStream, behind: SocketAddr, plan: &Plan) -> Option<()> {
    client.set_read_timeout(Some(BOUND)).ok()?;
    let mut answers = client.try_clone().ok()?;
    let mut server = BufReader::new(TcpStream::connect(behind).ok()?);
    server.get_ref().set_read_timeout(Some(BOUND)).ok()?;
    for line in BufReader::new(client).lines() {
        let line = line.ok()?;
        let request: Value = serde_json::from_str(&line).ok()?;
        let id = &request["id"];
        let answer = match plan(request["method"].as_str()?, &request["params"]) {
            None => {
                writeln!(server.get_mut(), "{line}").ok()?;
                let mut answer = String::new();
                server.read_line(&mut answer).ok()?;
                answer
            }
            Some(Reply::Result(result)) => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#) + "\n",
            Some(Reply::Error(code, words)) => {
                format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{words:?}}}}}"#) + "\n"
            }
            Some(Reply::Raw(line)) => format!("{line}\n"),
            Some(Reply::Silence) => continue,
            Some(Reply::Close) => return None,
        };
        answers.write_all(answer.as_bytes()).ok()?;
    }
    None
}
