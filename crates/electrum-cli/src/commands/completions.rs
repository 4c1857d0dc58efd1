//! `completions` and `man`: shell completions and manual pages, generated from the definition of the command line.

use std::io;
use std::path::PathBuf;

use clap_complete::Shell;

use crate::output::Output;
use crate::stop::{Outcome, Verdict};
use crate::text::printable;

/// Print completions for a shell
///
/// For bash, in ~/.bashrc: source <(electrum-cli completions bash)
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

/// Write the manual pages, one for the tool and one for each command
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The folder, which must exist
    pub(crate) folder: PathBuf,
}

/// Prints completions.
pub(crate) fn completions(args: &CompletionsArgs, mut command: clap::Command) -> Outcome {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    io::Write::write_all(&mut io::stdout().lock(), &script)?;
    Ok(Verdict::Success)
}

/// Writes manual pages.
pub(crate) fn man(args: &ManArgs, command: clap::Command, output: &Output) -> Outcome {
    let in_words = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", args.folder.display()));
    clap_mangen::generate_to(command, &args.folder).map_err(in_words)?;
    output.line(&format!("the manual pages are in {}", printable(&args.folder.to_string_lossy())))?;
    Ok(Verdict::Success)
}
