//! Prints results on stdout and errors on stderr, as coloured text for people or as JSON for programs.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::stop::{Outcome, Verdict};
use crate::text::{printable, printable_json};
use crate::wrap::Width;

/// The output of the tool and its format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Whether to print one JSON object per line on stdout.
    pub(crate) json: bool,
    colour_out: bool,
    colour_err: bool,
    width_out: Width,
    width_err: Width,
}

/// The meaning of a piece of text, which gives it its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Success.
    Good,
    /// A refusal or a loss that is handled.
    Fair,
    /// A failure.
    Bad,
    /// A heading or a result.
    Strong,
    /// A detail.
    Faint,
}

impl Output {
    /// Makes the output of this process. Terminals get colours, unless the environment turns them off.
    pub(crate) fn of_process(json: bool) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let wants_colour = !is_set("NO_COLOR") && !is_dumb;
        Self {
            json,
            colour_out: wants_colour && !json && io::stdout().is_terminal(),
            colour_err: wants_colour && io::stderr().is_terminal(),
            width_out: Width::of_stdout(),
            width_err: Width::of_stderr(),
        }
    }

    /// Whether stdout takes colours.
    pub(crate) const fn is_coloured(&self) -> bool {
        self.colour_out
    }

    /// Whether stderr takes colours.
    pub(crate) const fn is_error_coloured(&self) -> bool {
        self.colour_err
    }

    /// Prints one or more lines for people on stdout, wrapped to the terminal.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        self.verbatim(&self.width_out.wrap(text))
    }

    /// Prints one or more lines on stdout without wrapping.
    pub(crate) fn verbatim(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// Prints a JSON object on one line.
    pub(crate) fn object(&self, object: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(object).map_err(io::Error::other)?;
        self.verbatim(&printable_json(&text))
    }

    /// Prints a record as a JSON object or as lines for people.
    pub(crate) fn record<R: Serialize>(&self, record: &R, lines: impl FnOnce(&R, &Self) -> Vec<String>) -> Outcome {
        if self.json {
            self.object(record)?;
        } else {
            self.line(&lines(record, self).join("\n"))?;
        }
        Ok(Verdict::Success)
    }

    /// Prints an error on stderr: what it is about, what happened, and what to do.
    pub(crate) fn error(&self, about: &str, what: &str, advice: &str) {
        let paint = |paint, text| painted(self.colour_err, paint, text);
        let (about, what) = (printable(about), printable(what));
        let error =
            format!("{} {about}: {what}\n  {} {advice}", paint(Paint::Bad, "error:"), paint(Paint::Strong, "hint:"));
        // There is nowhere to report that stderr is gone.
        let _ = writeln!(io::stderr(), "{}", self.width_err.wrap(&error));
    }

    /// Colours a piece of a line for stdout, if colours are on.
    pub(crate) fn paint(&self, paint: Paint, text: impl Display) -> String {
        painted(self.colour_out, paint, text)
    }
}

fn painted(colour: bool, paint: Paint, text: impl Display) -> String {
    if !colour {
        return text.to_string();
    }
    let code = match paint {
        Paint::Good => "32",
        Paint::Fair => "33",
        Paint::Bad => "31",
        Paint::Strong => "1",
        Paint::Faint => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_there_is_only_text() {
        assert_eq!(painted(false, Paint::Bad, "x"), "x");
        assert_eq!(painted(true, Paint::Bad, "x"), "\x1b[31mx\x1b[0m");
    }
}
