//! The end of a runtime on which a client is at work.
#![cfg(target_os = "linux")]

use std::fs;
use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use electrum_testkit::listener::SilentPort;
use electrum_tokio::Config;
use tokio::runtime::Runtime;

/// Less than the system takes to give up a connection attempt by itself, two minutes, and more than anything else takes.
const BOUND: Duration = Duration::from_secs(60);

/// Whether an attempt to connect to this address waits for an answer (`SYN_SENT`).
fn is_dialled(address: SocketAddr) -> bool {
    let attempt = format!(" 0100007F:{:04X} 02 ", address.port());
    fs::read_to_string("/proc/self/net/tcp").unwrap().contains(&attempt)
}

#[test]
fn a_runtime_that_is_dropped_during_a_dial_does_not_wait_for_it() {
    let silent = SilentPort::new().unwrap();
    let address = silent.addr();
    let mut config = Config::new([format!("tcp://{address}").parse().unwrap()]);
    config.protocol.timeouts.connect = Duration::from_secs(3600);
    let (dropped, is_dropped) = channel();
    thread::spawn(move || {
        let runtime = Runtime::new().unwrap();
        let (_client, driver) = electrum_tokio::client(config);
        runtime.spawn(driver);
        while !is_dialled(address) {
            thread::sleep(Duration::from_millis(1));
        }
        drop(runtime);
        dropped.send(()).unwrap();
    });
    is_dropped.recv_timeout(BOUND).expect("the runtime waits for the dial");
}
