//! Code of a socket runs without a lock, as that of a caller does.

#[allow(dead_code, unreachable_pub, reason = "shared with the examples of the documentation")]
mod example {
    include!("../docs/client.rs");
}
mod harness;

use std::future::{Future, ready};
use std::io;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use electrum_session::drive::{Runtime, Socket, drive};
use electrum_session::proto::operations::Banner;
use electrum_session::transport::{DialTarget, ServerAddr};
use electrum_session::{Client, Config};
use example::{Answers, Never};
use harness::{block_on, bounded};

/// A runtime whose sockets use the client while they read and write.
#[derive(Default)]
struct Using(Arc<OnceLock<Client>>);

struct UsingSocket {
    answers: Answers,
    client: Arc<OnceLock<Client>>,
}

impl UsingSocket {
    fn use_client(&self) {
        let client = self.client.get().expect("the client is driven after it was made");
        let _ = client.state();
        drop(client.call(Banner));
    }
}

impl Runtime for Using {
    type Socket = UsingSocket;
    type Timer = Never;

    fn connect(
        &mut self,
        _: DialTarget,
        _: Duration,
    ) -> impl Future<Output = io::Result<UsingSocket>> + Send + 'static {
        ready(Ok(UsingSocket { answers: Answers::default(), client: Arc::clone(&self.0) }))
    }

    fn timer(&self) -> Never {
        Never
    }
}

impl Socket for UsingSocket {
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.use_client();
        self.answers.poll_read(context, buffer)
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.use_client();
        self.answers.poll_write(context, bytes)
    }
}

#[test]
fn a_socket_may_use_the_client() {
    bounded(|| {
        let runtime = Using::default();
        let client = Arc::clone(&runtime.0);
        let server: ServerAddr = "tcp://in-process:50001".parse().unwrap();
        let (made, driver) = drive(Config::from(server), runtime);
        client.set(made.clone()).unwrap();
        std::thread::spawn(|| block_on(driver));
        assert_eq!(block_on(made.call(Banner)), Ok("Welcome!".into()));
        made.close();
    });
}
