//! Servers whose messages answer nothing, or not what was asked.

use std::time::Duration;

use super::entry::{Ask, Entry, Expect, NO_JSON_ARRAY, RIGHT, Timeout, entry, line, once, right};
use crate::scripted::Step;

const TOO_MANY: Expect = Expect::Dropped("malformed", "too many replies that answer no request");
const NO_OBJECT: Expect = Expect::Dropped("malformed", "it is no JSON object");
const TIMED_OUT: Expect = Expect::Error("did not answer in time");
const LIE: &str = r#"{"confirmed":1,"unconfirmed":1}"#;

pub(super) const ALL: &[Entry] = &[
    entry("unknown_ids", "answers 900 requests that were never made, then the one that was", Expect::Answer, || {
        once([lies((1_000_001..1_000_901).map(|id| id.to_string())), right()])
    }),
    entry("unknown_ids_without_end", "answers two million requests that were never made", TOO_MANY, || {
        once([Step::Repeat(format!("{{\"id\":7777777,\"result\":{LIE}}}\n").repeat(1000).into_bytes(), 2000)])
    }),
    entry("odd_ids", "answers under ids of all kinds before it answers under the right one", Expect::Answer, || {
        let odd =
            ["-1", "18446744073709551616", "1e0", "2.0", "002", "true", "[2]", "{\"id\":2}", "\"\"", "1e999999999"];
        let ours = ["\"$id\"", "$id.0", "-$id", "[$id]", "$ide0"];
        let ours = ours.map(|id| Step::SendLine(format!("{{\"id\":{id},\"result\":{LIE}}}")));
        once([lies(odd.map(str::to_owned))].into_iter().chain(ours).chain([right()]))
    }),
    entry("null_id", "answers under the id null, without an id, and then rightly", Expect::Answer, || {
        let without = Step::SendLine(format!("{{\"result\":{LIE}}}"));
        once([lies(["null".to_owned()]), without, right()])
    }),
    entry("error_without_request", "answers with an error under the id null", Expect::Error("no such thing"), || {
        line(r#"{"id":null,"error":{"code":-32600,"message":"no such thing"}}"#)
    }),
    entry("repeated_reply", "answers once, and then a thousand times otherwise", Expect::Answer, || {
        let again = Step::SendText(format!("{{\"id\":$id,\"result\":{LIE}}}\n").repeat(999));
        once([right(), again])
    }),
    Entry {
        ask: Ask::BalanceTwice,
        ..entry("replies_in_advance", "answers what was not asked yet, and then what was", Expect::Answer, || {
            once([lies((3..40).map(|id| id.to_string())), right()])
        })
    },
    Entry {
        short: &[Timeout::Answer],
        ..entry("no_reply", "answers everything but the first call", TIMED_OUT, || once([]))
    },
    Entry {
        short: &[Timeout::Answer],
        ..entry("late_reply", "answers a call when the caller has given up", TIMED_OUT, || {
            let late = [Step::SendLine(format!("{{\"id\":$id,\"result\":{LIE}}}"))];
            let wait = Step::Wait(Duration::from_millis(1500));
            once([wait].into_iter().chain(late))
        })
    },
    entry("error_as_string", "gives its error as a bare string", Expect::Error("go away"), || {
        line(r#"{"id":$id,"error":"go away"}"#)
    }),
    entry("error_as_number", "gives its error as a number", Expect::Error("1e999999999"), || {
        line(r#"{"id":$id,"error":1e999999999}"#)
    }),
    entry("error_with_odd_code", "gives its error a code beyond all numbers", Expect::Error("odd"), || {
        line(r#"{"id":$id,"error":{"code":99999999999999999999999999,"message":"odd","data":[[[]]]}}"#)
    }),
    entry("error_of_10_megabytes", "answers with an error of 10 MB", Expect::Error("so long"), || {
        line(format!("{{\"id\":$id,\"error\":{{\"code\":1,\"message\":\"so long{}\"}}}}", "!".repeat(10_000_000)))
    }),
    entry("error_with_half_a_character", "puts lone surrogates into its error", Expect::Error("ud800"), || {
        line(r#"{"id":$id,"error":{"code":1,"message":"\ud800\u0000\udc00\ud800"}}"#)
    }),
    entry("result_with_error", "answers with a result and an error at once", Expect::Error("both"), || {
        line(r#"{"id":$id,"result":$result,"error":{"code":1,"message":"both"}}"#)
    }),
    entry("result_with_null_error", "answers as in JSON-RPC 1.0, with an error that is null", Expect::Answer, || {
        line(r#"{"error":null,"result":$result,"id":$id}"#)
    }),
    entry("nothing_in_it", "answers with neither a result nor an error", EMPTY, || {
        line(r#"{"id":$id,"jsonrpc":"2.0"}"#)
    }),
    entry("key_twice", "gives two results in one answer", Expect::Dropped("malformed", "a key twice"), || {
        line(format!("{{\"id\":$id,\"result\":{LIE},\"result\":$result}}"))
    }),
    entry("requests", "makes 100 000 requests of its own before it answers", Expect::Answer, || {
        let ours = Step::SendLine(r#"{"id":$id,"method":"wallet.seed","params":[]}"#.into());
        let request = b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"wallet.send_all\",\"params\":[\"me\"]}\n";
        once([ours, Step::Repeat(request.repeat(100), 1000), right()])
    }),
    entry("array_of_one", "answers a single call with an array", Expect::Answer, || line(format!("[{RIGHT}]"))),
    entry("empty_arrays", "sends a thousand empty arrays before its answer", Expect::Answer, || {
        once([Step::send("[]\n".repeat(1000)), right()])
    }),
    entry("array_of_strangers", "answers with 100 000 replies in one array", TOO_MANY, || {
        let stranger = format!(",{{\"id\":7777777,\"result\":{LIE}}}");
        line(format!("[{RIGHT}{}]", stranger.repeat(100_000)))
    }),
    entry("array_in_an_array", "answers with an array inside an array", NO_OBJECT, || line(format!("[[{RIGHT}]]"))),
    entry("array_with_a_comma", "leaves a comma at the end of an array", NO_JSON_ARRAY, || line(format!("[{RIGHT},]"))),
    entry("bare_values", "sends JSON that is no message", NO_OBJECT, || {
        once([Step::send("42\nnull\n\"hello\"\n"), right()])
    }),
    entry("method_as_number", "names a method with a number", Expect::Dropped("malformed", "no JSON"), || {
        once([Step::send("{\"method\":5,\"params\":[]}\n"), right()])
    }),
    Entry {
        ask: Ask::Banner,
        ..entry("half_a_character", "puts a lone surrogate into a string", Expect::Error("cannot be right"), || {
            line(r#"{"id":$id,"result":"\ud800"}"#)
        })
    },
];

const EMPTY: Expect = Expect::Dropped("malformed", "neither a result, nor an error");

/// Wrong balances under these ids.
fn lies(ids: impl IntoIterator<Item = String>) -> Step {
    let lies = ids.into_iter().map(|id| format!("{{\"id\":{id},\"result\":{LIE}}}\n"));
    Step::send(lies.collect::<String>())
}
