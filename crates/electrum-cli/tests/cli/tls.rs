//! Servers with TLS: what is remembered of them, and what is trusted.

use std::fs;
use std::path::Path;

use crate::tls_front::TlsFront;
use crate::tool::{Done, Tool, run};
use electrum_testkit::prelude::*;
use serde_json::{Value, json};

/// `probe` as JSON, with this file of pins.
fn probe(front: &TlsFront, pins: &Path, more: &[&str]) -> (Done, Value) {
    let (url, pins) = (front.url(), pins.to_str().expect("UTF-8"));
    let done = run(&[&["probe", "--json", &url, "--pins", pins], more].concat());
    let object = done.objects()[0].clone();
    (done, object)
}

#[test]
fn a_certificate_is_pinned_at_first_sight_and_a_new_one_is_accepted_only_if_the_user_says_so() {
    let server = Server::start(Family::Fulcrum2_1);
    let (front, fingerprint) = TlsFront::start(&server);
    let folder = tempfile::tempdir().expect("a folder");
    let pins = folder.path().join("made").join("pins");
    for pin in ["new", "known"] {
        let (done, found) = probe(&front, &pins, &[]);
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{pin}");
        assert_eq!((&found["tls"], &found["fingerprint"]), (&json!("TLS 1.3"), &json!(fingerprint)));
        assert_eq!((&found["pin"], &found["route"]), (&json!(pin), &json!("direct")));
        assert!(front.requests() > 0);
        assert_eq!(front.end(), "close_notify");
    }
    let url = front.url();
    let words = run(&["probe", &url, "--pins", pins.to_str().expect("UTF-8")]).lines.join("\n");
    for shown in ["TLS 1.3", &fingerprint, "the pinned one", "direct"] {
        assert!(words.contains(shown), "{shown:?} in {words}");
    }

    front.requests();
    assert_eq!(front.end(), "close_notify");
    let rotated = front.rotate();
    let (done, found) = probe(&front, &pins, &[]);
    assert_eq!(done.code, Some(1));
    assert_eq!((&found["outcome"], &found["cause"]), (&json!("down"), &json!("connect")));
    for shown in [&url, &fingerprint, &rotated, "--accept-new-pin", "hint:"] {
        assert!(done.errors.contains(shown), "{shown:?} in {}", done.errors);
    }
    assert!(!done.errors.contains("::"), "{}", done.errors);
    assert_eq!(front.requests(), 0, "nothing was sent to it");
    assert!(front.end().contains("AccessDenied"), "but an alert");

    let (done, found) = probe(&front, &pins, &["--accept-new-pin"]);
    assert_eq!((done.code, &found["fingerprint"], &found["pin"]), (Some(0), &json!(rotated), &json!("replaced")));
    let (done, found) = probe(&front, &pins, &[]);
    assert_eq!((done.code, &found["pin"]), (Some(0), &json!("known")));
    let kept = fs::read_to_string(&pins).expect("the file of pins");
    assert!(kept.contains(&rotated) && !kept.contains(&fingerprint), "{kept}");
}

#[test]
fn trust_in_web_cas_in_one_certificate_or_in_any() {
    let server = Server::start(Family::Fulcrum2_1);
    let (front, fingerprint) = TlsFront::start(&server);
    let folder = tempfile::tempdir().expect("a folder");
    let pins = folder.path().join("pins");

    let (done, _) = probe(&front, &pins, &["--trust", "ca"]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains(&fingerprint), "{}", done.errors);
    assert_eq!(front.requests(), 0);
    for (trust, pin) in [(&format!("pin:{fingerprint}")[..], "given"), ("insecure", "insecure")] {
        let (done, found) = probe(&front, &pins, &["--trust", trust]);
        assert_eq!((done.code, &found["pin"]), (Some(0), &json!(pin)));
    }
    front.requests();
    let other = ["00"; 32].join(":");
    let (done, _) = probe(&front, &pins, &["--trust", &format!("pin:{other}")]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains(&other) && done.errors.contains(&fingerprint), "{}", done.errors);
    assert_eq!(front.requests(), 0);
    assert!(!pins.exists(), "none of these remembers anything");
}

#[test]
fn without_a_file_of_pins_the_users_data_folder_has_one() {
    let server = Server::start(Family::Electrs);
    let (front, fingerprint) = TlsFront::start(&server);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let done = Tool::start_with(&["call", &front.url(), "server.banner"], &[("XDG_DATA_HOME", &data)]).finish();
    assert_eq!(done.code, Some(0), "{}", done.errors);
    let kept = fs::read_to_string(data.join("electrum-cli").join("pins")).expect("the file of pins");
    assert!(kept.contains(&fingerprint), "{kept}");
    // What cannot be read is no reason to trust.
    fs::write(data.join("electrum-cli").join("pins"), "what is this").expect("a folder of our own");
    front.requests();
    let done = Tool::start_with(&["call", &front.url(), "server.banner"], &[("XDG_DATA_HOME", &data)]).finish();
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains("no pin") && done.errors.contains("line 1"), "{}", done.errors);
    assert_eq!(front.requests(), 0);
}

#[test]
fn plain_text_where_tls_is_wanted() {
    let server = Server::start(Family::Fulcrum2_1);
    let folder = tempfile::tempdir().expect("a folder");
    let pins = folder.path().join("pins");
    let url = server.url().replace("tcp://", "ssl://");
    let done = run(&["probe", &url, "--timeout", "5", "--pins", pins.to_str().expect("UTF-8")]);
    assert_eq!((done.code, done.lines.len()), (Some(1), 0));
    assert!(done.errors.contains(&url), "{}", done.errors);
    assert!(!pins.exists());
}
