//! What 1.2 and 1.3 have and later versions lack.

use electrum_proto::operations::legacy::{
    AddressBalance, AddressHistory, AddressMempool, AddressSubscribe, AddressUnspent, GetChunk, GetHeader,
};
use electrum_proto::types::Tip;

use crate::oracle::{Knowledge, status};
use crate::scene::Scene;
use crate::session::Session;

pub(crate) fn check(session: &Session, scene: &Scene) {
    if session.has::<GetHeader>() {
        let height = scene.tip();
        let tip = session.call(GetHeader { height });
        assert_eq!(tip, Tip { height, header: scene.header(height) });
        assert_eq!(session.call(GetChunk { index: 0 }), scene.headers);
    }
    if session.has::<AddressBalance>() {
        let known = Knowledge::of(&scene.with_address, &scene.bitcoind);
        let address = || scene.address.clone();
        let found = Knowledge {
            balance: session.call(AddressBalance { address: address() }),
            history: session.call(AddressHistory { address: address() }),
            unspent: session.call(AddressUnspent { address: address() }),
        };
        let subscribed = session.call(AddressSubscribe { address: address() }).expect("there is a history");
        assert_eq!(subscribed.to_string(), status(&found.history));
        assert_eq!(session.call(AddressMempool { address: address() }), found.history[1..]);
        assert_eq!(found.canonical(), known);
        assert_eq!(known.unspent.len(), 2);
    }
}
