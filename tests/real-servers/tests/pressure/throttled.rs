//! Many scripts on a server that throttles its clients, by our client and by a plain one, each with a server of its own
//! at the same time.

use std::thread;
use std::time::{Duration, Instant};

use electrum_blocking::{Client, Config, ConnectionEvent};
use real_servers::{Bitcoind, ElectrumX, Kind, Setup, anyone_can_spend};

use crate::common::topic;
use crate::plain::{self, Subscribed};

/// What is subscribed, and where the server begins to throttle and where it closes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) scripts: u32,
    /// The soft and the hard limit; else the server's own, 1,000 and 10,000.
    pub(crate) limits: Option<(u32, u32)>,
}

impl Load {
    fn server(self, kind: Kind, bitcoind: &Bitcoind) -> ElectrumX {
        let (soft, hard) = self.limits.unwrap_or((1_000, 10_000));
        Setup::new(kind)
            .variable("COST_SOFT_LIMIT", &soft.to_string())
            .variable("COST_HARD_LIMIT", &hard.to_string())
            .start(bitcoind)
    }

    /// What our client comes to, and a plain one at the same time if that is wanted.
    pub(crate) fn run(
        self,
        kind: Kind,
        bitcoind: &Bitcoind,
        bound: Duration,
        with_plain: bool,
    ) -> (Subscribed, Option<Subscribed>) {
        let scripts: Vec<Vec<u8>> = (0..self.scripts).map(|tag| anyone_can_spend(tag + 1)).collect();
        let server = self.server(kind, bitcoind);
        let other = with_plain.then(|| self.server(kind, bitcoind));
        thread::scope(|scope| {
            let ours = scope.spawn(|| ours(&server.address(), &scripts, bound));
            let plain = other.as_ref().map(|server| plain::subscribe(kind, server.port(), &scripts, bound));
            (ours.join().expect("our client is done"), plain)
        })
    }
}

fn ours(address: &str, scripts: &[Vec<u8>], bound: Duration) -> Subscribed {
    let start = Instant::now();
    let config = Config::new([address.parse().expect("an address")]);
    let client = Client::connect(config).expect("the system gives what a client needs");
    let mut events = client.events();
    let mut updates = client.subscribe_all(scripts.iter().map(|script| topic(script))).expect("room");
    let mut reported = vec![false; scripts.len()];
    let (mut missing, mut done) = (scripts.len(), Subscribed::default());
    while missing > 0 && start.elapsed() < bound {
        let Ok(update) = updates.next_within(Duration::from_secs(1)) else { continue };
        match update.value {
            Ok(_) if !reported[update.topic] => (reported[update.topic], missing) = (true, missing - 1),
            Ok(_) => {}
            Err(_) => done.refused += 1,
        }
    }
    (done.reported, done.time) = (scripts.len() - missing, start.elapsed());
    while let Ok(event) = events.next_within(Duration::from_millis(1)) {
        match event {
            ConnectionEvent::Ready { .. } => done.connections += 1,
            ConnectionEvent::Down { cause, .. } => println!("{address}: {cause}"),
            _ => {}
        }
    }
    done
}
