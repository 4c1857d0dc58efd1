//! A reader that walks one JSON text front to back, once, for results whose shape is known.
//!
//! It borrows from the text, never recurses, and says of every refusal where in the value it stood:
//! the keys and indexes that [`Reader::object`] and [`Reader::array`] pass through become the place of the error.

mod scalars;
#[cfg(test)]
mod tests;

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::raw::{DecodeError, RawJson};
use super::scan::quote_or_backslash;

/// The result of reading a value.
pub(crate) type Read<T> = Result<T, DecodeError>;

/// How deeply values may be nested that are skipped.
const MAX_DEPTH: u32 = u128::BITS;

/// Reads the values of one JSON text in the order in which they stand there.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

/// Reads the whole of `json` with `read`; whatever follows the value is refused.
pub(crate) fn read<'a, T>(json: RawJson<'a>, read: impl FnOnce(&mut Reader<'a>) -> Read<T>) -> Read<T> {
    let mut reader = Reader { text: json.as_str().as_bytes(), at: 0 };
    let value = read(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Returns the value of a required key, or the error that it is missing.
pub(crate) fn required<T>(value: Option<T>, key: &str) -> Read<T> {
    value.ok_or_else(|| DecodeError::new(key, "it is missing"))
}

impl<'a> Reader<'a> {
    /// Returns how many bytes are left to read.
    pub(crate) fn remaining(&self) -> usize {
        self.text.len() - self.at
    }

    /// Returns the first byte of the next token without stepping over it.
    #[inline]
    pub(crate) fn peek(&mut self) -> Read<u8> {
        match self.text.get(self.at) {
            Some(&byte) if byte > b' ' => Ok(byte),
            _ => self.peek_after_space(),
        }
    }

    fn peek_after_space(&mut self) -> Read<u8> {
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Ok(byte),
            }
        }
        Err(wrong("the JSON text ends too early"))
    }

    /// Reads an object: calls `member` for each key, which must read or [`skip`](Self::skip) its value.
    pub(crate) fn object(&mut self, mut member: impl FnMut(&mut Self, &[u8]) -> Read<()>) -> Read<()> {
        self.open(b'{', "an object")?;
        if self.close(b'}')? {
            return Ok(());
        }
        loop {
            let escaped;
            let key = match self.plain_key() {
                Some(key) => key,
                None => {
                    escaped = self.key()?;
                    &*escaped
                }
            };
            if let Err(error) = member(self, key) {
                return Err(error.within(&shown(key)));
            }
            if !self.more(b'}')? {
                return Ok(());
            }
        }
    }

    /// Reads an array: calls `element` for each element with its index.
    pub(crate) fn array(&mut self, mut element: impl FnMut(&mut Self, usize) -> Read<()>) -> Read<()> {
        self.open(b'[', "an array")?;
        if self.close(b']')? {
            return Ok(());
        }
        for index in 0.. {
            if let Err(error) = element(self, index) {
                return Err(error.within(&format!("[{index}]")));
            }
            if !self.more(b']')? {
                break;
            }
        }
        Ok(())
    }

    /// Reads an array of at most so many elements, for those that are small on the wire and large in memory: a longer one is
    /// not read to its end.
    pub(crate) fn short_array(&mut self, most: usize, mut element: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.array(|reader, index| if index < most { element(reader) } else { Err(too_many(most)) })
    }

    /// Reads the next value with `value`; returns `None` if it fails, unless what comes next is no JSON.
    pub(crate) fn lenient<T>(&mut self, value: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        let start = self.at;
        if let Ok(value) = value(self) {
            return Ok(Some(value));
        }
        self.at = start;
        self.skip().map(|_| None)
    }

    /// Steps over the next value, whatever it is, and returns its text. The inside of strings is not checked.
    pub(crate) fn skip(&mut self) -> Read<&'a [u8]> {
        self.peek()?;
        let start = self.at;
        // One bit for each open bracket, the innermost lowest: whether it is an object.
        let (mut objects, mut depth): (u128, u32) = (0, 0);
        loop {
            match self.peek()? {
                opening @ (b'{' | b'[') => {
                    self.at += 1;
                    let object = opening == b'{';
                    if !self.close(if object { b'}' } else { b']' })? {
                        if depth == MAX_DEPTH {
                            return Err(wrong("the JSON text is nested too deeply"));
                        }
                        depth += 1;
                        objects = (objects << 1) | u128::from(object);
                        if object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => self.skip_string().map(drop)?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => self.number().map(drop)?,
            }
            // A value has ended; close what ends with it.
            loop {
                if depth == 0 {
                    return Ok(&self.text[start..self.at]);
                }
                let object = objects & 1 == 1;
                if self.more(if object { b'}' } else { b']' })? {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                depth -= 1;
                objects >>= 1;
            }
        }
    }

    fn end(&self) -> Read<()> {
        let rest = &self.text[self.at..];
        if rest.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            return Ok(());
        }
        Err(wrong("something follows the JSON value"))
    }

    fn open(&mut self, bracket: u8, what: &str) -> Read<()> {
        match self.peek()? {
            found if found == bracket => {
                self.at += 1;
                Ok(())
            }
            other => Err(mismatch(what, other)),
        }
    }

    /// Steps over `bracket` if it comes next.
    fn close(&mut self, bracket: u8) -> Read<bool> {
        let closes = self.peek()? == bracket;
        self.at += usize::from(closes);
        Ok(closes)
    }

    /// Steps over a comma, after which more must come, or over the closing `bracket`.
    #[inline]
    fn more(&mut self, bracket: u8) -> Read<bool> {
        let next = self.peek()?;
        self.at += 1;
        match next {
            b',' => Ok(true),
            next if next == bracket => Ok(false),
            _ => Err(wrong(format_args!("no comma and no {:?} after a value", char::from(bracket)))),
        }
    }

    /// Reads a key without escapes and the colon right after it, as most are written; otherwise reads nothing.
    #[inline(always)]
    fn plain_key(&mut self) -> Option<&'a [u8]> {
        self.peek().ok()?;
        let rest = self.text.get(self.at..)?.strip_prefix(b"\"")?;
        let length = quote_or_backslash(rest)?;
        let key = &rest[..length];
        if !rest[length..].starts_with(b"\":") {
            return None;
        }
        self.at += length + 3;
        Some(key)
    }

    /// Reads a key and the colon after it.
    fn key(&mut self) -> Read<Cow<'a, [u8]>> {
        let key = self.string_bytes()?;
        match self.peek()? {
            b':' => {
                self.at += 1;
                Ok(key)
            }
            _ => Err(wrong("no colon after a key")),
        }
    }
}

/// Makes an error whose place the surrounding objects and arrays add.
#[cold]
pub(crate) fn wrong(what: impl fmt::Display) -> DecodeError {
    DecodeError::new("", what)
}

/// Makes the error that a list has more items than are accepted.
#[cold]
pub(crate) fn too_many(most: usize) -> DecodeError {
    wrong(format_args!("there are more than {most}"))
}

#[cold]
fn mismatch(expected: &str, found: u8) -> DecodeError {
    let found = match found {
        b'{' => "an object",
        b'[' => "an array",
        b'"' => "a string",
        b't' | b'f' => "a truth value",
        b'n' => "null",
        b'-' | b'0'..=b'9' => "a number",
        _ => "something that is no JSON value",
    };
    wrong(format_args!("{found} where {expected} should be"))
}

/// Returns a number or a key for an error text, shortened if it is long.
pub(crate) fn shown(number: &[u8]) -> String {
    match number {
        [start @ .., _] if start.len() >= 40 => format!("{}…", String::from_utf8_lossy(&start[..40])),
        number => String::from_utf8_lossy(number).to_string(),
    }
}
