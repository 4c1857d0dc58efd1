//! The parameters of a request, written directly as JSON.

use alloc::vec::Vec;
use serde_core::Serialize;

use super::hex;

/// Writes the parameters of a request, by position in order, or [by name](Self::named).
///
/// Whatever is written, the result is one JSON array or object without a line break.
///
/// # Example
/// ```
/// use electrum_proto::json::Params;
///
/// let positional = Params::to_json(|params| {
///     params.integer(7).bool(true).str("a \"name\"").hex(&[0, 255]).json(&[1.5]);
/// });
/// assert_eq!(positional, br#"[7,true,"a \"name\"","00ff",[1.5]]"#);
/// let named = Params::to_json(|params| {
///     params.named("height", &7);
/// });
/// assert_eq!(named, br#"{"height":7}"#);
/// ```
#[derive(Debug)]
pub struct Params<'a> {
    out: &'a mut Vec<u8>,
    /// Where the brackets open.
    start: usize,
    count: u32,
    named: bool,
}

impl<'a> Params<'a> {
    /// How many bytes [`append_call`](Self::append_call) writes before the method.
    pub(crate) const BEFORE_METHOD: usize = br#","method":""#.len();

    /// Returns the parameters that `write` writes, as one JSON array or object.
    #[must_use]
    pub fn to_json(write: impl FnOnce(&mut Params<'_>)) -> Vec<u8> {
        let mut out = Vec::new();
        let mut params = Params::open(&mut out);
        write(&mut params);
        params.close();
        out
    }

    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { start: out.len() - 1, out, count: 0, named: false }
    }

    pub(crate) fn close(self) {
        let bracket = if self.named { b'}' } else { b']' };
        self.out.push(bracket);
    }

    /// Writes a parameter by name. The first parameter decides for all: if it has no name, later names are left out; if it
    /// has one, a later parameter without a name is named after its position.
    pub fn named<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> &mut Self {
        if self.count == 0 {
            self.named = true;
            self.out[self.start] = b'{';
        }
        if !self.named {
            return self.json(value);
        }
        self.begin(name);
        Self::append_json(self.out, value);
        self
    }

    /// Writes an integer.
    pub fn integer(&mut self, value: impl Into<i64>) -> &mut Self {
        self.separate();
        let value: i64 = value.into();
        if value < 0 {
            self.out.push(b'-');
        }
        Self::append_digits(self.out, value.unsigned_abs());
        self
    }

    /// Writes a boolean.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.separate();
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        self
    }

    /// Writes a string, escaped where JSON requires it.
    pub fn str(&mut self, value: &str) -> &mut Self {
        self.separate();
        Self::append_str(self.out, value);
        self
    }

    /// Writes bytes as a string of lower-case hexadecimal digits.
    pub fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        self.separate();
        self.out.push(b'"');
        hex::encode_into(bytes, self.out);
        self.out.push(b'"');
        self
    }

    /// Writes a value with serde. One that cannot be JSON, such as a map whose keys are no strings, becomes `null`.
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> &mut Self {
        self.separate();
        Self::append_json(self.out, value);
        self
    }

    /// Appends the members of a request that name its method and its parameters, each behind a comma. Returns where
    /// the method ends, which begins after [`BEFORE_METHOD`](Self::BEFORE_METHOD) bytes.
    #[inline]
    pub(crate) fn append_call(out: &mut Vec<u8>, method: &str, params: impl FnOnce(&mut Params<'_>)) -> usize {
        out.extend_from_slice(br#","method":"#);
        Self::append_str(out, method);
        let method_end = out.len() - 1;
        out.extend_from_slice(br#","params":"#);
        let mut list = Params::open(out);
        params(&mut list);
        list.close();
        method_end
    }

    /// Appends a string in quotes. Most have nothing to escape and are copied as they are.
    pub(crate) fn append_str(out: &mut Vec<u8>, value: &str) {
        // Without an early end the compiler makes vector instructions of it.
        let must_be_escaped = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
        if value.bytes().fold(false, |found, byte| found | must_be_escaped(byte)) {
            return Self::append_json(out, value);
        }
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    }

    /// Appends a number.
    pub(crate) fn append_digits(out: &mut Vec<u8>, number: u64) {
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Appends one value as compact JSON, which never holds a line break.
    fn append_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
        match serde_json::to_vec(value) {
            Ok(text) => out.extend_from_slice(&text),
            Err(_) => out.extend_from_slice(b"null"),
        }
    }

    /// Begins a parameter without a name.
    #[inline]
    fn separate(&mut self) {
        if self.named {
            return self.begin(&alloc::format!("{}", self.count));
        }
        if self.count > 0 {
            self.out.push(b',');
        }
        self.count += 1;
    }

    /// Begins a parameter with a name.
    fn begin(&mut self, name: &str) {
        if self.count > 0 {
            self.out.push(b',');
        }
        self.count += 1;
        Self::append_str(self.out, name);
        self.out.push(b':');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_one_array() {
        let json = Params::to_json(|params| {
            params.integer(0).integer(-7_i32).integer(u32::MAX).integer(i64::MIN).integer(i64::MAX);
            params.bool(true).bool(false).str("a\"\n").hex(&[0, 0xab]).hex(&[]).json(&[1.5]);
        });
        let expected =
            r#"[0,-7,4294967295,-9223372036854775808,9223372036854775807,true,false,"a\"\n","00ab","",[1.5]]"#;
        assert_eq!(core::str::from_utf8(&json), Ok(expected));
        assert_eq!(Params::to_json(|_| {}), b"[]");
        // What cannot be JSON must not spoil the line.
        let no_json = alloc::collections::BTreeMap::from([(alloc::vec![1], 2)]);
        let json = Params::to_json(|params| {
            params.json(&no_json).bool(true);
        });
        assert_eq!(core::str::from_utf8(&json), Ok("[null,true]"));
    }

    #[test]
    fn named_parameters_are_one_object() {
        let text = |write: fn(&mut Params<'_>)| alloc::string::String::from_utf8(Params::to_json(write)).unwrap();
        let named = text(|params| {
            params.named("height", &5).named("a\"", "x");
        });
        assert_eq!(named, r#"{"height":5,"a\"":"x"}"#);
        let mixed = text(|params| {
            params.named("height", &5).integer(7).bool(true);
        });
        assert_eq!(mixed, r#"{"height":5,"1":7,"2":true}"#);
        let positional = text(|params| {
            params.integer(7).named("height", &5);
        });
        assert_eq!(positional, "[7,5]");
    }

    proptest! {
        /// What is written without serde_json is compared with what serde_json writes.
        #[test]
        fn integers_and_strings_are_as_serde_writes_them(number: i64, text: String, add: bool) {
            let text = if add { text + "\u{1}\n\"\\" } else { text };
            let written = Params::to_json(|params| {
                params.integer(number).str(&text).str("plain");
            });
            prop_assert_eq!(written, serde_json::to_vec(&(number, &text, "plain")).unwrap());
        }
    }
}
