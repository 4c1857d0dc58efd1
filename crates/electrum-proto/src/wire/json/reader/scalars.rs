//! Reads values that hold no others: strings, numbers, booleans, `null`.

use alloc::borrow::Cow;
use alloc::string::String;

use super::super::hex;
use super::super::raw::not_bitcoin;
use super::{Read, Reader, mismatch, shown, wrong};

impl<'a> Reader<'a> {
    /// Steps over `null` if the next value is that.
    pub(crate) fn null(&mut self) -> Read<bool> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        self.literal(b"null").map(|()| true)
    }

    /// Reads `true` or `false`.
    pub(crate) fn bool(&mut self) -> Read<bool> {
        match self.peek()? {
            b't' => self.literal(b"true").map(|()| true),
            b'f' => self.literal(b"false").map(|()| false),
            other => Err(mismatch("true or false", other)),
        }
    }

    /// Reads a string.
    pub(crate) fn string(&mut self) -> Read<Cow<'a, str>> {
        match self.string_bytes()? {
            Cow::Borrowed(bytes) if bytes.iter().any(|byte| *byte < b' ') => {
                Err(wrong("a control character stands in a string"))
            }
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

    /// Reads a string of 64 hexadecimal digits as 32 bytes.
    #[inline]
    pub(crate) fn hash(&mut self) -> Read<[u8; 32]> {
        self.fixed_hex::<32, 66>("not a hash, which has 64 hexadecimal digits")
    }

    /// Reads a hash if one comes next that is written without escapes; otherwise reads nothing.
    #[inline]
    pub(crate) fn plain_hash(&mut self) -> Read<Option<[u8; 32]>> {
        self.plain_hex::<32, 66>()
    }

    /// Reads a string of 160 hexadecimal digits as the 80 bytes of a block header.
    pub(crate) fn header(&mut self) -> Read<[u8; 80]> {
        if let Some(bytes) = self.plain_hex::<80, 162>()? {
            return Ok(bytes);
        }
        let digits = self.string_bytes()?;
        let mut bytes = [0; 80];
        match hex::decode_exact(&digits, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(_) if digits.len() > 160 && digits.iter().all(u8::is_ascii_hexdigit) => {
                Err(not_bitcoin(format_args!("a block header of {} bytes, where Bitcoin's have 80", digits.len() / 2)))
            }
            Err(_) => Err(wrong("not a block header: 160 hexadecimal digits are")),
        }
    }

    /// Reads a string that should be hexadecimal digits, which is checked when they are decoded.
    pub(crate) fn hex_digits(&mut self) -> Read<Cow<'a, [u8]>> {
        self.string_bytes()
    }

    /// Reads a number, and returns its text.
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

    /// Reads an integer, written without fraction and exponent.
    #[inline]
    pub(crate) fn integer(&mut self) -> Read<i64> {
        /// Numbers of so many digits fit, whatever the digits are.
        const SAFE: usize = 18;

        let negative = self.peek()? == b'-';
        let text = &self.text[self.at + usize::from(negative)..];
        let (mut value, mut digits) = (0_i64, 0);
        for byte in text {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
            digits += 1;
        }
        let leading_zero = digits > 1 && text[0] == b'0';
        let goes_on = matches!(text.get(digits), Some(b'.' | b'e' | b'E'));
        if (1..=SAFE).contains(&digits) && !leading_zero && !goes_on {
            self.at += digits + usize::from(negative);
            return Ok(if negative { -value } else { value });
        }
        self.long_integer()
    }

    /// Reads an integer of many digits, or says why the next value is none. No number of the protocol has more than 16.
    #[cold]
    fn long_integer(&mut self) -> Read<i64> {
        let number = self.number()?;
        if !number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') {
            return Err(wrong(format_args!("the number {} is no integer", shown(number))));
        }
        let value = core::str::from_utf8(number).ok().and_then(|digits| digits.parse().ok());
        value.ok_or_else(|| wrong(format_args!("the number {} is out of range", shown(number))))
    }

    /// Reads an integer from 0 to 2^32 - 1: a height, a position, a count.
    #[inline]
    pub(crate) fn u32(&mut self) -> Read<u32> {
        let value = self.integer()?;
        u32::try_from(value).map_err(|_| wrong(format_args!("the number {value} is out of range")))
    }

    pub(super) fn literal(&mut self, word: &[u8]) -> Read<()> {
        if !self.text[self.at..].starts_with(word) {
            return Err(wrong("not a JSON value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Steps over digits, and returns how many there were.
    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    /// Steps over a string, and returns its inside and whether that holds escapes.
    #[inline]
    pub(super) fn skip_string(&mut self) -> Read<(&'a [u8], bool)> {
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
    pub(super) fn string_bytes(&mut self) -> Read<Cow<'a, [u8]>> {
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

    /// Reads `N` bytes from a string of `2 * N` digits, which with its quotes is `QUOTED` bytes long.
    #[inline]
    fn fixed_hex<const N: usize, const QUOTED: usize>(&mut self, otherwise: &str) -> Read<[u8; N]> {
        if let Some(bytes) = self.plain_hex::<N, QUOTED>()? {
            return Ok(bytes);
        }
        // Escapes, or no such string at all.
        let digits = self.string_bytes()?;
        let mut bytes = [0; N];
        hex::decode_exact(&digits, &mut bytes).map_err(|_| wrong(otherwise))?;
        Ok(bytes)
    }

    /// Does the same if the string is written without escapes; otherwise reads nothing.
    #[inline]
    fn plain_hex<const N: usize, const QUOTED: usize>(&mut self) -> Read<Option<[u8; N]>> {
        self.peek()?;
        let mut bytes = [0; N];
        match self.text.get(self.at..self.at + QUOTED) {
            Some([b'"', digits @ .., b'"']) if hex::decode_exact(digits, &mut bytes).is_ok() => {
                self.at += QUOTED;
                Ok(Some(bytes))
            }
            _ => Ok(None),
        }
    }
}
