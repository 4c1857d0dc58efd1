//! The check of layers, on planted dependencies.

use workspace_tests::layers::violations;
use workspace_tests::metadata::{Dependency, Package};

#[test]
fn an_adapter_on_the_session_and_tests_with_the_testkit_are_right() {
    let packages = [
        package("electrum-smol", &[("electrum-session", Dependency::Normal), ("electrum-testkit", Dependency::Dev)]),
        package("electrum-cli", &[("electrum-smol", Dependency::Normal), ("electrum-testkit", Dependency::Normal)]),
        package("electrum-session", &[("electrum-proto", Dependency::Normal), ("electrum-sim", Dependency::Dev)]),
    ];
    assert_eq!(violations(&packages), Vec::<String>::new());
}

#[test]
fn a_crate_that_depends_on_one_above_it_is_found() {
    let found = violations(&[package("electrum-proto", &[("electrum-session", Dependency::Normal)])]);
    assert_eq!(found, ["electrum-proto depends on electrum-session, which stands beside or above it"]);
}

#[test]
fn a_test_that_depends_on_a_crate_above_is_found() {
    let found = violations(&[package("electrum-proto", &[("electrum-smol", Dependency::Dev)])]);
    assert_eq!(found, ["electrum-proto depends on electrum-smol, which stands beside or above it"]);
}

#[test]
fn a_testkit_that_depends_on_the_client_is_found_even_in_its_tests() {
    let found = violations(&[package("electrum-testkit", &[("electrum-proto", Dependency::Dev)])]);
    assert_eq!(found, ["electrum-testkit depends on electrum-proto: fake servers share no code with the client"]);
}

#[test]
fn a_client_that_ships_the_testkit_is_found() {
    let found = violations(&[package("electrum-session", &[("electrum-testkit", Dependency::Normal)])]);
    assert_eq!(found, ["electrum-session depends on electrum-testkit, which is for tests: make it a dev-dependency"]);
}

#[test]
fn a_crate_without_a_layer_is_found() {
    let found = violations(&[package("electrum-new", &[])]);
    assert_eq!(found, ["electrum-new has no layer: give it one in tests/workspace/src/layers.rs"]);
}

fn package(name: &str, depends_on: &[(&str, Dependency)]) -> Package {
    Package {
        name: name.to_owned(),
        folder: String::new(),
        description: String::new(),
        published: true,
        depends_on: depends_on.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
        programs: Vec::new(),
        targets: Vec::new(),
        features: Default::default(),
    }
}
