//! A method of the protocol: its versions, parameters and function.

use super::args::Args;
use crate::chain::Chain;
use crate::family::Problem;
use crate::json::Json;
use crate::session::Session;

pub(super) type Run = fn(&mut Session, &mut Chain, &Args<'_>) -> Result<Json, Problem>;

/// A method of the protocol.
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) params: &'static [&'static str],
    pub(super) required: usize,
    /// The first version that has it.
    pub(super) since: &'static [u64],
    /// The first later version that lacks it.
    pub(super) until: &'static [u64],
    pub(super) run: Run,
}

pub(super) const ALWAYS: &[u64] = &[1];
pub(super) const NEVER: &[u64] = &[u64::MAX];

/// Returns a method with the first version that has it, and the first that lacks it again.
pub(super) const fn method(
    name: &'static str,
    params: &'static [&'static str],
    required: usize,
    [since, until]: [&'static [u64]; 2],
    run: Run,
) -> Method {
    Method { name, params, required, since, until, run }
}
