//! The tool for people.
fn main() {}
