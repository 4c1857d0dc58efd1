//! A regtest bitcoind of one's own.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place::bitcoind_home;
use crate::process::{Process, free_port, until};
use crate::rpc::{self, CREDENTIALS, RpcError};
use crate::spend::{Coin, Spend, to_hex};

/// Blocks after which a coinbase may be spent.
const MATURITY: u32 = 100;

/// A bitcoind in regtest mode with nothing but the genesis block, over which ElectrumX servers can be started.
///
/// Methods panic when bitcoind refuses, with its words; [`try_rpc`](Self::try_rpc) gives the refusal instead.
#[derive(Debug)]
pub struct Bitcoind {
    process: Process,
    port: u16,
    /// The height of the next coinbase that [`coin`](Self::coin) hands out.
    next_coinbase: AtomicU32,
    /// Makes every block script of a reorganisation different.
    reorganisations: AtomicU32,
    _dir: TempDir,
}

impl Bitcoind {
    /// The script that [`mine`](Self::mine) pays: [`anyone_can_spend`](crate::anyone_can_spend) of 0.
    /// (bitcoind relays no transaction below 65 bytes, so `OP_TRUE` alone would be too short to pay.)
    pub const MINER: &[u8] = &[0x04, 0, 0, 0, 0, 0x75, 0x51];

    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        // A free port may be taken before bitcoind comes to it.
        (0..5).find_map(|_| Self::try_start()).expect("bitcoind starts on a free port")
    }

    fn try_start() -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("bitcoind-").tempdir().expect("a folder");
        let port = free_port();
        let (user, password) = CREDENTIALS.split_once(':').expect("user and password");
        let mut command = Command::new(bitcoind_home().join("bitcoind"));
        command
            .arg("-regtest")
            .arg(format!("-datadir={}", dir.path().display()))
            .args([format!("-rpcuser={user}"), format!("-rpcpassword={password}")])
            .args([format!("-rpcbind=127.0.0.1:{port}"), format!("-rpcport={port}")])
            .args(["-server=1", "-rpcallowip=127.0.0.1", "-rpcthreads=8", "-rpcworkqueue=256"])
            // No network but RPC.
            .args(["-listen=0", "-dnsseed=0", "-fixedseeds=0", "-dns=0", "-natpmp=0", "-discover=0"])
            // Both indexes are what ElectrumX asks for.
            .args(["-txindex=1", "-txospenderindex=1"])
            .args(["-acceptnonstdtxn=1", "-printtoconsole=1"]);
        let mut process = Process::start("bitcoind", &mut command, &dir.path().join("log"), dir.path());
        let ready = until(Duration::from_secs(120), "bitcoind to answer", || {
            if !process.is_running() {
                return Some(false);
            }
            rpc::call(port, "getblockcount", &json!([])).is_ok().then_some(true)
        });
        if !ready {
            eprintln!("{}", process.log_tail());
            return None;
        }
        Some(Self { process, port, next_coinbase: AtomicU32::new(1), reorganisations: AtomicU32::new(0), _dir: dir })
    }

    /// Where ElectrumX finds it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{CREDENTIALS}@127.0.0.1:{}/", self.port)
    }

    /// The result of any method of bitcoind, with its parameters as an array or an object.
    #[track_caller]
    pub fn rpc(&self, method: &str, params: &Value) -> Value {
        self.try_rpc(method, params).unwrap_or_else(|error| panic!("bitcoind refuses {method}: {error}"))
    }

    /// Like [`rpc`](Self::rpc), for what may be refused.
    pub fn try_rpc(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        rpc::call(self.port, method, params)
    }

    /// Mines blocks with what is in the mempool; gives their hashes.
    pub fn mine(&self, blocks: u32) -> Vec<String> {
        self.mine_to(Self::MINER, blocks)
    }

    /// Mines blocks whose coinbases pay `script`.
    pub fn mine_to(&self, script: &[u8], blocks: u32) -> Vec<String> {
        let hashes = self.rpc("generatetodescriptor", &json!([blocks, self.descriptor(script)]));
        let hashes = hashes.as_array().expect("a list of hashes");
        hashes.iter().map(text).collect()
    }

    /// Mines one block with exactly these transactions, by id from the mempool or in hex, in this order; gives its hash.
    pub fn mine_block(&self, transactions: &[&str]) -> String {
        let params = json!([self.descriptor(Self::MINER), transactions]);
        text(&self.rpc("generateblock", &params)["hash"])
    }

    /// Replaces the last `depth` blocks by `blocks` other ones, without transactions; these go back to the mempool.
    /// With more new blocks than old ones a server sees a reorganisation.
    pub fn reorganise(&self, depth: u32, blocks: u32) -> Vec<String> {
        let fork = self.block_hash(self.height() + 1 - depth);
        self.rpc("invalidateblock", &json!([fork]));
        // With the miner's script a block could turn out the very one that was made invalid.
        let round = self.reorganisations.fetch_add(1, Ordering::Relaxed);
        let script = crate::anyone_can_spend(u32::MAX - round);
        let params = json!([self.descriptor(&script), []]);
        (0..blocks).map(|_| text(&self.rpc("generateblock", &params)["hash"])).collect()
    }

    /// The height of the tip.
    #[must_use]
    pub fn height(&self) -> u32 {
        let height = self.rpc("getblockcount", &json!([])).as_u64().expect("a height");
        u32::try_from(height).expect("a small height")
    }

    /// The hash of the block at this height.
    #[must_use]
    pub fn block_hash(&self, height: u32) -> String {
        text(&self.rpc("getblockhash", &json!([height])))
    }

    /// The 80 bytes of the header at this height, in hex.
    #[must_use]
    pub fn header(&self, height: u32) -> String {
        text(&self.rpc("getblockheader", &json!([self.block_hash(height), false])))
    }

    /// Ids of the unconfirmed transactions.
    #[must_use]
    pub fn mempool(&self) -> Vec<String> {
        let ids = self.rpc("getrawmempool", &json!([]));
        ids.as_array().expect("a list of ids").iter().map(text).collect()
    }

    /// A coinbase of [`mine`](Self::mine) that can be spent; another one at each call.
    ///
    /// # Panics
    /// When all that have 100 blocks above them were given out.
    #[must_use]
    pub fn coin(&self) -> Coin {
        loop {
            let height = self.next_coinbase.fetch_add(1, Ordering::Relaxed);
            assert!(
                height + MATURITY <= self.height() + 1,
                "no mature coinbase at height {height}: mine 100 more blocks than coins are wanted"
            );
            let block = self.rpc("getblock", &json!([self.block_hash(height), 1]));
            let txid = text(&block["tx"][0]);
            let output = self.rpc("gettxout", &json!([txid, 0]));
            if output["scriptPubKey"]["hex"] == to_hex(Self::MINER) {
                let value = satoshi(&output["value"]);
                return Coin { txid, vout: 0, value };
            }
        }
    }

    /// Sends what [`Spend`] made; gives its id.
    #[track_caller]
    pub fn send(&self, spend: &Spend) -> String {
        // No limit on the fee: a test may leave all the rest of a coinbase to it.
        text(&self.rpc("sendrawtransaction", &json!([spend.hex(), 0])))
    }

    /// Pays each script its amount out of one coinbase, in one unconfirmed transaction; gives the coins, in order.
    #[track_caller]
    pub fn fund(&self, outputs: &[(Vec<u8>, u64)]) -> Vec<Coin> {
        let coin = self.coin();
        let start = Spend::new().coin(&coin);
        let spend = outputs.iter().fold(start, |spend, (script, value)| spend.pay(script, *value));
        let fee = 2 * spend.bytes().len() as u64 + 100;
        let change = spend.fee().checked_sub(fee).expect("a coinbase pays for it");
        let txid = self.send(&spend.clone().pay(Self::MINER, change));
        spend.coins(&txid)
    }

    /// SIGSTOP: connections are taken, nothing is answered.
    pub fn pause(&self) {
        self.process.signal("STOP");
    }

    /// Ends [`pause`](Self::pause).
    pub fn resume(&self) {
        self.process.signal("CONT");
    }

    fn descriptor(&self, script: &[u8]) -> String {
        let plain = format!("raw({})", to_hex(script));
        text(&self.rpc("getdescriptorinfo", &json!([plain]))["descriptor"])
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).to_owned()
}

/// Exact: amounts are so small that the nearest integer is the right one.
fn satoshi(value: &Value) -> u64 {
    let coins = value.as_f64().expect("an amount");
    (coins * 1e8).round() as u64
}
