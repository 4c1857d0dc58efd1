//! Answers `server.version` as each family does.

use crate::family::{Dialect, Failure, Profile, Version, libbitcoin, python};
use crate::json::Json;
use crate::session::rpc::Params;

/// The answer to `server.version`.
#[derive(Debug)]
pub(super) enum Agreement {
    /// The version from now on, and its text in the answer.
    Version(Version, String),
    /// No common version, or none that can be read.
    Refused(Failure),
    /// The call itself was wrong; the connection goes on without a version.
    Wrong(Failure),
    /// The connection is closed without an answer.
    Close,
}

/// Returns the answer of a family to the parameters of `server.version`.
pub(super) fn negotiate(profile: &Profile, params: &Params) -> Agreement {
    match profile.dialect {
        Dialect::Python => python(profile, params),
        Dialect::Fulcrum => fulcrum(profile, params),
        Dialect::Electrs => electrs(profile, params),
        Dialect::Esplora => match params {
            Params::Named(_) => Agreement::Close,
            _ => agreed(profile.protocol_max.clone()),
        },
        Dialect::Libbitcoin => libbitcoin_4(profile, params),
    }
}

fn agreed(version: Version) -> Agreement {
    let words = version.to_string();
    Agreement::Version(version, words)
}

/// Returns the ends of the range asked for: the elements of an array of two, else the value twice.
fn ends(asked: &Json) -> (&Json, &Json) {
    match asked {
        Json::Array(ends) if ends.len() == 2 => (&ends[0], &ends[1]),
        single => (single, single),
    }
}

/// Compares tuples, not numbers: (1, 7) comes before (1, 7, 0), so 1.7 is answered with "1.7" and 9.9
/// with "1.7.0". What cannot be read counts as (0,).
fn python(profile: &Profile, params: &Params) -> Agreement {
    // From 1.20 on more arguments than the two are ignored, named ones too.
    let ignores_extra = profile.protocol_max.at_least(&[1, 6]);
    if !ignores_extra {
        if let Err(problem) = params.bind(&["client_name", "protocol_version"], 0, true) {
            return match problem.verdict(profile, "server.version") {
                crate::family::Verdict::Error(failure) => Agreement::Wrong(failure),
                crate::family::Verdict::Close => Agreement::Close,
            };
        }
    }
    let asked = match params.get(1, "protocol_version") {
        None | Some(Json::Null) => return agreed(profile.protocol_min.clone()),
        Some(asked) => asked,
    };
    // Python's int() ignores spaces; up to 1.10 ElectrumX refused them.
    let trims = profile.protocol_min.at_least(&[1, 4]);
    let tuple = |end: &Json| {
        let text = end.as_text().unwrap_or_default();
        let parts = text.split('.').map(|part| if trims { part.trim() } else { part });
        let version = Version::strict(&parts.collect::<Vec<_>>().join("."));
        version.unwrap_or_else(|| Version::new(&[0]))
    };
    let (min, max) = ends(asked);
    let (client_min, client_max) = (tuple(min), tuple(max));
    let (server_min, server_max) = (&profile.protocol_min, &profile.protocol_max);
    let chosen = match client_max.components() < server_max.components() {
        true => &client_max,
        false => server_max,
    };
    let least = client_min.components().max(server_min.components());
    if chosen.components() < least {
        let message = format!("unsupported protocol version: {}", python::text(asked));
        return Agreement::Refused(Failure::new(1, message));
    }
    agreed(chosen.clone())
}

/// Accepts numbers, spaces, a leading v, a trailing dot and at most three components, and agrees to any version in
/// its range.
fn fulcrum(profile: &Profile, params: &Params) -> Agreement {
    let given = match params {
        Params::Named(_) => {
            let message = "Named params are not supported for this method";
            return Agreement::Wrong(Failure::new(-32602, message));
        }
        Params::Absent => &[][..],
        Params::Positional(given) => given,
    };
    let Some(asked) = given.get(1) else {
        return agreed(profile.protocol_min.clone());
    };
    let refused = |message: String| Agreement::Refused(Failure::new(1, message));
    let unsupported = || refused("Unsupported protocol version".to_owned());
    let (min, max) = match asked {
        Json::Array(ends) if ends.len() == 2 => (&ends[0], &ends[1]),
        Json::Array(_) => return unsupported(),
        single => (single, single),
    };
    let is_range = matches!(asked, Json::Array(_));
    let (client_min, client_max) = match (fulcrum_version(min), fulcrum_version(max)) {
        (Some(client_min), Some(client_max)) if client_min.compare(&client_max).is_le() => (client_min, client_max),
        _ if is_range => {
            let (min, max) = (plain_text(min), plain_text(max));
            return refused(format!("Bad version tuple: {min}, {max}"));
        }
        _ => return unsupported(),
    };
    let (server_min, server_max) = (&profile.protocol_min, &profile.protocol_max);
    if client_min.compare(server_max).is_gt() || client_max.compare(server_min).is_lt() {
        return unsupported();
    }
    agreed(if client_max.compare(server_max).is_lt() { client_max } else { server_max.clone() })
}

fn fulcrum_version(end: &Json) -> Option<Version> {
    let text = plain_text(end);
    let text = text.trim().trim_start_matches('v').trim_end_matches('.');
    let version = Version::strict(text)?;
    let mut three = version.components().to_vec();
    three.resize(3, 0);
    if three[2] == 0 {
        three.pop();
    }
    Some(Version::new(&three))
}

fn plain_text(value: &Json) -> String {
    match value {
        Json::Text(text) | Json::Number(text) => text.clone(),
        _ => String::new(),
    }
}

/// Accepts exactly a name and a version or a pair of versions, all strings. Compares lists, so 1.4.0 is above 1.4.
fn electrs(profile: &Profile, params: &Params) -> Agreement {
    let invalid = || Agreement::Wrong(Failure::new(-32602, "invalid params"));
    let Params::Positional(given) = params else {
        return invalid();
    };
    let [Json::Text(client), asked] = &given[..] else {
        return invalid();
    };
    let (min, max) = ends(asked);
    let (Json::Text(min), Json::Text(max)) = (min, max) else {
        return invalid();
    };
    let server = profile.protocol_max.components();
    let fits = match (Version::strict(min), Version::strict(max)) {
        (Some(min), Some(max)) => min.components() <= server && server <= max.components(),
        _ => false,
    };
    if fits {
        return agreed(profile.protocol_max.clone());
    }
    let asked = match asked {
        Json::Array(_) => format!("MinMax({min:?}, {max:?})"),
        _ => format!("Single({min:?})"),
    };
    Agreement::Refused(Failure::new(1, format!("unsupported request {asked} by {client}")))
}

/// Chooses the highest version that it knows in both ranges.
fn libbitcoin_4(profile: &Profile, params: &Params) -> Agreement {
    const KNOWN: [&[u64]; 9] = [&[1, 0], &[1, 1], &[1, 2], &[1, 3], &[1, 4], &[1, 4, 1], &[1, 4, 2], &[1, 6], &[1, 7]];
    const LONGEST_NAME: usize = 1024;
    let refused = || Agreement::Refused(libbitcoin(19));
    if params.bind(&["client_name", "protocol_version"], 1, true).is_err() {
        return Agreement::Close;
    }
    match params.get(0, "client_name") {
        Some(Json::Text(name)) if name.len() <= LONGEST_NAME => {}
        Some(Json::Text(_)) => return refused(),
        _ => return Agreement::Close,
    }
    let asked = match params.get(1, "protocol_version") {
        None => return agreed(profile.protocol_max.clone()),
        Some(Json::Null) => return Agreement::Close,
        Some(asked) => asked,
    };
    let (min, max) = ends(asked);
    let version = |end: &Json| end.as_text().and_then(Version::strict);
    let (Some(client_min), Some(client_max)) = (version(min), version(max)) else {
        return refused();
    };
    let chosen = KNOWN
        .iter()
        .rev()
        .map(|known| Version::new(known))
        .find(|known| known.compare(&client_max).is_le() && known.compare(&profile.protocol_max).is_le());
    match chosen {
        Some(chosen) if chosen.compare(&client_min).is_ge() && chosen.compare(&profile.protocol_min).is_ge() => {
            agreed(chosen)
        }
        _ => refused(),
    }
}
