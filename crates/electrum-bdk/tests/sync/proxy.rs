//! A proxy between the client and a fake server, which edits answers and runs code between them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use electrum_bdk::electrum_blocking::Client;
use electrum_bdk::sync::Syncer;
use electrum_bdk::transport::ServerAddr;
use electrum_testkit::listener::Listener;
use serde_json::Value;

/// Edits a result before it is passed on, given the method without its prefix and the parameters.
pub(crate) type Edit = Box<dyn FnMut(&str, &Value, &mut Value) + Send>;

/// Listens for a client, and passes its requests on to `server`.
pub(crate) struct Proxy {
    listener: Listener,
}

impl Proxy {
    pub(crate) fn start(server: SocketAddr, edit: impl FnMut(&str, &Value, &mut Value) + Send + 'static) -> Self {
        let edit: Mutex<Edit> = Mutex::new(Box::new(edit));
        Self { listener: Listener::start(move |_, client| serve(client, TcpStream::connect(server).unwrap(), &edit)) }
    }

    pub(crate) fn client(&self) -> Client {
        let address: ServerAddr = format!("tcp://{}", self.listener.addr()).parse().unwrap();
        Client::connect(address).unwrap()
    }

    pub(crate) fn syncer(&self) -> Syncer {
        Syncer::blocking(self.client())
    }
}

fn serve(mut client: TcpStream, mut server: TcpStream, edit: &Mutex<Edit>) {
    let asked: Arc<Mutex<HashMap<u64, (String, Value)>>> = Arc::default();
    let requests = BufReader::new(client.try_clone().unwrap());
    let answers = BufReader::new(server.try_clone().unwrap());
    let known = Arc::clone(&asked);
    thread::spawn(move || {
        for line in requests.lines().map_while(Result::ok) {
            let request: Value = serde_json::from_str(&line).unwrap();
            if let (Some(id), Some(method)) = (request["id"].as_u64(), request["method"].as_str()) {
                let method = method.rsplit_once("blockchain.").map_or(method, |(_, method)| method);
                known.lock().unwrap().insert(id, (method.into(), request["params"].clone()));
            }
            if writeln!(server, "{line}").is_err() {
                return;
            }
        }
        let _ = server.shutdown(std::net::Shutdown::Both);
    });
    for line in answers.lines().map_while(Result::ok) {
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        let asked = answer["id"].as_u64().and_then(|id| asked.lock().unwrap().remove(&id));
        if let (Some((method, params)), Some(result)) = (asked, answer.get_mut("result")) {
            edit.lock().unwrap()(&method, &params, result);
        }
        if writeln!(client, "{answer}").is_err() {
            break;
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
}
