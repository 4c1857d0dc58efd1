//! The client against the testkit's servers.

use electrum_blocking::proto::operations::{Banner, Ping};
use electrum_blocking::proto::{Origin, Topic, Update};
use electrum_blocking::{Client, Config};
use electrum_testkit::prelude::*;

#[test]
fn smoke() {
    for family in Family::ALL {
        let server = Server::start(family);
        let client = Client::connect(Config::new([server.url().parse().unwrap()])).unwrap();
        client.call(Ping).unwrap();
        let mut tips = client.subscribe(Topic::Headers).unwrap();
        let first = tips.next().unwrap();
        assert_eq!(first.origin, Origin::Subscribed);
        server.mine(1);
        let second = tips.next().unwrap();
        let (Ok(Update::Headers(a)), Ok(Update::Headers(b))) = (first.value, second.value) else { panic!() };
        assert_eq!(a.height + 1, b.height, "{family:?}");
        let many = client.batch(vec![Banner; 50]);
        assert!(many.iter().all(Result::is_ok), "{many:?}");
        println!("{family:?} {:?}", client.state());
    }
}
