//! `balance`, `history`, `unspent`: what a server knows of scripts.
//!
//! Servers list in orders of their own. What is printed is in one order whatever the server: by height, and inside a
//! block and inside the mempool by transaction id.

use electrum_smol::Call;
use electrum_smol::proto::operations::{Balance, Header, History, ScriptSubscribe, Unspent};
use electrum_smol::proto::proof::check_not_withheld;
use electrum_smol::proto::types::{BlockHash, HistoryEntry, ScriptBalance, ScriptRef, TxHeight, UnspentOutput};
use electrum_smol::proto::{ProtocolVersion, Request, VersionRange};
use serde::Serialize;

use crate::causes::Cause;
use crate::failure::Failure;
use crate::output::{Output, Paint};
use crate::query::{Query, with_server};
use crate::same_network::check_network;
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};
use crate::target::{Target, TargetOrStdin, with_lines_of_stdin};
use crate::versions::range;

/// Of `balance`, `history` and `unspent`.
#[derive(Debug, clap::Args)]
pub(crate) struct ScriptArgs {
    /// Addresses, output scripts in hexadecimal digits, or scripthashes (64 digits); - for lines on standard input
    ///
    /// "script:" or "scripthash:" before the digits says which of the two they are. A scripthash can be asked for up to
    /// protocol 1.6, so no later one is offered if there is one.
    #[arg(value_name = "ADDRESS|SCRIPT|SCRIPTHASH", required = true)]
    pub(crate) targets: Vec<TargetOrStdin>,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// What is known of one script, as JSON.
#[derive(Serialize)]
struct Record<'a, T> {
    script: &'a str,
    scripthash: String,
    #[serde(flatten)]
    known: &'a T,
}

#[derive(Serialize)]
struct Histories {
    history: Vec<HistoryEntry>,
}

#[derive(Serialize)]
struct Outputs {
    unspent: Vec<UnspentOutput>,
}

/// Prints balances.
pub(crate) async fn balance(args: ScriptArgs, output: &Output) -> Outcome {
    let lines = |balance: &ScriptBalance, output: &Output| {
        vec![
            format!("confirmed    {}", output.paint(Paint::Strong, format!("{:>17}", balance.confirmed.to_string()))),
            format!("unconfirmed  {:>17}", balance.unconfirmed.to_string()),
        ]
    };
    each(args, output, "a balance", Balance::new, |balance| balance, lines).await
}

/// Prints histories.
pub(crate) async fn history(args: ScriptArgs, output: &Output) -> Outcome {
    let sorted = |mut history: Vec<HistoryEntry>| {
        history.sort_unstable_by_key(|entry| (place(entry.height), entry.txid));
        Histories { history }
    };
    let lines = |listed: &Histories, _: &Output| {
        let entries = listed.history.iter();
        let lines: Vec<_> = entries
            .map(|entry| {
                let fee = entry.fee.map(|fee| format!("  fee {} sat", fee.to_sat())).unwrap_or_default();
                let parent =
                    if entry.height == TxHeight::UnconfirmedParent { ", after another that waits" } else { "" };
                format!("{}  {}{fee}{parent}", height(entry.height), entry.txid)
            })
            .collect();
        if lines.is_empty() { vec!["no history".into()] } else { lines }
    };
    each(args, output, "a history", History::new, sorted, lines).await
}

/// Prints unspent outputs.
pub(crate) async fn unspent(args: ScriptArgs, output: &Output) -> Outcome {
    let sorted = |mut unspent: Vec<UnspentOutput>| {
        unspent.sort_unstable_by_key(|output| (place(output.height), output.txid, output.vout));
        Outputs { unspent }
    };
    let lines = |listed: &Outputs, output: &Output| {
        let entries = listed.unspent.iter();
        let lines: Vec<_> = entries
            .map(|entry| {
                let value = output.paint(Paint::Strong, entry.value);
                format!("{}  {}:{}  {value}", height(entry.height), entry.txid, entry.vout)
            })
            .collect();
        if lines.is_empty() { vec!["nothing unspent".into()] } else { lines }
    };
    each(args, output, "unspent outputs", Unspent::new, sorted, lines).await
}

/// Asks the same of each script, and prints what comes in the order of the scripts.
///
/// Each answer is printed whatever became of the others.
async fn each<R, T: Serialize>(
    args: ScriptArgs,
    output: &Output,
    what: &str,
    request: impl Fn(ScriptRef) -> R,
    tidy: impl Fn(R::Response) -> T,
    lines: impl Fn(&T, &Output) -> Vec<String>,
) -> Outcome
where
    R: Request<Response: Send + MayBeEmpty> + Send + 'static,
{
    let targets = with_lines_of_stdin(&args.targets).map_err(Stop::Usage)?;
    let only_scripts = targets.iter().all(|target| target.script.script().is_some());
    // From 1.7 on nothing can be asked of a scripthash without its script.
    let latest = if only_scripts { ProtocolVersion::V1_7 } else { ProtocolVersion::V1_6 };
    let offered = range(VersionRange::ALL.min(), latest);
    with_server(&args.options, offered, output, async |query: Query<'_>| {
        let chain = targets.iter().any(|target| target.networks.is_some()).then(|| query.call(Header { height: 0 }));
        let calls: Vec<_> = targets.iter().map(|target| query.call(request(target.script.clone()))).collect();
        let genesis = match chain {
            // A server that does not say which chain it serves is believed.
            Some(header) => header.await.ok().map(|header| header.block_hash()),
            None => None,
        };
        let is_single = calls.len() == 1;
        let mut verdict = Verdict::Success;
        for (target, call) in targets.iter().zip(calls) {
            let about = format!("{what} of {}", target.written);
            let known = match answer(&query, target, genesis, call).await {
                Ok(response) => tidy(response),
                Err(failure) => {
                    query.fail(&about, &failure);
                    verdict = Verdict::Failure;
                    continue;
                }
            };
            if output.json {
                let scripthash = target.script.scripthash().to_string();
                output.object(&Record { script: &target.written, scripthash, known: &known })?;
                continue;
            }
            let heading = (!is_single).then(|| output.paint(Paint::Strong, &target.written));
            output.line(&heading.into_iter().chain(lines(&known, output)).collect::<Vec<_>>().join("\n"))?;
        }
        Ok(verdict)
    })
    .await
}

/// The answer to one call, if the script belongs to the server's chain and the server knows its history.
async fn answer<T: MayBeEmpty>(
    query: &Query<'_>,
    target: &Target,
    genesis: Option<BlockHash>,
    call: Call<T>,
) -> Result<T, Failure> {
    if let Some(genesis) = genesis {
        check_network(target, genesis)?;
    }
    let response = call.await.map_err(|error| Failure::of_call(&error))?;
    // Above its limit Fulcrum answers the balance of a part.
    let may_be_partial = query.connection().software.starts_with("Fulcrum");
    if (response.is_empty() || may_be_partial) && hides_history(query, &target.script).await {
        let why = "the server says that the script has a history, and sends an empty one";
        return Err(Failure::new(Cause::EmptyHistory, why));
    }
    Ok(response)
}

/// Whether the server withholds the history of a script, as Fulcrum does above its `max_history`.
async fn hides_history(query: &Query<'_>, script: &ScriptRef) -> bool {
    let status = query.call(ScriptSubscribe { script: script.clone() });
    let history = query.call(History::new(script.clone()));
    match (status.await, history.await) {
        (Ok(status), Ok(history)) => check_not_withheld(status, &history).is_err(),
        _ => false,
    }
}

/// An answer that may say that there is nothing.
trait MayBeEmpty {
    fn is_empty(&self) -> bool;
}

impl MayBeEmpty for ScriptBalance {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl<T> MayBeEmpty for Vec<T> {
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// Blocks in their order, then the mempool, those last that spend from it.
const fn place(height: TxHeight) -> (u8, u32) {
    match height {
        TxHeight::Confirmed(height) => (0, height),
        TxHeight::Unconfirmed => (1, 0),
        TxHeight::UnconfirmedParent => (2, 0),
    }
}

/// A height in a column of its own.
pub(super) fn height(height: TxHeight) -> String {
    let word = height.confirmed().map_or_else(|| "mempool".into(), |height| height.to_string());
    format!("{word:>8}")
}
