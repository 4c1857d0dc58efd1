// The hidden part of examples with threads: pipes, to a server in the same process.
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use electrum_session::threads::{Runtime, Socket};
use electrum_session::transport::DialTarget;

pub struct InProcess;

pub struct Pipe(UnixStream);

/// Opens a pipe to a server that answers the handshake and one request.
pub fn open() -> io::Result<Pipe> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_write_timeout(Some(Duration::from_millis(10)))?;
    thread::spawn(move || serve(theirs));
    Ok(Pipe(ours))
}

fn serve(pipe: UnixStream) -> io::Result<()> {
    let mut lines = BufReader::new(pipe);
    for answer in [r#"{"id":1,"result":["Example 1.0","1.4"]}"#, r#"{"id":2,"result":"Welcome!"}"#] {
        lines.read_line(&mut String::new())?;
        writeln!(lines.get_mut(), "{answer}")?;
    }
    Ok(())
}

impl Runtime for InProcess {
    type Socket = Pipe;
    type Cancel = ();

    fn connect(&self, _: DialTarget, _: Duration) -> (impl FnOnce() -> io::Result<Pipe> + Send + 'static, ()) {
        (open, ())
    }
}

impl Socket for Pipe {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(buffer)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn write_at_once(&self, bytes: &[u8]) {
        let _ = self.0.set_nonblocking(true).and_then(|()| self.write(bytes));
    }

    fn limit_reads(&self, limit: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(limit)
    }

    fn shutdown(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
