//! Tries.
use electrum_testkit::sim::{hostile_life, suite};
#[test]
fn hostile() {
    let (n, seed) = suite::from_environment(10_000, 0);
    if let Err(failure) = suite::play(n, seed, &[], hostile_life) {
        panic!("{failure}");
    }
}
#[test]
fn network() {
    let (n, seed) = suite::from_environment(10_000, 0);
    if let Err(failure) = suite::play(n, seed, &[], electrum_testkit::sim::network_life) {
        panic!("{failure}");
    }
}
#[test]
fn chunks() {
    let (n, seed) = suite::from_environment(10_000, 0);
    if let Err(failure) = suite::play(n, seed, &[], electrum_testkit::sim::chunked_life) {
        panic!("{failure}");
    }
}
