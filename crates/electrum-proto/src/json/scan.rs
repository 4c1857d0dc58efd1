//! Finding where JSON values begin and end, in one pass, without recursion and without copying.
//!
//! The scanner follows quotes and brackets only. What stands between them is checked by whoever decodes the value.

use memchr::memchr2;

/// A text that ends too early, or has something else where a value, a comma or a bracket must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// The position behind spaces, tabs and line ends from `at` on.
#[inline]
pub(crate) fn skip_space(text: &[u8], at: usize) -> usize {
    // Most often there is none.
    if matches!(text.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) { skip_spaces(text, at + 1) } else { at }
}

fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    // Servers that pad put thousands of spaces in one place.
    const RUN: [u8; 32] = [b' '; 32];
    while text.get(at..at + RUN.len()).is_some_and(|run| run == RUN) {
        at += RUN.len();
    }
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The position behind the value that begins at `at`.
pub(crate) fn skip_value(text: &[u8], at: usize) -> Result<usize, Broken> {
    match text.get(at).ok_or(Broken)? {
        b'"' => skip_string(text, at),
        b'{' | b'[' => skip_nested(text, at),
        b'}' | b']' | b',' | b':' => Err(Broken),
        _ => Ok(skip_plain(text, at)),
    }
}

/// The position behind the key whose opening quote stands at `at`. Keys are short, so a plain loop is quicker than
/// a vector search.
#[inline]
pub(crate) fn skip_key(text: &[u8], at: usize) -> Result<usize, Broken> {
    let inside = text.get(at + 1..).ok_or(Broken)?;
    match inside.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        Some(length) if inside[length] == b'"' => Ok(at + length + 2),
        _ => skip_string(text, at),
    }
}

/// The position behind the string whose opening quote stands at `at`.
pub(crate) fn skip_string(text: &[u8], at: usize) -> Result<usize, Broken> {
    let mut at = at + 1;
    loop {
        let rest = text.get(at..).ok_or(Broken)?;
        let found = at + memchr2(b'"', b'\\', rest).ok_or(Broken)?;
        if text[found] == b'"' {
            return Ok(found + 1);
        }
        at = found + 2;
    }
}

/// The position behind the object or array that opens at `at`.
fn skip_nested(text: &[u8], mut at: usize) -> Result<usize, Broken> {
    let mut depth = 0_usize;
    loop {
        match text.get(at).ok_or(Broken)? {
            b'"' => {
                at = skip_string(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at + 1);
                }
            }
            b' ' => {
                at = skip_space(text, at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// The position behind a number, `true`, `false` or `null`.
fn skip_plain(text: &[u8], at: usize) -> usize {
    let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | b':' | b'"');
    text[at..].iter().position(ends).map_or(text.len(), |length| at + length)
}
