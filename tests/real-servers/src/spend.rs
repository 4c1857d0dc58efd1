//! Transactions that need no keys: all coins of these tests lie on scripts that anyone can spend.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// An output that can be spent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coin {
    /// The transaction, in display order.
    pub txid: String,
    /// Which of its outputs.
    pub vout: u32,
    /// In satoshi.
    pub value: u64,
}

/// A script of its own for every `tag`, that anyone can spend with an empty script: push, drop, true.
#[must_use]
pub fn anyone_can_spend(tag: u32) -> Vec<u8> {
    const PUSH_4: u8 = 0x04;
    const DROP: u8 = 0x75;
    const TRUE: u8 = 0x51;
    let mut script = vec![PUSH_4];
    script.extend(tag.to_le_bytes());
    script.extend([DROP, TRUE]);
    script
}

/// The scripthash of the protocol, as `sha256sum` computes it and not the code under test.
///
/// # Panics
/// When that command is not there.
#[must_use]
pub fn scripthash(script: &[u8]) -> String {
    let mut child =
        Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sha256sum is there");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(script).expect("sha256sum reads");
    drop(stdin);
    let output = child.wait_with_output().expect("sha256sum ends");
    let hex = String::from_utf8(output.stdout).expect("hex digits");
    let mut hash = from_hex(&hex[..64]);
    hash.reverse();
    to_hex(&hash)
}

/// A transaction in the making. What the outputs leave of the inputs is the fee.
#[derive(Clone, Debug, Default)]
pub struct Spend {
    inputs: Vec<Coin>,
    outputs: Vec<(Vec<u8>, u64)>,
}

impl Spend {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an input. It can be replaced while unconfirmed, as the sequence number says.
    #[must_use]
    pub fn coin(mut self, coin: &Coin) -> Self {
        self.inputs.push(coin.clone());
        self
    }

    /// Adds an output.
    #[must_use]
    pub fn pay(mut self, script: &[u8], value: u64) -> Self {
        self.outputs.push((script.to_vec(), value));
        self
    }

    /// What is paid for it.
    ///
    /// # Panics
    /// When it spends more than it has.
    #[must_use]
    pub fn fee(&self) -> u64 {
        let spent: u64 = self.inputs.iter().map(|coin| coin.value).sum();
        let paid: u64 = self.outputs.iter().map(|(_, value)| value).sum();
        spent.checked_sub(paid).expect("the outputs are covered")
    }

    /// The coins that it makes once its id is known.
    #[must_use]
    pub fn coins(&self, txid: &str) -> Vec<Coin> {
        let coin = |(vout, (_, value)): (usize, &(Vec<u8>, u64))| Coin {
            txid: txid.to_owned(),
            vout: u32::try_from(vout).expect("outputs are few"),
            value: *value,
        };
        self.outputs.iter().enumerate().map(coin).collect()
    }

    /// The transaction as it goes over the wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = 2u32.to_le_bytes().to_vec();
        push_size(&mut bytes, self.inputs.len());
        for coin in &self.inputs {
            bytes.extend(from_hex(&coin.txid).iter().rev());
            bytes.extend(coin.vout.to_le_bytes());
            push_size(&mut bytes, 0);
            bytes.extend(0xffff_fffd_u32.to_le_bytes());
        }
        push_size(&mut bytes, self.outputs.len());
        for (script, value) in &self.outputs {
            bytes.extend(value.to_le_bytes());
            push_size(&mut bytes, script.len());
            bytes.extend(script);
        }
        bytes.extend(0u32.to_le_bytes());
        bytes
    }

    /// [`bytes`](Self::bytes) in hex.
    #[must_use]
    pub fn hex(&self) -> String {
        to_hex(&self.bytes())
    }
}

/// The "compact size" of the Bitcoin serialisation, for lengths below 2^16.
fn push_size(bytes: &mut Vec<u8>, size: usize) {
    let size = u16::try_from(size).expect("sizes are small");
    match u8::try_from(size) {
        Ok(small) if small < 0xfd => bytes.push(small),
        _ => {
            bytes.push(0xfd);
            bytes.extend(size.to_le_bytes());
        }
    }
}

/// Lower-case hex.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes all");
        hex
    })
}

/// The bytes of a hex string.
///
/// # Panics
/// When it is not one.
#[must_use]
pub fn from_hex(hex: &str) -> Vec<u8> {
    assert!(hex.len() % 2 == 0, "odd hex: {hex}");
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripthashes_are_those_of_the_protocol() {
        // The example of the protocol's documentation.
        let script = from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac");
        let hash = "8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161";
        assert_eq!(scripthash(&script), hash);
    }
}
