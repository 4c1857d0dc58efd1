//! The examples run.

#[path = "../examples/own_operation.rs"]
mod own_operation;

#[test]
fn own_operation() {
    own_operation::main();
}
