//! What the reader takes and what it refuses.

use alloc::format;

use super::super::RawJson;
use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;

fn text(text: &str) -> RawJson<'_> {
    RawJson::new(text)
}

#[test]
fn an_object_with_its_keys_in_any_spelling() {
    for json in [
        r#"{"a":1,"b":[2,3]}"#,
        " { \"a\" : 1 ,\r\n\t\"b\" : [ 2 , 3 ] } ",
        r#"{"\u0061":1,"\u0062":[2,3]}"#,
        r#"{"x":{"a":[5,{}],"y":"}\"]"},"a":1,"z":[],"b":[2,3]}"#,
    ] {
        let (mut a, mut b) = (None, Vec::new());
        let found = read(text(json), |reader| {
            reader.object(|reader, key| {
                match key {
                    b"a" => a = Some(reader.integer()?),
                    b"b" => reader.array(|reader, _| reader.u32().map(|value| b.push(value)))?,
                    _ => drop(reader.skip()?),
                }
                Ok(())
            })
        });
        assert_eq!((found, a, b), (Ok(()), Some(1), [2, 3].to_vec()), "{json}");
    }
}

#[test]
fn strings_with_escapes_and_without() {
    for (json, value) in
        [(r#""""#, ""), (r#""aé""#, "aé"), (r#""\"\\\u00e9\n""#, "\"\\é\n"), (r#""\ud83d\ude00""#, "😀")]
    {
        assert_eq!(read(text(json), Reader::string).as_deref(), Ok(value), "{json}");
    }
    for json in ["\"", "\"\\\"", "\"\\", r#""\x""#, r#""\ud83d""#, "5", ""] {
        assert!(read(text(json), Reader::string).is_err(), "{json}");
    }
    // A hash may be spelled with escapes, though no server does so.
    let digits = "ab".repeat(32);
    for json in [format!("\"{digits}\""), format!("\"\\u0061{}\"", &digits[1..])] {
        assert_eq!(read(text(&json), Reader::hash), Ok([0xab; 32]), "{json}");
    }
}

#[test]
fn integers_to_the_limits() {
    for (json, value) in [
        ("0", 0),
        ("-0", 0),
        ("-1", -1),
        ("999999999999999999", 999_999_999_999_999_999),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ] {
        assert_eq!(read(text(json), Reader::integer), Ok(value), "{json}");
    }
    for json in [
        "9223372036854775808",
        "-9223372036854775809",
        "0999999999999999999",
        "01",
        "-",
        "+1",
        "1.0",
        "1e2",
        "1.",
        "",
        "0x1",
        "1 2",
    ] {
        assert!(read(text(json), Reader::integer).is_err(), "{json}");
    }
}

#[test]
fn skipping_ends_where_the_value_ends_and_only_there() {
    let deep = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    assert_eq!(read(text(&deep), Reader::skip), Ok(deep.as_bytes()));
    assert!(read(text(&format!("[{deep}]")), Reader::skip).is_err());
    for json in
        ["[1,]", "[,]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1}", "{\"a\":1]", "tru", "nul", "[1 2]", "\"", "]", ","]
    {
        assert!(read(text(json), Reader::skip).is_err(), "{json}");
    }
}

proptest! {
    #[test]
    fn skips_what_serde_json_reads(value in any_json()) {
        for json in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert_eq!(read(text(&json), Reader::skip), Ok(json.as_bytes()));
        }
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
