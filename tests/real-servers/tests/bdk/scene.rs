//! A chain, a server over it, and a way to sync with it.

use std::time::Duration;

use bdk_core::bitcoin::{BlockHash, ScriptBuf, Txid};
use real_servers::{Bitcoind, ElectrumX, Kind, Wire, anyone_can_spend, until};
use serde_json::json;

use crate::backend::Backend;

/// For whatever is awaited. The slowest servers look at bitcoind every five seconds, blocks before mempool.
const BOUND: Duration = Duration::from_secs(90);

/// A script with its transactions: their ids and heights.
pub(crate) type History<'a> = (&'a ScriptBuf, &'a [(Txid, i64)]);

pub(crate) struct Scene<B> {
    pub(crate) bitcoind: Bitcoind,
    pub(crate) server: ElectrumX,
    pub(crate) backend: B,
}

impl<B: Backend> Scene<B> {
    /// With 101 blocks, so that one coinbase can be spent.
    pub(crate) fn new(kind: Kind) -> Self {
        Self::with_blocks(kind, 101)
    }

    pub(crate) fn with_blocks(kind: Kind, blocks: u32) -> Self {
        let bitcoind = Bitcoind::start();
        bitcoind.mine(blocks);
        let server = ElectrumX::start(kind, &bitcoind);
        let backend = B::connect(&server.address());
        Self { bitcoind, server, backend }
    }

    /// Pays scripts out of a coinbase; gives the transaction's id.
    pub(crate) fn pay(&self, outputs: &[(&ScriptBuf, u64)]) -> Txid {
        let outputs: Vec<_> = outputs.iter().map(|(script, value)| (script.to_bytes(), *value)).collect();
        txid(&self.bitcoind.fund(&outputs)[0].txid)
    }

    pub(crate) fn hash(&self, height: u32) -> BlockHash {
        self.bitcoind.block_hash(height).parse().expect("a hash")
    }

    /// Waits until the server has bitcoind's tip, and these histories.
    #[track_caller]
    pub(crate) fn settle(&self, histories: &[History<'_>]) {
        let mut wire = Wire::negotiated(self.server.port(), "1.4");
        // Some releases know a new block before they say that it is the tip.
        until(BOUND, "the tip", || {
            let tip = wire.call("blockchain.headers.subscribe", &json!([])).expect("a tip");
            (tip["hex"] == self.bitcoind.header(self.bitcoind.height())).then_some(())
        });
        for (script, history) in histories {
            let mut expected: Vec<_> = history.to_vec();
            expected.sort_unstable();
            let what = format!("the history {expected:?}");
            until(BOUND, &what, || {
                let found = wire.history(script.as_bytes()).into_iter();
                let mut found: Vec<_> = found.map(|(digits, height)| (txid(&digits), height)).collect();
                found.sort_unstable();
                (found == expected).then_some(())
            });
        }
    }
}

pub(crate) fn txid(digits: &str) -> Txid {
    digits.parse().expect("an id")
}

/// The scripts of a wallet, which need no keys.
pub(crate) fn script(index: u32) -> ScriptBuf {
    ScriptBuf::from_bytes(anyone_can_spend(1_000 + index))
}
