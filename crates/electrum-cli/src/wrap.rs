//! Wraps lines for people between words, to the width of the terminal.

use std::borrow::Cow;
use std::io;

use textwrap::{Options, WordSeparator, WordSplitter};

/// The width of a terminal. Without a terminal, lines are not wrapped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Width(Option<usize>);

impl Width {
    /// Returns the width of the terminal on stdout.
    pub(crate) fn of_stdout() -> Self {
        Self::of(terminal_size::terminal_size_of(io::stdout()))
    }

    /// Returns the width of the terminal on stderr.
    pub(crate) fn of_stderr() -> Self {
        Self::of(terminal_size::terminal_size_of(io::stderr()))
    }

    fn of(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Self {
        // Some terminals do not know their width, and report 0.
        Self(size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0))
    }

    /// Wraps lines that are too long between words. Words that are longer than a line stay whole.
    pub(crate) fn wrap(self, text: &str) -> Cow<'_, str> {
        let Some(width) = self.0 else { return Cow::Borrowed(text) };
        let is_long = |line: &str| textwrap::core::display_width(line) > width;
        if !text.lines().any(is_long) {
            return Cow::Borrowed(text);
        }
        let line = |line: &str| {
            if !is_long(line) {
                return line.to_owned();
            }
            let depth = line.len() - line.trim_start().len();
            let indent = " ".repeat(depth + 2);
            let options = Options::new(width)
                .break_words(false)
                .word_separator(WordSeparator::AsciiSpace)
                .word_splitter(WordSplitter::NoHyphenation)
                .subsequent_indent(&indent);
            textwrap::fill(line, options)
        };
        let mut wrapped = text.lines().map(line).collect::<Vec<_>>().join("\n");
        if text.ends_with('\n') {
            wrapped.push('\n');
        }
        Cow::Owned(wrapped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_columns_stay() {
        let wrap = |text: &str, width| Width(Some(width)).wrap(text).into_owned();
        assert_eq!(wrap("short\n", 10), "short\n");
        assert_eq!(wrap("name   a value that-is long\nnext", 20), "name   a value\n  that-is long\nnext");
        assert_eq!(wrap("  hint: one two three", 14), "  hint: one\n    two three");
        let hash = "ab".repeat(32);
        assert_eq!(wrap(&format!("hash {hash} end"), 40), format!("hash\n  {hash}\n  end"));
        // Colours do not count for the width.
        assert_eq!(wrap("\x1b[31merror:\x1b[0m one two", 14), "\x1b[31merror:\x1b[0m one two");
        assert_eq!(Width(None).wrap("one two"), "one two");
    }
}
