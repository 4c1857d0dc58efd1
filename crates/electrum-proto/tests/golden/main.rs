//! Every method scenario of the recorded servers: parameters are written as they were recorded, every result is
//! decoded and compared with an independent reading of the recording as plain JSON, every error likewise.

mod coverage;
mod electrs_0_10;
mod mutations;
mod operations;
mod proofs;
mod readings;
mod recording;
mod replies;
#[path = "../operations/versions.rs"]
mod versions;

use electrum_proto::ProtocolVersion;
use electrum_proto::json::{DecodeError, RawJson};
use electrum_proto::operations::METHODS;
use operations::{Case, Unwritable};
use recording::Exchange;
use serde_json::Value;

/// Requests that no operation writes and that some server answered nevertheless: the beginnings of server and method,
/// what is odd, and why it was answered. Everything else that cannot be written was answered with an error.
const ODD_REQUESTS: &[(&str, &str, Unwritable, &str)] = &[
    ("electrs-esplora", "", Unwritable::TooMany, "it passes over arguments that a method does not have"),
    ("romanz-electrs", "", Unwritable::TooMany, "it passes over the arguments of methods that have none"),
    ("electrumX-1.", "blockchain.estimatefee", Unwritable::Type, "for Bitcoin SV it does not look at the number"),
    ("fulcrum", "blockchain.scripthash.get_history", Unwritable::TooMany, "it takes a range of heights"),
    ("fulcrum", "blockchain.transaction.get_merkle", Unwritable::TooFew, "it finds the height by itself"),
    ("e-x-2.0.0", "server.ping", Unwritable::TooFew, "the length of the answer alone is enough for it"),
    ("e-x-2.0.0", "server.ping", Unwritable::Type, "it takes an odd number of digits for the padding"),
    ("e-x-2.0.0", "server.ping", Unwritable::Named, "it takes arguments by name"),
];

/// Results that are wrong, and where: part of the request, the result, the place and the words of the refusal.
const WRONG_RESULTS: &[(&str, &str, &str, &str)] = &[(
    "electrs-esplora-0.4.1, balance-after-reorgs: blockchain.scripthash.get_balance",
    r#"{"confirmed":18446744073708651616,"unconfirmed":0}"#,
    "confirmed",
    "the number 18446744073708651616 is out of range",
)];

#[test]
fn every_recorded_exchange() {
    let mut seen = coverage::Seen::default();
    let (mut unanswered, mut errors, mut results, mut odd) = (0, 0, 0, 0);
    for exchange in recording::all().iter().flat_map(|recording| &recording.scenarios).flat_map(|s| &s.exchanges) {
        let what = &exchange.what;
        // Shown if something fails.
        println!("{what}");
        let cases = operations::cases(exchange);
        for case in cases.iter().flatten().filter(|case| !case.respelled) {
            check_request(case, exchange);
        }
        let Some(reply) = &exchange.reply else {
            unanswered += 1;
            continue;
        };
        let Some((result, value)) = replies::check_envelope(reply, what) else {
            errors += 1;
            continue;
        };
        match cases {
            Ok(cases) => {
                results += 1;
                for case in &cases {
                    match (case.check)(exchange.version, result, Some(&value)) {
                        Ok(()) => seen.operation(case, exchange),
                        Err(error) => check_refusal(&error, result, what),
                    }
                }
                check_as_1_1(exchange, result, &value, &mut seen);
            }
            Err(why) => {
                odd += 1;
                let known = ODD_REQUESTS.iter().any(|(server, method, odd, _)| {
                    what.starts_with(server) && exchange.method.starts_with(method) && *odd == why
                });
                assert!(known, "{what}: answered, and no operation can ask it ({why:?})");
            }
        }
    }
    println!("{results} results, {errors} errors, {odd} answers to odd requests, {unanswered} unanswered");
    assert!(results > 3000 && errors > 1000 && odd < 50 && unanswered < 50, "the recordings are not what they were");
    seen.check();
}

/// What the operation writes is what was recorded. On a version that lacks the method, something else is written or
/// nothing at all, whether or not the server went beyond the version and answered.
fn check_request(case: &Case, exchange: &Exchange) {
    let what = &exchange.what;
    let method = METHODS.iter().find(|method| method.name == exchange.method);
    if case.name != "Raw" && method.is_some_and(|method| !method.is_in(exchange.version)) {
        assert_ne!(case.method.as_ref().ok(), Some(&exchange.method), "{what}");
        return;
    }
    match &case.method {
        Ok(method) => {
            assert_eq!(method, &exchange.method, "{what}");
            assert_eq!(&case.params, &exchange.params, "{what}");
        }
        // The version has the method, but not yet what the operation needs of it.
        Err(refused) => assert!(refused.available.contains(&exchange.method), "{what}: {refused}"),
    }
}

/// No recorded server speaks 1.1. What it writes as 1.2 does is read from the recordings of 1.2.
fn check_as_1_1(exchange: &Exchange, result: RawJson<'_>, value: &Value, seen: &mut coverage::Seen) {
    if exchange.version != ProtocolVersion::V1_2 {
        return;
    }
    let older = Exchange { version: ProtocolVersion::V1_1, ..exchange.clone() };
    for case in operations::cases(&older).iter().flatten() {
        if !case.respelled && case.method.as_ref().is_ok_and(|method| *method == older.method) {
            assert_eq!(case.params, older.params, "{}", older.what);
            (case.check)(older.version, result, Some(value)).unwrap();
            seen.as_older(case, &older);
        }
    }
}

fn check_refusal(error: &DecodeError, result: RawJson<'_>, what: &str) {
    let known = WRONG_RESULTS.iter().any(|(request, wrong, place, words)| {
        what.starts_with(request) && result.as_str() == *wrong && error.place() == *place && error.what() == *words
    });
    assert!(known, "{what}: {error}: {}", result.as_str());
}
