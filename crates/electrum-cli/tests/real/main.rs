//! The tool against real ElectrumX servers over a real bitcoind. Run like the tests of `real-servers`, with
//! `ELECTRUM_REAL_SERVERS_TESTS=1`.

mod probe;
mod same;
mod tls;
#[allow(dead_code, reason = "the other tests use all of it")]
#[path = "../cli/tool.rs"]
mod tool;
mod watch;
