//! Finding where JSON values begin and end, in one pass, without recursion and without copying.
//!
//! The scanner follows quotes and brackets only. What stands between them is checked when the value is decoded.

use memchr::memchr2;

/// A text that ends too early, or has something else where a value, a comma or a bracket must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// Returns the position behind spaces, tabs and line ends from `at` on.
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

/// Returns the position behind the value that begins at `at`.
pub(crate) fn skip_value(text: &[u8], at: usize) -> Result<usize, Broken> {
    match text.get(at).ok_or(Broken)? {
        b'"' => skip_string(text, at),
        b'{' | b'[' => skip_nested(text, at),
        b'}' | b']' | b',' | b':' => Err(Broken),
        _ => Ok(skip_plain(text, at)),
    }
}

/// Returns the position behind the string whose opening quote stands at `at`.
#[inline]
pub(crate) fn skip_string(text: &[u8], at: usize) -> Result<usize, Broken> {
    let mut at = at + 1;
    loop {
        let found = at + quote_or_backslash(text.get(at..).ok_or(Broken)?).ok_or(Broken)?;
        if text[found] == b'"' {
            return Ok(found + 1);
        }
        at = found + 2;
    }
}

/// Returns the position of the first quote or backslash.
///
/// Keys are short: comparing eight bytes at a time finds their end sooner than a search made for long texts, which follows
/// for the rest.
#[inline]
pub(crate) fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    /// How many bytes are searched eight at a time.
    const SHORT: usize = 16;

    /// The byte in all eight places.
    const fn eight(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    /// The high bit of the first byte that is zero, and perhaps of some after it.
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(eight(1)) & !word & eight(0x80)
    }

    let mut at = 0;
    while at < SHORT {
        let Some(chunk) = text[at..].first_chunk() else { break };
        let word = u64::from_le_bytes(*chunk);
        let found = zeros(word ^ eight(b'"')) | zeros(word ^ eight(b'\\'));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    memchr2(b'"', b'\\', &text[at..]).map(|rest| at + rest)
}

/// Returns the position behind the object or array that opens at `at`.
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
        // Most of what stands outside of strings: digits, commas and colons.
        while matches!(text.get(at), Some(b','..=b':')) {
            at += 1;
        }
    }
}

/// Returns the position behind a number, `true`, `false` or `null`.
fn skip_plain(text: &[u8], at: usize) -> usize {
    let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | b':' | b'"');
    text[at..].iter().position(ends).map_or(text.len(), |length| at + length)
}
