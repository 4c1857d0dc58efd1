//! The examples run.

use electrum_testkit::prelude::*;

#[test]
fn tip_prints_the_banner_and_the_tip() {
    let server = Server::start(Family::Fulcrum2_1);
    let program = std::env::current_exe().unwrap();
    let example = program.parent().unwrap().parent().unwrap().join("examples").join("tip");
    let output = std::process::Command::new(example).args([&server.url(), "1"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("block "), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
