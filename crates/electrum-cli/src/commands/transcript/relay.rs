//! Relays bytes between a client and a server, and writes them to a transcript.

use std::io;
use std::net::TcpStream;

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use smol::Async;

use super::upstream::Upstream;
use super::writer::{Side, Transcript, Unwritten};

/// The maximum number of bytes of one read.
const READ_SIZE: usize = 64 * 1024;

/// Relays bytes in both directions until one side ends, which ends the other. Each line is written to the transcript
/// before its end reaches the other side.
///
/// # Errors
/// If the transcript cannot be written. The end of the connection is not an error.
pub(super) async fn relay(client: &Async<TcpStream>, server: &Upstream, transcript: &Transcript) -> io::Result<()> {
    let (said_by_client, said_by_server) = transcript.connection();
    let ended = future::or(up(client, server, said_by_client), down(client, server, said_by_server)).await;
    server.close().await;
    match ended {
        Err(Ended::Unwritten(Unwritten::File(error))) => Err(error),
        _ => Ok(()),
    }
}

/// Why a direction ended.
enum Ended {
    /// A socket failed, which ends the connection to the other side.
    Lost,
    /// The transcript could not be written.
    Unwritten(Unwritten),
}

async fn up(client: &Async<TcpStream>, server: &Upstream, mut said: Side<'_>) -> Result<(), Ended> {
    let mut buffer = vec![0; READ_SIZE];
    let mut client = client;
    loop {
        let count = client.read(&mut buffer).await.map_err(|_| Ended::Lost)?;
        if count == 0 {
            return Ok(());
        }
        said.take(&buffer[..count]).map_err(Ended::Unwritten)?;
        server.send(&buffer[..count]).await.map_err(|_| Ended::Lost)?;
    }
}

async fn down(client: &Async<TcpStream>, server: &Upstream, mut said: Side<'_>) -> Result<(), Ended> {
    let mut buffer = vec![0; READ_SIZE];
    let mut client = client;
    while let Some(bytes) = server.read(&mut buffer).await.map_err(|_| Ended::Lost)? {
        said.take(&bytes).map_err(Ended::Unwritten)?;
        client.write_all(&bytes).await.map_err(|_| Ended::Lost)?;
    }
    Ok(())
}
