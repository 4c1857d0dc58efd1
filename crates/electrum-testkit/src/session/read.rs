//! Reads lines as each family does.

use super::rpc::{Call, Habits, Message, Params, Unit};
use crate::family::{Dialect, Failure, Profile, python as py};
use crate::json::{Json, Leniency, parse};

/// Reads a line.
pub(super) fn read(profile: &Profile, habits: &mut Habits, line: &[u8]) -> Message {
    match profile.dialect {
        Dialect::Python => python(profile, habits, line),
        Dialect::Fulcrum => fulcrum(line),
        Dialect::Electrs => electrs(line),
        Dialect::Esplora => esplora(line),
        Dialect::Libbitcoin => libbitcoin(line),
    }
}

fn python(profile: &Profile, habits: &mut Habits, line: &[u8]) -> Message {
    // 1.10 closes the connection if it cannot read the JSON.
    let unreadable = |words: &str| {
        let failure = Failure::new(-32700, words);
        Message::Single(match profile.protocol_min.at_least(&[1, 4]) {
            true => Unit::Bad(failure, Json::Null),
            false => Unit::Fatal(failure),
        })
    };
    let Ok(text) = std::str::from_utf8(line) else {
        return unreadable("messages must be encoded in UTF-8");
    };
    let Ok(json) = parse(text, Leniency::Python) else {
        return unreadable("invalid JSON");
    };
    let units = match json {
        Json::Array(items) if items.is_empty() => {
            return Message::Single(bad(-32600, "batch is empty", Json::Null));
        }
        Json::Array(items) => items,
        single => {
            let nameless = matches!(&single, Json::Object(_)) && single.get("method").is_none();
            return Message::Single(match nameless {
                true => Unit::Ignored,
                false => python_unit(habits, single),
            });
        }
    };
    let units: Vec<_> = units.into_iter().map(|item| python_unit(habits, item)).collect();
    // Elements that are no calls are answered first.
    let (wrong, right): (Vec<_>, Vec<_>) = units.into_iter().partition(|unit| matches!(unit, Unit::Bad(..)));
    Message::Batch(wrong.into_iter().chain(right).collect())
}

fn python_unit(habits: &mut Habits, item: Json) -> Unit {
    let Json::Object(_) = &item else {
        return bad(-32600, "request object must be a dictionary", Json::Null);
    };
    let id = match item.get("id") {
        None | Some(Json::Null) => None,
        Some(id @ (Json::Array(_) | Json::Object(_))) => {
            return bad(-32600, &format!("invalid \"id\": {}", py::repr(id)), Json::Null);
        }
        Some(Json::Number(digits)) if digits.parse::<f64>().is_ok_and(f64::is_infinite) => {
            Some(Json::number("Infinity"))
        }
        Some(id) => Some(id.clone()),
    };
    let marked = item.get("jsonrpc") == Some(&Json::from("2.0"));
    if *habits.marked.get_or_insert(marked) && !marked {
        return bad(-32600, "\"jsonrpc\" is not \"2.0\"", id.unwrap_or(Json::Null));
    }
    let method = match item.get("method") {
        None => return Unit::Ignored,
        Some(Json::Text(method)) => method.clone(),
        Some(_) => return answer(id, -32601, "method must be a string".to_owned()),
    };
    let params = match params(&item) {
        Ok(params) => params,
        Err(other) => return answer(id, -32602, format!("invalid request arguments: {}", py::text(other))),
    };
    Unit::Call(Call { id, method, params, legacy: false })
}

/// Returns an error for a call with an id; one without is ignored.
fn answer(id: Option<Json>, code: i64, message: String) -> Unit {
    id.map_or(Unit::Ignored, |id| bad(code, &message, id))
}

fn fulcrum(line: &[u8]) -> Message {
    // Numbers that do not fit into 64 bits are refused too.
    let Some(json) = strict(line).filter(|json| all_numbers(json, fits_64_bits)) else {
        return Message::Single(bad(-32700, &fulcrum_unreadable(line), Json::Null));
    };
    match json {
        Json::Array(items) if !items.is_empty() => Message::Batch(items.into_iter().map(fulcrum_unit).collect()),
        single => Message::Single(fulcrum_unit(single)),
    }
}

fn fulcrum_unit(item: Json) -> Unit {
    let Json::Object(members) = &item else {
        return bad(-32600, "Invalid request", Json::Null);
    };
    let id = match fulcrum_id(item.get("id")) {
        Ok(id) => id,
        Err(why) => {
            let message = format!("Error parsing JSON key \"id\": {why}");
            return bad(-32600, &message, Json::Null);
        }
    };
    let shown = id.clone().unwrap_or(Json::Null);
    let method = match item.get("method") {
        Some(Json::Text(method)) => method.clone(),
        Some(_) => return bad(-32600, "Invalid method", shown),
        None if item.get("error").is_some() => {
            return Unit::Fatal(Failure::new(-32600, "Not a valid request object"));
        }
        None if item.get("result").is_some() => {
            let message = format!("Unexpected response (id: {})", py::text(&shown));
            return bad(-31999, &message, shown);
        }
        None => return bad(-32600, "Invalid JSON RPC object", shown),
    };
    let known = ["jsonrpc", "id", "method", "params"];
    if members.iter().any(|(name, _)| !known.contains(&&name[..])) {
        return bad(-32600, "Invalid request", shown);
    }
    let Ok(params) = params(&item) else { return bad(-32600, "Invalid params", shown) };
    Unit::Call(Call { id, method, params, legacy: false })
}

fn fulcrum_id(id: Option<&Json>) -> Result<Option<Json>, &'static str> {
    match id {
        None => Ok(None),
        Some(id @ (Json::Text(_) | Json::Null)) => Ok(Some(id.clone())),
        Some(Json::Bool(_)) => Err("Booleans are not supported"),
        Some(Json::Number(digits)) => whole(digits).map(Some),
        Some(_) => Err(FULCRUM_ID),
    }
}

const FULCRUM_ID: &str = "Expected a string, a non-fractional number, or null";

fn whole(digits: &str) -> Result<Json, &'static str> {
    if let Ok(n) = digits.parse::<i64>() {
        return Ok(n.into());
    }
    if digits.parse::<u64>().is_ok() {
        return Err("Unable to convert to int64 from qulong/qulonglong");
    }
    match digits.parse::<f64>() {
        Ok(n) if n.fract() == 0.0 && n.abs() < 9e15 => Ok((n as i64).into()),
        _ => Err(FULCRUM_ID),
    }
}

fn fits_64_bits(digits: &str) -> bool {
    match digits.contains(['.', 'e', 'E']) {
        true => fits_f64(digits),
        false => digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok(),
    }
}

/// Quotes the first 80 bytes of the line, its end included, with `?` for what is not printable.
fn fulcrum_unreadable(line: &[u8]) -> String {
    const QUOTED: usize = 80;
    let whole = [line, b"\n"].concat();
    let printable = |b: &u8| {
        if (b' '..=b'~').contains(b) { char::from(*b) } else { '?' }
    };
    let mut quoted: String = whole.iter().take(QUOTED).map(printable).collect();
    if whole.len() > QUOTED {
        quoted.push_str("...");
    }
    format!("Failed to parse Json from string: {quoted}")
}

fn electrs(line: &[u8]) -> Message {
    let Ok(text) = std::str::from_utf8(line) else {
        return Message::Dead;
    };
    let Some(json) = parse(text, Leniency::Strict).ok().filter(|json| all_numbers(json, fits_f64)) else {
        return Message::Single(bad(-32700, "parse error", Json::Null));
    };
    let invalid = || Message::Single(bad(-32600, "invalid request", Json::Null));
    match json {
        // One bad element makes the whole batch invalid.
        Json::Array(items) => match items.iter().map(electrs_call).collect::<Option<Vec<_>>>() {
            Some(calls) => Message::Batch(calls.into_iter().map(Unit::Call).collect()),
            None => invalid(),
        },
        single => electrs_call(&single).map_or_else(invalid, |call| Message::Single(Unit::Call(call))),
    }
}

fn fits_f64(digits: &str) -> bool {
    digits.parse::<f64>().is_ok_and(f64::is_finite)
}

fn electrs_call(item: &Json) -> Option<Call> {
    serde_call(item, "e+")
}

/// Reads a call as serde_json does: an id that does not fit into 64 bits becomes a float.
fn serde_call(item: &Json, exponent: &str) -> Option<Call> {
    let id = match item.get("id")? {
        Json::Number(digits) if !digits.contains(['.', 'e', 'E']) && digits.parse::<u64>().is_err() => {
            match digits.parse::<i64>() {
                Ok(n) => n.into(),
                Err(_) => Json::number(format!("{:e}", digits.parse::<f64>().ok()?).replace('e', exponent)),
            }
        }
        id => id.clone(),
    };
    let method = item.get("method")?.as_text()?.to_owned();
    let params = params(item).unwrap_or_else(|other| Params::Positional(vec![other.clone()]));
    Some(Call { id: Some(id), method, params, legacy: false })
}

/// Reads a call; anything else closes the connection.
fn esplora(line: &[u8]) -> Message {
    let json = strict(line).filter(|json| all_numbers(json, fits_f64));
    let positional = |json: &Json| matches!(json.get("params"), None | Some(Json::Array(_)));
    let call = json.filter(positional).and_then(|json| serde_call(&json, "e"));
    call.map_or(Message::Close, |call| Message::Single(Unit::Call(call)))
}

fn libbitcoin(line: &[u8]) -> Message {
    if line.trim_ascii().is_empty() {
        return Message::Single(Unit::Ignored);
    }
    match strict(line) {
        Some(Json::Array(items)) if !items.is_empty() => {
            let calls = items.iter().map(libbitcoin_call);
            let calls = calls.map(|call| call.filter(|call| !call.legacy)).collect::<Option<Vec<_>>>();
            calls.map_or(Message::Close, |calls| Message::Batch(calls.into_iter().map(Unit::Call).collect()))
        }
        Some(single) => libbitcoin_call(&single).map_or(Message::Close, |call| Message::Single(Unit::Call(call))),
        None => Message::Close,
    }
}

/// Reads a call. Without the marker of 2.0 it is one of 1.0, which must have an id and an array of parameters.
fn libbitcoin_call(item: &Json) -> Option<Call> {
    let legacy = match item.get("jsonrpc") {
        None => true,
        Some(Json::Text(marker)) => marker != "2.0",
        Some(_) => return None,
    };
    let id = match item.get("id") {
        None if legacy => return None,
        None => None,
        Some(Json::Number(digits)) => Some(whole(digits).ok()?),
        Some(id @ (Json::Text(_) | Json::Null)) => Some(id.clone()),
        Some(_) => return None,
    };
    let method = item.get("method")?.as_text()?.to_owned();
    let params = match params(item) {
        Ok(params @ Params::Positional(_)) => params,
        Ok(params) if !legacy => params,
        Err(other) if !legacy && *other != Json::Null => Params::Positional(vec![other.clone()]),
        _ => return None,
    };
    Some(Call { id, method, params, legacy })
}

/// Returns the parameters of a request, or the value that cannot be parameters.
fn params(item: &Json) -> Result<Params, &Json> {
    match item.get("params") {
        None => Ok(Params::Absent),
        Some(Json::Array(values)) => Ok(Params::Positional(values.clone())),
        Some(Json::Object(members)) => Ok(Params::Named(members.clone())),
        Some(other) => Err(other),
    }
}

fn strict(line: &[u8]) -> Option<Json> {
    parse(std::str::from_utf8(line).ok()?, Leniency::Strict).ok()
}

/// Whether the digits of every number in a value pass this check.
fn all_numbers(json: &Json, fits: fn(&str) -> bool) -> bool {
    match json {
        Json::Number(digits) => fits(digits),
        Json::Array(items) => items.iter().all(|item| all_numbers(item, fits)),
        Json::Object(members) => members.iter().all(|(_, value)| all_numbers(value, fits)),
        _ => true,
    }
}

fn bad(code: i64, message: &str, id: Json) -> Unit {
    Unit::Bad(Failure::new(code, message), id)
}
