//! `cargo bench -p electrum-proto`, for people who change the code.

mod json;
mod lines;
mod machine;

fn main() {
    divan::main();
}
