//! A server that answers as a fake server does, but for what a test plants.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use electrum_testkit::Server;
use serde_json::Value;

use crate::peer::serving;
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
    let behind = server.addr();
    format!("tcp://{}", serving(move |client| serve(client, behind, &plan)))
}

fn serve(client: TcpStream, behind: SocketAddr, plan: &Plan) -> io::Result<()> {
    let mut answers = client.try_clone()?;
    let mut server = BufReader::new(TcpStream::connect(behind)?);
    server.get_ref().set_read_timeout(Some(BOUND))?;
    for line in BufReader::new(client).lines() {
        let line = line?;
        let request: Value = serde_json::from_str(&line)?;
        let id = &request["id"];
        let answer = match plan(request["method"].as_str().unwrap_or_default(), &request["params"]) {
            None => {
                writeln!(server.get_mut(), "{line}")?;
                let mut answer = String::new();
                server.read_line(&mut answer)?;
                answer
            }
            Some(Reply::Result(result)) => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#) + "\n",
            Some(Reply::Error(code, words)) => {
                format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{words:?}}}}}"#) + "\n"
            }
            Some(Reply::Raw(line)) => format!("{line}\n"),
            Some(Reply::Silence) => continue,
            Some(Reply::Close) => return Ok(()),
        };
        answers.write_all(answer.as_bytes())?;
    }
    Ok(())
}
