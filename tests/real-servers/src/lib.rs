//! A real bitcoind and real ElectrumX servers on loopback, for tests.
//!
//! [`Bitcoind`] is a private regtest chain that a test grows, reorganises and spends on without a wallet;
//! [`ElectrumX`] is one release of the server over it, which a test may kill and start again. Both stop when they are dropped,
//! and also when the process that started them dies. [`Wire`] is a plain client for looking at a server
//! without any code of the project between.
//!
//! [`Relay`] stands between a client and a server and remembers what was asked; [`BadLink`] stands there and
//! stalls, resets and cuts.
//!
//! A test is written once, for whatever release it is given, and [`on_every_server!`] makes one test per release of it:
//!
//! ```no_run
//! use real_servers::{Bitcoind, ElectrumX, Kind};
//!
//! fn starts(kind: Kind) {
//!     let bitcoind = Bitcoind::start();
//!     bitcoind.mine(1);
//!     let server = ElectrumX::start(kind, &bitcoind);
//!     assert_eq!(server.sessions(), 0);
//! }
//! real_servers::on_every_server!(starts);
//! ```
//!
//! The programs come from the script `prepare` of this folder. Whether the tests run is decided by [`may_run`].

mod bad_link;
mod bitcoind;
mod certificate;
mod electrumx;
mod kind;
mod microsocks;
mod place;
mod process;
mod random;
mod relay;
mod rpc;
mod spend;
mod wire;

pub use bad_link::{BadLink, Faults, Weather};
pub use bitcoind::Bitcoind;
pub use certificate::Certificate;
pub use electrumx::{ElectrumX, Setup};
pub use kind::Kind;
pub use microsocks::Microsocks;
pub use place::{available, may_run, run_on};
pub use process::until;
pub use random::Random;
pub use relay::Relay;
pub use rpc::RpcError;
pub use spend::{Coin, Spend, anyone_can_spend, from_hex, scripthash, to_hex};
pub use wire::{Refusal, Wire};

/// Makes a test of a `fn(Kind)` for each release of ElectrumX, in a module of the function's name.
#[macro_export]
macro_rules! on_every_server {
    ($test:ident) => {
        $crate::on_every_server! {
            $test: e_x_2_0_0 Ex2_0_0, e_x_1_20_0 Ex1_20_0, e_x_1_18_0 Ex1_18_0, e_x_1_16_0 Ex1_16_0,
            electrumx_1_12_0 ElectrumX1_12_0, electrumx_1_10_0 ElectrumX1_10_0,
        }
    };
    ($test:ident: $($name:ident $kind:ident,)*) => {
        mod $test {
            $(#[test] fn $name() {
                $crate::run_on($crate::Kind::$kind, super::$test);
            })*
        }
    };
}
