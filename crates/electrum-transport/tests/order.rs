//! Any order of calls is legal, and none sends early or grows without bound.
#![cfg(feature = "tls")]

mod common;

use common::peer::{NAME, NOW, SERVER, exchange, peer_of};
use electrum_testkit::tls::Identity;
use electrum_transport::{Known, LayerStack, OUTGOING_LIMIT, Pin, Route};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Call {
    Received(Vec<u8>),
    /// What the real server has to say next, as far as it is known.
    Exchange,
    ServerSays(Vec<u8>),
    Closed,
    Close,
    /// The driver stored the pin, if there is one to store.
    PinKept,
    Send(usize),
    Consume(usize),
    Wrote(usize),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        2 => prop_oneof![
            prop::collection::vec(any::<u8>(), 0..12),
            Just(vec![5, 0]),
            Just(vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        ].prop_map(Call::Received),
        6 => Just(Call::Exchange),
        2 => prop::collection::vec(any::<u8>(), 0..100).prop_map(Call::ServerSays),
        1 => Just(Call::Closed),
        1 => Just(Call::Close),
        3 => Just(Call::PinKept),
        3 => (0usize..100_000).prop_map(Call::Send),
        2 => (0usize..200).prop_map(Call::Consume),
        2 => (0usize..100_000).prop_map(Call::Wrote),
    ];
    prop::collection::vec(call, 0..25)
}

fn stack(proxied: bool, server: &str) -> LayerStack {
    let route = match proxied {
        true => Route::direct().with_proxy("socks5://u:p@127.0.0.1:1080".parse().unwrap()),
        false => Route::direct(),
    };
    route.open(&server.parse().unwrap(), Known::at(NOW)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_calls(proxied in any::<bool>(), tls in any::<bool>(), calls in calls()) {
        let mut stack = stack(proxied, if tls { SERVER } else { "tcp://electrum.example" });
        let mut peer = peer_of(&Identity::self_signed(NAME));
        let mut failed = None;
        for call in calls {
            let before = (stack.established(), stack.ended(), stack.outgoing().len(), stack.plaintext().len());
            let result = match call {
                Call::Received(bytes) => stack.received(&bytes),
                Call::Exchange => {
                    let due = exchange(&mut stack, &mut peer);
                    stack.received(&due)
                }
                Call::ServerSays(bytes) => {
                    peer.send(&bytes);
                    Ok(())
                }
                Call::Closed => stack.closed(),
                Call::Close => {
                    stack.close();
                    Ok(())
                }
                Call::PinKept => stack.pin_kept(stack.pin_change().map_or(Pin::WebCa, |change| change.new)),
                Call::Send(n) => {
                    let taken = stack.send(&vec![b'x'; n]);
                    prop_assert!(taken <= n);
                    prop_assert!(before.0 || (taken, stack.outgoing().len()) == (0, before.2));
                    prop_assert_eq!(before.0 && taken < n, before.0 && n > OUTGOING_LIMIT.saturating_sub(before.2));
                    Ok(())
                }
                Call::Consume(n) => {
                    stack.consume(n);
                    prop_assert_eq!(stack.plaintext().len(), before.3.saturating_sub(n));
                    Ok(())
                }
                Call::Wrote(n) => {
                    stack.wrote(n);
                    prop_assert_eq!(stack.outgoing().len(), before.2.saturating_sub(n));
                    Ok(())
                }
            };
            // A little more for the handshake's own messages and for records.
            prop_assert!(stack.outgoing().len() <= OUTGOING_LIMIT + 4096);
            prop_assert!(!(stack.established() && stack.ended()));
            // An end is an end, and the first error stays.
            prop_assert!(!before.1 || stack.ended());
            if let Err(error) = result {
                prop_assert_eq!(failed.get_or_insert_with(|| error.clone()), &error);
            }
            prop_assert!(failed.is_none() || !(stack.established() || stack.ended()));
        }
    }
}
