//! Servers that withhold a history: a status says that there is one, and the answers say nothing or a part.

use crate::faulty::{Reply, faulty};
use crate::tool::run;
use electrum_testkit::hash::to_hex;
use electrum_testkit::prelude::*;

#[test]
fn an_empty_history_although_there_is_a_status_is_an_error() {
    let server = Server::builder(Family::Fulcrum2_1).prompt().start().expect("a port");
    server.pay(&script(1), 70_000);
    let digits = to_hex(&script(1));
    let url = faulty(&server, |method, _| method.ends_with(".get_history").then(|| Reply::Result("[]".into())));
    for command in ["history", "balance", "unspent"] {
        let done = run(&[command, &url, &digits, "--json"]);
        assert_eq!(done.code, Some(1), "{command}: {:?}", done.lines);
        assert_eq!(done.objects()[0]["error"]["cause"], "empty_history", "{command}");
    }
    // Without a history there is nothing to withhold.
    let done = run(&["history", &url, &to_hex(&script(9))]);
    assert_eq!((done.code, done.lines), (Some(0), vec!["no history".to_owned()]));
}
