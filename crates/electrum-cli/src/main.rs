//! The command line tool for Electrum servers, whose code is in the library of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    electrum_cli::run()
}
