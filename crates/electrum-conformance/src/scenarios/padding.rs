//! Padded writes, as an observer of the connection sees them.

use std::net::SocketAddr;

use electrum_proto::operations::Raw;
use electrum_proto::types::Script;
use electrum_proto::{Config, Topic};

use crate::expect::{PATIENCE, header, next, read};
use crate::recorder::{Recorder, padded_sizes};
use crate::transport::Route;
use crate::{Adapter, Client, Transport};
use electrum_testkit::chain::script;
use electrum_testkit::{Family, Server};

/// With padding the size of each write is a power of two from 1024 bytes on; without it the writes have other sizes.
pub(super) fn padded_writes<A: Adapter>(adapter: A, transport: Transport) {
    let sizes = observed(adapter, transport, true).expect("sizes of the scheme only");
    assert_eq!((sizes[0], sizes.iter().max()), (1024, Some(&4096)), "{sizes:?}");
    let unpadded = observed(adapter, transport, false);
    assert!(unpadded.is_err(), "{unpadded:?}");
}

/// Returns the sizes of a client's writes, as an observer sees them.
fn observed<A: Adapter>(adapter: A, transport: Transport, padding: bool) -> Result<Vec<usize>, String> {
    let server = Server::start(Family::ElectrumX1_16);
    let route = Route::to(transport, &[server.addr()]);
    let mut setup = route.setup.clone();
    let (scheme, address) = setup.servers[0].split_once("://").expect("an address");
    let recorder = Recorder::before(address.parse::<SocketAddr>().expect("an address"));
    setup.servers = vec![format!("{scheme}://{}", recorder.addr())];
    setup.protocol = Config { padding, ..setup.protocol };

    let client = adapter.connect(setup);
    client.call(read("server.banner"), None).expect("a banner");
    let headers = client.batch((0..20).map(header).collect());
    assert!(headers.iter().all(Result::is_ok), "{headers:?}");
    // The server answers this call with an error.
    let long = client.call(Raw::reading("server.banner", vec!["x".repeat(3000).into()]), None);
    assert!(long.is_err(), "{long:?}");
    let topics = [1, 2, 3].map(|number| Topic::Script(Script::new(script(number))));
    let mut updates = client.subscribe(topics.to_vec());
    topics.iter().for_each(|_| drop(next(&mut updates)));
    client.close();
    assert!(server.wait_until(PATIENCE, |stats| stats.open == 0));

    let log = server.log();
    assert_eq!(log.len(), 1);
    let lines: Vec<_> = log[0].lines.iter().map(|line| line.trim_end_matches(['\r', '\n']).len()).collect();
    padded_sizes(transport, &recorder.sent(), &lines)
}
