//! A JSON library of its own: members keep their order, numbers keep their digits, and values are written in the layout
//! of each server family, byte for byte.

mod parse;
mod write;

pub use parse::{Leniency, ParseError, parse};
pub use write::Style;

/// A JSON value whose numbers are kept as text.
///
/// # Example
/// ```
/// use electrum_testkit::json::{Json, Leniency, Style, parse};
///
/// let json = parse(r#"{"id": 1.50, "id": 2}"#, Leniency::Strict).unwrap();
/// assert_eq!(json.get("id"), Some(&Json::from(2)), "the last one counts");
/// let compact = Style { spaced: false, sorted: false, ascii: false };
/// assert_eq!(compact.write(&json), r#"{"id":1.50,"id":2}"#, "nothing is lost");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its text.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Self>),
    /// An object; members in order, repeated names kept.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Makes a string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Makes a number that is written as the given text.
    pub fn number(text: impl std::fmt::Display) -> Self {
        Self::Number(text.to_string())
    }

    /// Makes an object.
    pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(members.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// Makes an array.
    pub fn array(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Array(items.into_iter().collect())
    }

    /// Returns a member of an object, the last one of a repeated name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(k, _)| k == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Returns the text of a string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

macro_rules! from_number {
    ($($t:ty),*) => {$(
        impl From<$t> for Json {
            fn from(value: $t) -> Self {
                Self::Number(value.to_string())
            }
        }
    )*};
}
from_number!(i32, u32, i64, u64, usize);

impl From<crate::hash::Hash256> for Json {
    fn from(hash: crate::hash::Hash256) -> Self {
        Self::Text(hash.to_string())
    }
}
