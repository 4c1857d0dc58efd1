//! What versions a real server is found to speak, and what it says to others.

use real_servers::{Bitcoind, ElectrumX, Kind, Wire, run_on, until};
use serde_json::{Value, json};

use crate::tool::{BOUND, run};

#[test]
fn the_newest_version_a_wanted_one_and_none() {
    for kind in [Kind::Ex2_0_0, Kind::Ex1_16_0, Kind::ElectrumX1_10_0] {
        run_on(kind, probed);
    }
}

fn probed(kind: Kind) {
    let bitcoind = Bitcoind::start();
    bitcoind.mine(1);
    let server = ElectrumX::start(kind, &bitcoind);
    let probe = |more: &[&str]| run(&[&["probe", &server.address(), "--json"], more].concat());
    for (range, version) in [(&[][..], kind.newest()), (&["--range", "1.3..1.4"], "1.4")] {
        let done = probe(range);
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""));
        let found = &done.objects()[0];
        assert_eq!((&found["outcome"], &found["version"]), (&json!("ready"), &json!(version)));
        assert_eq!(
            (&found["software"], &found["genesis_hash"]),
            (&json!(kind.software()), &json!(bitcoind.block_hash(0)))
        );
    }

    let words = Wire::connect(server.port()).try_call("server.version", &json!(["wire", ["2.0", "3.0"]]));
    let words = words.expect("an answer").expect_err("a refusal");
    let done = probe(&["--range", "2.0..3.0"]);
    assert_eq!(done.code, Some(1));
    assert!(done.errors.contains(&words.message), "{}", done.errors);
    let found = &done.objects()[0];
    let reported = [&found["outcome"], &found["cause"], &found["code"], &found["message"]];
    assert_eq!(reported, [&json!("down"), &json!("refused"), &json!(words.code), &Value::from(words.message)]);

    // Whatever is printed of it: three attempts were made, and nothing of them is left.
    assert_eq!(probe(&["--matrix"]).objects().len(), 3);
    until(BOUND, "the sessions to end", || (server.sessions() == 0).then_some(()));
}
