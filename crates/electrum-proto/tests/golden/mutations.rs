//! Recorded results, damaged in every way: decoding refuses or accepts them, and never panics.

use electrum_proto::json::{Message, RawJson};
use proptest::prelude::*;

use crate::{operations, recording};

/// Places are fractions of the length.
#[derive(Clone, Debug)]
enum Damage {
    Cut(f64),
    Put(f64, &'static str),
    Drop(f64, f64),
    Twice(f64, f64),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || 0.0..1.0;
    let pieces = [
        "",
        "\"",
        "\\",
        "\\u0041",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "-",
        "0",
        "9",
        ".",
        "e",
        "E+5",
        "null",
        "true",
        " ",
        "\n",
        "-1",
        "1e999999999999",
        "18446744073709551616",
        "9223372036854775808",
        "é",
        "\u{0}",
    ];
    prop_oneof![
        place().prop_map(Damage::Cut),
        (place(), prop::sample::select(pieces.to_vec())).prop_map(|(at, piece)| Damage::Put(at, piece)),
        (place(), 0.0..0.1).prop_map(|(at, length)| Damage::Drop(at, length)),
        (place(), 0.0..0.1).prop_map(|(at, length)| Damage::Twice(at, length)),
    ]
}

fn index(text: &str, fraction: f64) -> usize {
    let mut index = (text.len() as f64 * fraction) as usize;
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

fn apply(text: &mut String, damage: &Damage) {
    match *damage {
        Damage::Cut(at) => text.truncate(index(text, at)),
        Damage::Put(at, piece) => text.insert_str(index(text, at), piece),
        Damage::Drop(at, length) => {
            let range = index(text, at)..index(text, (at + length).min(1.0));
            text.replace_range(range, "");
        }
        Damage::Twice(at, length) => {
            let piece = text[index(text, at)..index(text, (at + length).min(1.0))].to_owned();
            text.insert_str(index(text, at), &piece);
        }
    }
}

#[test]
fn damaged_results_never_panic() {
    let recordings = recording::all();
    let exchanges: Vec<_> = recordings
        .iter()
        .flat_map(|recording| &recording.scenarios)
        .flat_map(|scenario| &scenario.exchanges)
        .filter_map(|exchange| Some((exchange, operations::cases(exchange).ok()?, exchange.reply.as_deref()?)))
        .filter_map(|(exchange, cases, reply)| match Message::parse(reply.as_bytes()) {
            Ok(Message::Reply { outcome: Ok(result), .. }) => Some((exchange, cases, result.as_str())),
            _ => None,
        })
        .collect();
    let config = ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() };
    let damaged = (0..exchanges.len(), prop::collection::vec(damage(), 1..4));
    proptest!(config, |((which, damages) in damaged)| {
        let (exchange, cases, result) = &exchanges[which];
        let mut text = (*result).to_owned();
        for damage in &damages {
            apply(&mut text, damage);
        }
        for case in cases {
            // Refused or not: what matters is that it comes back.
            let _ = (case.check)(exchange.version, RawJson::new(&text), None);
        }
    });
}
