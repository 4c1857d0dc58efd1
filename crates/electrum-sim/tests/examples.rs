//! The examples run, and do what they say.

#[path = "../examples/own_operation.rs"]
mod own_operation;
#[path = "../examples/wallet.rs"]
mod wallet;

#[test]
fn own_operation() {
    own_operation::main();
}

#[test]
fn wallet() {
    wallet::main();
}
