//! Parses Bitcoin addresses into scripts.

use electrum_web::proto::Script;

/// A script to watch.
pub(crate) struct Target {
    /// As the user wrote it.
    pub(crate) name: String,
    pub(crate) script: Script,
}

/// Reads an address of any Bitcoin network, or a script in hexadecimal digits.
///
/// # Errors
/// Says that it is neither.
pub(crate) fn parse(text: &str) -> Result<Target, String> {
    let script = segwit(text).or_else(|| base58(text)).map(Script::new).or_else(|| Script::from_hex(text).ok());
    match script {
        Some(script) => Ok(Target { name: text.to_owned(), script }),
        None => Err(format!("{text:?} is neither a Bitcoin address nor a script in hexadecimal digits")),
    }
}

fn segwit(text: &str) -> Option<Vec<u8>> {
    let (hrp, version, program) = bech32::segwit::decode(text).ok()?;
    if !matches!(hrp.to_lowercase().as_str(), "bc" | "tb" | "bcrt") {
        return None;
    }
    // OP_0, or OP_1 to OP_16; then the program, whose length is at most 40.
    let opcode = if version.to_u8() == 0 { 0 } else { 0x50 + version.to_u8() };
    Some([&[opcode, u8::try_from(program.len()).ok()?], &program[..]].concat())
}

fn base58(text: &str) -> Option<Vec<u8>> {
    let payload = base58ck::decode_check(text).ok()?;
    match payload.as_slice() {
        [0 | 111, hash @ ..] if hash.len() == 20 => Some([&[0x76, 0xa9, 20], hash, &[0x88, 0xac]].concat()),
        [5 | 196, hash @ ..] if hash.len() == 20 => Some([&[0xa9, 20], hash, &[0x87]].concat()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn addresses_and_scripts() {
        for (text, script) in [
            // From BIP 173 and BIP 350, and the reward of the first block.
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
            ("BCRT1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KYGT080", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
            (
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
                "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            ),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"),
            ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87"),
            ("0014751e76e8199196d454941c45d1b3a323f1433bd6", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
        ] {
            assert_eq!(parse(text).map(|target| target.script.to_hex()), Ok(script.to_owned()), "{text}");
        }
        for text in ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "address"] {
            assert!(parse(text).is_err_and(|error| error.contains("neither")), "{text}");
        }
    }
}
