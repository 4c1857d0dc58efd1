//! A reader that walks one JSON text front to back, once, for results whose shape is known.
//!
//! It borrows from the text, never recurses, and says of every refusal where in the value it stood:
//! the keys and indexes that [`Reader::object`] and [`Reader::array`] pass through become the place of the error.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::hex;
use super::raw::{DecodeError, RawJson};

/// What reading gives: the value, or why the text is refused.
pub(crate) type Read<T> = Result<T, DecodeError>;

/// Values may be nested this deep in what is skipped.
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

/// The value of a key that must be there.
pub(crate) fn required<T>(value: Option<T>, key: &str) -> Read<T> {
    value.ok_or_else(|| DecodeError::new(key, "it is missing"))
}

impl<'a> Reader<'a> {
    /// How many bytes are left: a bound on what is still to come.
    pub(crate) fn remaining(&self) -> usize {
        self.text.len() - self.at
    }

    /// The first byte of the next token, which stays where it is.
    pub(crate) fn peek(&mut self) -> Read<u8> {
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Ok(byte),
            }
        }
        Err(wrong("the JSON text ends too early"))
    }

    /// An object; `member` is called for each key and must read or [`skip`](Self::skip) its value.
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
                return Err(error.within(&String::from_utf8_lossy(key)));
            }
            if !self.more(b'}')? {
                return Ok(());
            }
        }
    }

    /// An array; `element` is called for each element with its index.
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

    /// Steps over `null` if the next value is that.
    pub(crate) fn null(&mut self) -> Read<bool> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        self.literal(b"null").map(|()| true)
    }

    /// `true` or `false`.
    pub(crate) fn bool(&mut self) -> Read<bool> {
        match self.peek()? {
            b't' => self.literal(b"true").map(|()| true),
            b'f' => self.literal(b"false").map(|()| false),
            other => Err(mismatch("true or false", other)),
        }
    }

    /// A string.
    pub(crate) fn string(&mut self) -> Read<Cow<'a, str>> {
        match self.string_bytes()? {
            Cow::Borrowed(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(_) => Err(wrong("the string is not UTF-8")),
            },
            Cow::Owned(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Cow::Owned(text)),
                Err(_) => Err(wrong("the string is not UTF-8")),
            },
        }
    }

    /// The 32 bytes that a string of 64 hexadecimal digits stands for.
    #[inline]
    pub(crate) fn hash(&mut self) -> Read<[u8; 32]> {
        self.fixed_hex::<32, 66>("not a hash: 64 hexadecimal digits are")
    }

    /// The 80 bytes of a block header in hexadecimal digits.
    pub(crate) fn header(&mut self) -> Read<[u8; 80]> {
        self.fixed_hex::<80, 162>("not a block header: 160 hexadecimal digits are")
    }

    /// The digits of a string that is to be hex; decoding them is what checks them.
    pub(crate) fn hex_digits(&mut self) -> Read<Cow<'a, [u8]>> {
        self.string_bytes()
    }

    /// The text of a number, checked to be one.
    pub(crate) fn number(&mut self) -> Read<&'a [u8]> {
        let first = self.peek()?;
        if first != b'-' && !first.is_ascii_digit() {
            return Err(mismatch("a number", first));
        }
        let start = self.at;
        self.at += usize::from(first == b'-');
        let leading_zero = self.text.get(self.at) == Some(&b'0');
        let whole = self.digits();
        let mut well_formed = whole == 1 || (whole > 1 && !leading_zero);
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            well_formed &= self.digits() > 0;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            well_formed &= self.digits() > 0;
        }
        if well_formed { Ok(&self.text[start..self.at]) } else { Err(wrong("not a number as JSON writes it")) }
    }

    /// An integer, written without fraction and exponent.
    #[inline]
    pub(crate) fn integer(&mut self) -> Read<i64> {
        /// Numbers of so many digits fit, whatever the digits are.
        const SAFE: usize = 18;

        let negative = self.peek()? == b'-';
        let start = self.at;
        self.at += usize::from(negative);
        let first = self.at;
        let mut value: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - first;
        let leading_zero = digits > 1 && self.text[first] == b'0';
        let goes_on = matches!(self.text.get(self.at), Some(b'.' | b'e' | b'E'));
        if (1..=SAFE).contains(&digits) && !leading_zero && !goes_on {
            return Ok(if negative { -value } else { value });
        }
        self.at = start;
        Err(self.no_integer())
    }

    /// Why what comes next is no integer that fits. No number that the protocol knows has more than 16 digits.
    #[cold]
    fn no_integer(&mut self) -> DecodeError {
        match self.number() {
            Err(error) => error,
            Ok(number) if number.iter().all(|b| b.is_ascii_digit() || *b == b'-') => {
                wrong(format_args!("the number {} is out of range", shown(number)))
            }
            Ok(number) => wrong(format_args!("the number {} is no integer", shown(number))),
        }
    }

    /// An integer from 0 to 2^32 - 1: a height, a position, a count.
    #[inline]
    pub(crate) fn u32(&mut self) -> Read<u32> {
        let value = self.integer()?;
        u32::try_from(value).map_err(|_| wrong(format_args!("the number {value} is out of range")))
    }

    /// The text of the next value, whatever it is, stepped over. The inside of strings is not looked at.
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

    /// A key without escapes and the colon right after it, which is what keys are; nothing is read otherwise.
    /// Keys are short, so a plain loop finds their end sooner than a vector search does.
    #[inline]
    fn plain_key(&mut self) -> Option<&'a [u8]> {
        self.peek().ok()?;
        let rest = self.text[self.at..].strip_prefix(b"\"")?;
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let key = &rest[..length];
        if !rest[length..].starts_with(b"\":") {
            return None;
        }
        self.at += length + 3;
        Some(key)
    }

    /// A key and the colon after it.
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

    fn literal(&mut self, word: &[u8]) -> Read<()> {
        if !self.text[self.at..].starts_with(word) {
            return Err(wrong("not a JSON value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Steps over digits and says how many there were.
    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    /// Steps over a string; its inside, and whether that holds escapes.
    #[inline]
    fn skip_string(&mut self) -> Read<(&'a [u8], bool)> {
        self.open(b'"', "a string")?;
        let start = self.at;
        let mut escapes = false;
        loop {
            match memchr::memchr2(b'"', b'\\', &self.text[self.at..]) {
                None => return Err(wrong("the JSON text ends within a string")),
                Some(ahead) => {
                    self.at += ahead;
                    if self.text[self.at] == b'"' {
                        self.at += 1;
                        return Ok((&self.text[start..self.at - 1], escapes));
                    }
                    escapes = true;
                    self.at = (self.at + 2).min(self.text.len());
                }
            }
        }
    }

    #[inline]
    fn string_bytes(&mut self) -> Read<Cow<'a, [u8]>> {
        let (inside, escapes) = self.skip_string()?;
        if !escapes {
            return Ok(Cow::Borrowed(inside));
        }
        let quoted = &self.text[self.at - inside.len() - 2..self.at];
        match serde_json::from_slice::<String>(quoted) {
            Ok(text) => Ok(Cow::Owned(text.into_bytes())),
            Err(error) => Err(wrong(error)),
        }
    }

    /// `N` bytes from a string of `2 * N` digits, which with its quotes is `QUOTED` bytes long.
    #[inline]
    fn fixed_hex<const N: usize, const QUOTED: usize>(&mut self, otherwise: &str) -> Read<[u8; N]> {
        self.peek()?;
        let mut bytes = [0; N];
        if let Some([b'"', digits @ .., b'"']) = self.text.get(self.at..self.at + QUOTED) {
            if hex::decode_exact(digits, &mut bytes).is_ok() {
                self.at += QUOTED;
                return Ok(bytes);
            }
        }
        // Escapes, or no such string at all.
        let digits = self.string_bytes()?;
        hex::decode_exact(&digits, &mut bytes).map_err(|_| wrong(otherwise))?;
        Ok(bytes)
    }
}

/// An error at the place where the reader stands, which the objects and arrays around it will name.
#[cold]
pub(crate) fn wrong(what: impl fmt::Display) -> DecodeError {
    DecodeError::new("", what)
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

/// A number for an error text, cut if it is absurdly long.
pub(crate) fn shown(number: &[u8]) -> String {
    match number {
        [start @ .., _] if start.len() >= 40 => format!("{}…", String::from_utf8_lossy(&start[..40])),
        number => String::from_utf8_lossy(number).to_string(),
    }
}
