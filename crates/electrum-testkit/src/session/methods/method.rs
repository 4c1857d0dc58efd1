//! What is known of a method of the protocol.

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
    /// The first version that has it, and the first that has it no more.
    pub(super) since: &'static [u64],
    pub(super) until: &'static [u64],
    pub(super) run: Run,
}

pub(super) const ALWAYS: &[u64] = &[1];
pub(super) const NEVER: &[u64] = &[u64::MAX];

/// A method with the first version that has it, and the first that has it no more.
pub(super) const fn method(
    name: &'static str,
    params: &'static [&'static str],
    required: usize,
    [since, until]: [&'static [u64]; 2],
    run: Run,
) -> Method {
    Method { name, params, required, since, until, run }
}
