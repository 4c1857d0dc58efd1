//! A certificate that a real server made for itself, and another one in its place.

use real_servers::{Bitcoind, Certificate, Kind, Setup, run_on};
use serde_json::json;

use crate::tool::{Done, run};

#[test]
fn a_self_signed_certificate_is_remembered_and_a_new_one_refused() {
    run_on(Kind::Ex2_0_0, |kind| {
        let bitcoind = Bitcoind::start();
        bitcoind.mine(1);
        let (first, second) = (Certificate::new(), Certificate::new());
        let mut server = Setup::new(kind).tls(&first).start(&bitcoind);
        let folder = tempfile::tempdir().expect("a folder");
        let pins = folder.path().join("pins");
        let url = server.tls_address();
        let probe = |more: &[&str]| {
            let pins = pins.to_str().expect("UTF-8");
            run(&[&["probe", &url, "--json", "--pins", pins], more].concat())
        };
        let shown = |done: &Done, pin: &str, certificate: &Certificate| {
            assert_eq!((done.code, done.errors.as_str()), (Some(0), ""));
            let found = &done.objects()[0];
            assert_eq!((&found["pin"], &found["fingerprint"]), (&json!(pin), &json!(fingerprint(certificate))));
            assert_eq!(found["tls"], "TLS 1.3");
        };
        shown(&probe(&[]), "new", &first);
        shown(&probe(&[]), "known", &first);

        server.set_certificate(&second);
        server.restart();
        let refused = probe(&[]);
        assert_eq!(refused.code, Some(1));
        for words in [&fingerprint(&first), &fingerprint(&second), "--accept-new-pin"] {
            assert!(refused.errors.contains(words), "{words} in {}", refused.errors);
        }
        shown(&probe(&["--accept-new-pin"]), "replaced", &second);
        shown(&probe(&[]), "known", &second);
    });
}

/// As openssl shows it.
fn fingerprint(certificate: &Certificate) -> String {
    let digits = certificate.fingerprint().to_uppercase();
    let pairs: Vec<_> = digits.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    pairs.join(":")
}
