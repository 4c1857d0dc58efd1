//! `balance`, `history`, `unspent`: print what a server knows about scripts.
//!
//! Servers list in orders of their own. The output is always sorted by height, and within a block and within the
//! mempool by transaction id.

mod known;

use electrum_smol::Call;
use electrum_smol::proto::operations::{Balance, Header, History, ScriptSubscribe, Unspent};
use electrum_smol::proto::proof::check_not_withheld;
use electrum_smol::proto::types::{HistoryEntry, Network, ScriptBalance, ScriptRef, ScriptStatus};
use electrum_smol::proto::{Request, VersionRange};
use serde::Serialize;

use self::known::{Histories, Known, Outputs};
use crate::address;
use crate::causes::Cause;
use crate::failure::Failure;
use crate::indexes::Indexes;
use crate::output::{Output, Paint};
use crate::progress::Progress;
use crate::query::{Query, with_server};
use crate::same_network::check_network;
use crate::server_options::ServerOptions;
use crate::stop::{Outcome, Stop, Verdict};
use crate::target::Target;
use crate::versions::range;
use crate::written::{Group, Written, groups, latest_version};

/// The arguments of `balance`, `history` and `unspent`.
#[derive(Debug, clap::Args)]
pub(crate) struct ScriptArgs {
    /// Addresses, output scripts in hexadecimal digits, scripthashes (64 digits), output descriptors, or names of the
    /// configuration file; - for lines on standard input
    ///
    /// "script:" or "scripthash:" before the digits says which of the two they are. A scripthash can be asked for up to
    /// protocol 1.6, so no later one is offered if there is one.
    #[arg(value_name = "ADDRESS|SCRIPT", required = true)]
    pub(crate) words: Vec<Written>,
    /// Which scripts of a descriptor that has a range: one index, or the first and the last
    #[arg(long, value_name = "FIRST..LAST", default_value_t)]
    pub(crate) indexes: Indexes,
    #[command(flatten)]
    pub(crate) options: ServerOptions,
}

/// The answer about one script, as JSON.
#[derive(Serialize)]
struct Record<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    script: &'a str,
    scripthash: String,
    #[serde(flatten)]
    known: &'a T,
}

/// The answers about the scripts of a descriptor, as JSON.
#[derive(Serialize)]
struct DescriptorRecord<'a, T> {
    descriptor: &'a str,
    #[serde(flatten)]
    sum: Option<ScriptBalance>,
    /// The scripts about which the server knows anything.
    scripts: Vec<Record<'a, T>>,
}

/// Prints balances.
pub(crate) async fn balance(args: ScriptArgs, output: &Output) -> Outcome {
    each(args, output, "a balance", Balance::new, |balance| balance).await
}

/// Prints histories.
pub(crate) async fn history(args: ScriptArgs, output: &Output) -> Outcome {
    each(args, output, "a history", History::new, Histories::sorted).await
}

/// Prints unspent outputs.
pub(crate) async fn unspent(args: ScriptArgs, output: &Output) -> Outcome {
    each(args, output, "unspent outputs", Unspent::new, Outputs::sorted).await
}

/// Makes the same request for each script, and prints the answers in the order of the scripts.
///
/// Each answer is printed even if others fail.
async fn each<R, T: Known>(
    args: ScriptArgs,
    output: &Output,
    what: &str,
    request: impl Fn(ScriptRef) -> R,
    tidy: impl Fn(R::Response) -> T,
) -> Outcome
where
    R: Request<Response: Send> + Send + 'static,
{
    let groups = groups(&args.words, args.indexes, args.options.file()).map_err(Stop::Usage)?;
    let offered = range(VersionRange::ALL.min(), latest_version(&groups));
    with_server(&args.options, offered, output, async |query: Query<'_>| {
        let needs_chain = |group: &Group| group.is_many || group.targets.iter().any(|target| target.networks.is_some());
        let chain = groups.iter().any(needs_chain).then(|| query.call(Header { height: 0 }));
        let ask =
            |group: &Group| group.targets.iter().map(|target| query.call(request(target.script.clone()))).collect();
        let calls: Vec<Vec<_>> = groups.iter().map(ask).collect();
        let genesis = match chain {
            // Addresses are not checked if the server does not say which chain it serves.
            Some(header) => header.await.ok().map(|header| header.block_hash()),
            None => None,
        };
        let network = genesis.and_then(Network::of_genesis);
        let mut verdict = Verdict::Success;
        let mut answers = Vec::new();
        let progress = Progress::of(groups.iter().map(|group| group.targets.len() as u64).sum(), "scripts");
        let mut asked = 0;
        for (group, calls) in groups.iter().zip(calls) {
            let wrong = genesis
                .and_then(|genesis| group.targets.iter().find_map(|target| check_network(target, genesis).err()));
            if let Some(failure) = wrong {
                query.fail(&format!("{what} of {}", group.written), &failure);
                verdict = Verdict::Failure;
                continue;
            }
            let mut parts = Vec::new();
            for (target, call) in group.targets.iter().zip(calls) {
                parts.push((target, Unchecked::of(&query, target, call, &tidy).await));
                asked += 1;
                progress.at(asked);
            }
            answers.push((group, parts));
        }
        drop(progress);
        let is_single = groups.len() == 1;
        for (group, parts) in answers {
            let mut known = Vec::new();
            for (target, part) in parts {
                let checked = match part {
                    Ok(part) => part.checked().await,
                    Err(failure) => Err(failure),
                };
                match checked {
                    Ok(found) => known.push((target, found)),
                    Err(failure) => {
                        let index = target.index.map_or_else(String::new, |index| format!(" at index {index}"));
                        query.fail(&format!("{what} of {}{index}", group.written), &failure);
                        verdict = Verdict::Failure;
                    }
                }
            }
            if group.is_many {
                verdict = print_many(&query, group, &known, network, output)?.unwrap_or(verdict);
            } else if let Some((target, known)) = known.first() {
                print_one(target, known, is_single, output)?;
            }
        }
        Ok(verdict)
    })
    .await
}

fn print_one(target: &Target, known: &impl Known, is_single: bool, output: &Output) -> Result<(), Stop> {
    if output.json {
        let scripthash = target.script.scripthash().to_string();
        output.object(&Record { index: None, script: &target.written, scripthash, known })?;
        return Ok(());
    }
    let heading = (!is_single).then(|| output.paint(Paint::Strong, &target.written));
    output.line(&heading.into_iter().chain(known.lines(output)).collect::<Vec<_>>().join("\n"))?;
    Ok(())
}

/// Prints the scripts of a descriptor about which the server knows anything, and their sum if all are known. Returns
/// the failure, if there was one.
fn print_many<T: Known>(
    query: &Query<'_>,
    group: &Group,
    known: &[(&Target, T)],
    network: Option<Network>,
    output: &Output,
) -> Result<Option<Verdict>, Stop> {
    let descriptor = &group.written[..];
    let is_whole = known.len() == group.targets.len();
    let sum = if is_whole { T::sum(known.iter().map(|(_, known)| known)) } else { Ok(None) };
    let (sum, verdict) = match sum {
        Ok(sum) => (sum, None),
        Err(words) => {
            query.fail(&format!("the sum of {descriptor}"), &Failure::new(Cause::OtherChain, words));
            (None, Some(Verdict::Failure))
        }
    };
    let name = |target: &Target| {
        let script = target.script.script()?;
        let address = network.and_then(|network| address::of_script(script.as_bytes(), network));
        Some(address.unwrap_or_else(|| format!("script:{script}")))
    };
    let shown = known.iter().filter(|(_, known)| !known.is_nothing());
    let shown: Vec<_> = shown.map(|(target, known)| (*target, name(target).unwrap_or_default(), known)).collect();
    if output.json {
        let record = |(target, name, known)| {
            let (target, name): (&Target, &String) = (target, name);
            Record { index: target.index, script: name, scripthash: target.script.scripthash().to_string(), known }
        };
        let scripts = shown.iter().map(|(target, name, known)| record((*target, name, *known))).collect();
        output.object(&DescriptorRecord { descriptor, sum, scripts })?;
        return Ok(verdict);
    }
    let mut lines = vec![output.paint(Paint::Strong, descriptor)];
    lines.extend(sum.iter().flat_map(|sum| sum.lines(output)));
    if shown.is_empty() && is_whole {
        lines.push(format!("  nothing at any of {} scripts", group.targets.len()));
    }
    for (target, name, known) in shown {
        let index = target.index.map_or_else(String::new, |index| format!("index {index}  "));
        lines.push(format!("  {index}{}", output.paint(Paint::Strong, name)));
        lines.extend(known.lines(output).iter().map(|line| format!("    {line}")));
    }
    output.line(&lines.join("\n"))?;
    Ok(verdict)
}

/// An answer, and a second request to check whether the answer is complete.
struct Unchecked<T> {
    known: T,
    check: Option<Check>,
}

/// The second request of an [`Unchecked`] answer.
struct Check {
    status: Call<Option<ScriptStatus>>,
    history: Call<Vec<HistoryEntry>>,
}

impl<T: Known> Unchecked<T> {
    async fn of<R>(query: &Query<'_>, target: &Target, call: Call<R>, tidy: impl Fn(R) -> T) -> Result<Self, Failure> {
        let known = call.await.map(tidy).map_err(|error| Failure::of_call(&error))?;
        // Above its limit Fulcrum answers with the balance of a part.
        let may_be_partial = query.connection().software.starts_with("Fulcrum");
        let ask = || {
            let script = target.script.clone();
            Check {
                status: query.call(ScriptSubscribe { script: script.clone() }),
                history: query.call(History::new(script)),
            }
        };
        let check = (known.is_nothing() || may_be_partial).then(ask);
        Ok(Self { known, check })
    }

    /// Returns the answer, unless the server withholds the history of the script, as Fulcrum does above its
    /// `max_history`.
    async fn checked(self) -> Result<T, Failure> {
        if let Some(Check { status, history }) = self.check {
            if let (Ok(status), Ok(history)) = (status.await, history.await) {
                if check_not_withheld(status, &history).is_err() {
                    let why = "the server says that the script has a history, and sends an empty one";
                    return Err(Failure::new(Cause::EmptyHistory, why));
                }
            }
        }
        Ok(self.known)
    }
}
