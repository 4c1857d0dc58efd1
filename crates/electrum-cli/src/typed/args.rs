//! The command lines of the typed operations.

use std::path::PathBuf;
use std::str::FromStr;

use electrum_smol::proto::types::{OutPoint, Txid};
use electrum_smol::transport::ServerAddr;

use super::target::Target;
use crate::reach::Reach;

/// Of `balance`, `history` and `unspent`.
#[derive(Debug, clap::Args)]
pub(crate) struct ScriptArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// Addresses of any network, output scripts in hexadecimal digits, or scripthashes (64 digits)
    ///
    /// "script:" or "scripthash:" before the digits says which of the two they are. A scripthash can be asked for up to
    /// protocol 1.6, so no later one is offered if there is one.
    #[arg(value_name = "ADDRESS|SCRIPT|SCRIPTHASH", required = true)]
    pub(crate) targets: Vec<Target>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Of commands that want to know nothing but the server.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// The server
    pub(crate) server: ServerAddr,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Print a transaction in hexadecimal digits
///
/// It is checked to be the one with that id.
#[derive(Debug, clap::Args)]
pub(crate) struct TxArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The transaction's id
    pub(crate) txid: Txid,
    /// Print what the server's node says of it, unchecked
    #[arg(long)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Print what is in the header of a block
#[derive(Debug, clap::Args)]
pub(crate) struct HeaderArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The block's height [default: that of the last block]
    pub(crate) height: Option<u32>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Write a range of block headers to a file, 80 bytes each, checked link by link
///
/// If the file is there it is continued where it ends, once its last header was found to be the server's.
#[derive(Debug, clap::Args)]
pub(crate) struct HeadersArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The file
    pub(crate) file: PathBuf,
    /// The height of the first header in the file
    #[arg(long, value_name = "HEIGHT", default_value_t = 0)]
    pub(crate) from: u32,
    /// The height of the last header [default: that of the last block]
    #[arg(long, value_name = "HEIGHT", conflicts_with = "count")]
    pub(crate) to: Option<u32>,
    /// How many headers the file is to have, instead of --to
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) count: Option<u32>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Prove that a transaction is in a block: fetch its merkle branch and the block's header, and compare the roots
#[derive(Debug, clap::Args)]
pub(crate) struct MerkleArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The transaction's id
    pub(crate) txid: Txid,
    /// The height of the block
    pub(crate) height: u32,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Print what fee rates are asked for
#[derive(Debug, clap::Args)]
pub(crate) struct FeesArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// Within how many blocks a transaction is to be confirmed; may be given several times
    #[arg(long, value_name = "NUMBER", default_values_t = [2, 6, 25, 144], value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) blocks: Vec<u32>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Hand a transaction to the network, and print its id
#[derive(Debug, clap::Args)]
pub(crate) struct BroadcastArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The transaction in hexadecimal digits, or - to read these from stdin
    pub(crate) transaction: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Print whether an output exists, what it is, and what spends it
///
/// Before protocol 1.7, which has a method for it, the history of the output's script is searched.
#[derive(Debug, clap::Args)]
pub(crate) struct OutPointArgs {
    /// The server
    pub(crate) server: ServerAddr,
    /// The output: the id of its transaction, a colon, and its index
    #[arg(value_name = "TXID:INDEX")]
    pub(crate) outpoint: Output,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// An [`OutPoint`] as people write it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output(pub(crate) OutPoint);

impl FromStr for Output {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let parse = || {
            let (txid, index) = text.split_once(':')?;
            let is_number = index.bytes().all(|byte| byte.is_ascii_digit());
            Some(Self(OutPoint { txid: txid.parse().ok()?, vout: index.parse().ok().filter(|_| is_number)? }))
        };
        parse().ok_or("an output is a transaction id, a colon and the output's index, as in <64 digits>:0")
    }
}
