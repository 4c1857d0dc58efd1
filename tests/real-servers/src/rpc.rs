//! JSON-RPC over HTTP, as bitcoind speaks it: one connection per call.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

/// The user and password of every bitcoind that these tests start.
pub(crate) const CREDENTIALS: &str = "user:pass";
/// [`CREDENTIALS`] in base64.
const AUTHORIZATION: &str = "dXNlcjpwYXNz";

/// Why bitcoind did not give a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// bitcoind's code, or 0 when it could not be asked.
    pub code: i64,
    /// Its words, or what went wrong on the way.
    pub message: String,
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.message, self.code)
    }
}

impl std::error::Error for RpcError {}

impl From<io::Error> for RpcError {
    fn from(error: io::Error) -> Self {
        Self { code: 0, message: error.to_string() }
    }
}

/// Calls a method of the bitcoind behind this port.
pub(crate) fn call(port: u16, method: &str, params: &Value) -> Result<Value, RpcError> {
    let body = json!({"jsonrpc": "1.0", "id": 0, "method": method, "params": params}).to_string();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    // In one write: the second of two would wait for the first to be acknowledged, 40 ms or so.
    let request = format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {AUTHORIZATION}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    // Not until the end of the connection, with which bitcoind takes its time.
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while reader.read_line(&mut head)? > 2 {
        let last = head.lines().last().unwrap_or_default().to_ascii_lowercase();
        if let Some(value) = last.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let unreadable =
        || RpcError { code: 0, message: format!("not an answer: {head}{}", String::from_utf8_lossy(&body)) };
    let mut answer: Value = serde_json::from_slice(&body).map_err(|_| unreadable())?;
    match &answer["error"] {
        Value::Null => Ok(answer["result"].take()),
        error => Err(RpcError {
            code: error["code"].as_i64().unwrap_or(0),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
        }),
    }
}
