//! The matrix: how servers answer a valid range of versions, an unsupported one, and one below the minimum.

use electrum_smol::proto::{DownCause, ProtocolVersion, VersionRange};

use super::attempt::Attempt;
use crate::output::{Output, Paint};
use crate::text::printable;
use crate::versions::range;

/// The attempts with one server, one for each range.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) attempts: Vec<Attempt>,
}

/// Returns the valid range of the matrix, unless the user chooses another.
pub(crate) fn default_range() -> VersionRange {
    range(ProtocolVersion::V1_3, ProtocolVersion::V1_4)
}

/// Returns the ranges to offer in turn.
pub(crate) fn ranges(client: VersionRange) -> [VersionRange; 3] {
    let version = ProtocolVersion::new;
    [client, range(version(2, 0, 0), version(3, 0, 0)), range(ProtocolVersion::V1_0, ProtocolVersion::V1_2)]
}

/// Formats the table and a legend. Fake servers are named by their software alone.
pub(crate) fn table(rows: &[Row], ranges: [VersionRange; 3], embedded: bool, output: &Output) -> String {
    let [valid, unsupported, below] = ranges;
    let heading = [
        "server".to_owned(),
        format!("valid range {valid}"),
        format!("unsupported range {unsupported}"),
        format!("below-minimum range {below}"),
    ];
    let mut lines = vec![heading.map(|cell| (cell, Paint::Strong)).to_vec()];
    for row in rows {
        let mut cells = vec![(name(row, embedded), Paint::Strong)];
        cells.extend(row.attempts.iter().map(cell));
        lines.push(cells);
    }
    let widths: Vec<usize> = (0..=ranges.len()).map(|at| widest(&lines, at)).collect();
    let mut text: Vec<String> = lines
        .iter()
        .map(|cells| {
            let padded = cells.iter().zip(&widths).map(|((cell, paint), width)| {
                let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
                output.paint(*paint, cell) + &padding
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect();
    text.push(String::new());
    let was_caught = |attempt: &Attempt| matches!(attempt.outcome, Err(DownCause::OutOfRange { .. }));
    if rows.iter().flat_map(|row| &row.attempts).any(was_caught) {
        text.push("caught: the server answered a version that it must not; the client's own check refused it.".into());
    }
    text.push("A client that goes on would connect again after every failure.".into());
    text.join("\n")
}

fn widest(lines: &[Vec<(String, Paint)>], column: usize) -> usize {
    lines.iter().filter_map(|cells| Some(cells.get(column)?.0.chars().count())).max().unwrap_or_default()
}

/// Returns the name of a server: its software if that is known, and its address.
fn name(row: &Row, embedded: bool) -> String {
    let software = row.attempts.iter().find_map(|attempt| attempt.outcome.as_ref().ok()).map(|agreed| &agreed.software);
    let address = row.attempts.first().map(|attempt| attempt.server.to_string()).unwrap_or_default();
    match software {
        Some(software) if embedded => printable(software).into_owned(),
        Some(software) => format!("{address} ({})", printable(software)),
        None => address,
    }
}

/// Describes the result of an attempt in few words.
fn cell(attempt: &Attempt) -> (String, Paint) {
    let cause = match &attempt.outcome {
        Ok(agreed) => return (agreed.version.to_string(), Paint::Good),
        Err(cause) => cause,
    };
    match cause {
        DownCause::Refused { error, .. } => {
            let code = error.code.map_or_else(|| "without a code".into(), |code| code.to_string());
            (format!("RPC error {code}"), Paint::Fair)
        }
        DownCause::OutOfRange { answered, .. } => (format!("answers {}: caught", printable(answered)), Paint::Fair),
        DownCause::Closed { .. } => ("closes the connection".into(), Paint::Fair),
        DownCause::Reset { .. } => ("resets the connection".into(), Paint::Fair),
        DownCause::Timeout { .. } => ("no answer in time".into(), Paint::Bad),
        DownCause::Connect { .. } => ("no connection".into(), Paint::Bad),
        other => (other.name().replace('_', " "), Paint::Bad),
    }
}
