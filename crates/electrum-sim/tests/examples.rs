//! The examples run, and do what they say.

#[path = "../examples/wallet.rs"]
mod wallet;

#[test]
fn wallet() {
    wallet::main();
}
