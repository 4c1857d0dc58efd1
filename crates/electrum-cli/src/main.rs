//! The command line tool for Electrum servers. All of it is in the library of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    electrum_cli::run()
}
