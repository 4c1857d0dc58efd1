//! Clients over streams of the caller's own, and the client's task beside other tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use electrum_testkit::prelude::*;
use electrum_tokio::proto::Topic;
use electrum_tokio::proto::operations::Banner;
use electrum_tokio::{CallError, Config};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(60);

fn config(url: &str) -> Config {
    let mut config = Config::new([url.parse().unwrap()]);
    config.protocol.backoff.initial = Duration::from_millis(10);
    config
}

/// Answers the handshake and `banners` requests for the banner, and then closes the stream.
async fn serve(stream: DuplexStream, banners: usize) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    for number in 0..=banners {
        line.clear();
        stream.read_line(&mut line).await?;
        let id = line.rsplit_once("\"id\":").map_or("", |(_, rest)| rest.trim_end_matches(['}', '\n']));
        let id = id.split_once(',').map_or(id, |(id, _)| id);
        let result = if number == 0 { r#"["Duplex 1","1.4"]"#.to_owned() } else { format!("\"banner {number}\"") };
        stream.get_mut().write_all(format!("{{\"id\":{id},\"result\":{result}}}\n").as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_client_over_a_duplex_comes_back_on_a_new_one() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    // Smaller than a line, which is therefore written in pieces.
    let (client, driver) = electrum_tokio::client_over(config("tcp://in-memory:50001"), move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        async move {
            if number == 0 {
                return Err(std::io::Error::other("not yet"));
            }
            let (ours, theirs) = duplex(16);
            tokio::spawn(serve(theirs, 2));
            Ok(ours)
        }
    });
    let driver = tokio::spawn(driver);
    for expected in ["banner 1", "banner 2", "banner 1"] {
        assert_eq!(timeout(BOUND, client.call(Banner)).await.unwrap(), Ok(expected.into()));
    }
    assert_eq!(opened.load(Ordering::SeqCst), 3);
    client.close();
    timeout(BOUND, driver).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_never_stops_talking_leaves_the_other_tasks_their_turns() {
    let mut script = Step::handshake("Talks 1", "1.4").to_vec();
    let noise = b"{\"jsonrpc\":\"2.0\",\"method\":\"blockchain.notification\",\"params\":[]}\n";
    script.push(Step::Flood(noise.repeat(1000)));
    let server = Scripted::start(script);
    let client = electrum_tokio::connect(config(&server.url()));
    let outcome = timeout(BOUND, client.call_within(Duration::from_millis(500), Banner)).await.unwrap();
    assert_eq!(outcome, Err(CallError::TimedOut));
}

#[tokio::test]
async fn aborting_the_task_that_moves_the_bytes_closes_the_client() {
    let server = Server::start(Family::ElectrumX1_16);
    let (client, driver) = electrum_tokio::client(config(&server.url()));
    let driver = tokio::spawn(driver);
    let mut tips = client.subscribe(Topic::Headers).unwrap();
    assert!(timeout(BOUND, tips.next()).await.unwrap().is_some());
    driver.abort();
    assert_eq!(timeout(BOUND, client.call(Banner)).await.unwrap(), Err(CallError::Closed));
    assert_eq!(timeout(BOUND, tips.next()).await.unwrap(), None);
}
