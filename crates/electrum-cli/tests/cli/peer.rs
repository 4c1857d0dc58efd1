//! Peers whose bytes a test decides on.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use electrum_testkit::listener::Listener;

use crate::tool::BOUND;

/// Serves each connection by this, until the process ends. Gives where. What fails ends the connection, which is what the
/// client then sees.
pub(crate) fn serving(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = Listener::start(move |_, stream| {
        let _ = stream.set_read_timeout(Some(BOUND)).and_then(|()| serve(stream));
    });
    let address = listener.addr();
    std::mem::forget(listener);
    address
}

/// Answers what each client sends first with the first of these, and so on.
pub(crate) fn answering(answers: &[&'static [u8]]) -> SocketAddr {
    let answers = answers.to_vec();
    serving(move |mut stream| {
        for answer in &answers {
            let _ = stream.read(&mut [0; 512])?;
            stream.write_all(answer)?;
        }
        // Until the client has read it.
        io::copy(&mut stream, &mut io::sink()).map(drop)
    })
}
