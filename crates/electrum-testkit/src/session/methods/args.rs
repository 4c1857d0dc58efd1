//! Reading arguments, as leniently as each family does.

use super::super::rpc::Params;
use crate::address::to_script;
use crate::family::{Dialect, Problem, Version, python};
use crate::hash::{Hash256, Scripthash, Txid, from_hex};
use crate::json::Json;

/// The arguments of a call that has the right number of them.
pub(super) struct Args<'a> {
    pub(super) params: &'a Params,
    pub(super) names: &'static [&'static str],
    pub(super) dialect: Dialect,
    /// The negotiated version.
    pub(super) version: &'a Version,
}

impl Args<'_> {
    pub(super) fn get(&self, index: usize) -> Option<&Json> {
        self.params.get(index, self.names.get(index).copied().unwrap_or_default())
    }

    /// Returns the argument at this index, or `null` if it is absent.
    fn value(&self, index: usize) -> Json {
        self.get(index).cloned().unwrap_or(Json::Null)
    }

    /// Reads a number that is not negative; `what` is its name in errors of Fulcrum and Esplora.
    pub(super) fn natural(&self, index: usize, what: &'static str) -> Result<u64, Problem> {
        self.natural_digits(index, what).map(|(n, _)| n)
    }

    /// Reads the same, with its digits; a number that does not fit into 64 bits becomes the largest that does.
    pub(super) fn natural_digits(&self, index: usize, what: &'static str) -> Result<(u64, String), Problem> {
        let value = self.value(index);
        let lenient = matches!(self.dialect, Dialect::Python | Dialect::Fulcrum);
        let digits = match &value {
            Json::Number(digits) if !digits.contains(['.', 'e', 'E']) => Some(digits.clone()),
            Json::Number(digits) if lenient => digits.parse::<f64>().ok().map(|n| match self.dialect {
                Dialect::Python => format!("{:.0}", n.trunc()),
                _ => format!("{:.0}", n.round()),
            }),
            Json::Text(text) if lenient => Some(text.trim().to_owned()),
            Json::Bool(flag) if lenient => Some(u8::from(*flag).to_string()),
            _ => None,
        };
        let is_number = |d: &String| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit());
        let Some(digits) = digits.filter(is_number) else {
            return Err(Problem::Natural(value, what));
        };
        match digits.parse() {
            Ok(n) => Ok((n, digits)),
            Err(_) if lenient => Ok((u64::MAX, digits)),
            Err(_) => Err(Problem::Natural(value, what)),
        }
    }

    /// Reads a natural number, or returns the default if it is absent.
    pub(super) fn natural_or(&self, index: usize, what: &'static str, default: u64) -> Result<u64, Problem> {
        self.get(index).map_or(Ok(default), |_| self.natural(index, what))
    }

    /// Reads a flag, false if absent. Only strict families refuse 0 and 1.
    pub(super) fn flag(&self, index: usize) -> Result<bool, Problem> {
        let name = self.names.get(index).copied().unwrap_or_default();
        let strict = matches!(self.dialect, Dialect::Electrs | Dialect::Libbitcoin);
        match self.get(index) {
            None => Ok(false),
            Some(Json::Bool(flag)) => Ok(*flag),
            Some(Json::Number(digits)) if !strict && digits == "1" => Ok(true),
            Some(Json::Number(digits)) if !strict && digits == "0" => Ok(false),
            Some(_) => Err(Problem::Flag(name)),
        }
    }

    pub(super) fn scripthash(&self, index: usize) -> Result<Scripthash, Problem> {
        self.hash(index).ok_or_else(|| Problem::Scripthash(self.value(index)))
    }

    pub(super) fn txid(&self, index: usize) -> Result<Txid, Problem> {
        self.hash(index).ok_or_else(|| Problem::Txid(self.value(index)))
    }

    /// Reads an address, and returns its output script.
    pub(super) fn address(&self, index: usize) -> Result<Vec<u8>, Problem> {
        let script = self.get(index).and_then(|value| to_script(value.as_text()?));
        script.ok_or_else(|| Problem::Address(self.value(index)))
    }

    /// Reads an output script in hex.
    pub(super) fn script(&self, index: usize) -> Result<Vec<u8>, Problem> {
        self.hex(index).ok_or_else(|| Problem::Hex(self.value(index)))
    }

    pub(super) fn hex(&self, index: usize) -> Option<Vec<u8>> {
        from_hex(self.get(index)?.as_text()?)
    }

    /// Returns an argument as text: itself, or as Python would print it.
    pub(super) fn text(&self, index: usize) -> String {
        python::text(&self.value(index))
    }

    fn hash(&self, index: usize) -> Option<Hash256> {
        self.get(index)?.as_text()?.parse().ok()
    }
}
