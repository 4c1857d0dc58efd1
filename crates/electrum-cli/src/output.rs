//! Writes results to stdout and errors to stderr, as coloured text for people or as JSON for programs.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::text::{printable, printable_json};
use crate::wrap::Width;

/// Where results and errors go, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One JSON object per line on stdout.
    pub(crate) json: bool,
    colour_out: bool,
    colour_err: bool,
    width_out: Width,
    width_err: Width,
}

/// What a piece of text is painted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As it should be.
    Good,
    /// A refusal or a loss, which is dealt with.
    Fair,
    /// Something failed.
    Bad,
    /// A heading.
    Strong,
    /// Beside the point.
    Faint,
}

impl Output {
    /// The output of this process. There is colour where a terminal is, unless the environment wants none.
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

    /// A line for people, or several, on stdout, at once.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        self.verbatim(&self.width_out.wrap(text))
    }

    /// A line, or several, on stdout, as they are however long.
    pub(crate) fn verbatim(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// One JSON object on a line of its own.
    pub(crate) fn object(&self, object: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(object).map_err(io::Error::other)?;
        self.verbatim(&printable_json(&text))
    }

    /// A record, as one JSON object or as lines for people.
    pub(crate) fn record<R: Serialize>(
        &self,
        record: &R,
        lines: impl FnOnce(&R, &Self) -> Vec<String>,
    ) -> io::Result<()> {
        if self.json { self.object(record) } else { self.line(&lines(record, self).join("\n")) }
    }

    /// An error on stderr: whom it is about, what happened, and what can be done.
    pub(crate) fn error(&self, about: &str, what: &str, advice: &str) {
        let paint = |paint, text| painted(self.colour_err, paint, text);
        let (about, what) = (printable(about), printable(what));
        let error =
            format!("{} {about}: {what}\n  {} {advice}", paint(Paint::Bad, "error:"), paint(Paint::Strong, "hint:"));
        // There is nowhere to report that stderr is gone.
        let _ = writeln!(io::stderr(), "{}", self.width_err.wrap(&error));
    }

    /// A piece of a line for stdout, in colour if that is wanted.
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
