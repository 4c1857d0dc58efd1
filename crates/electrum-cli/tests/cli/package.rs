//! The script that packages the tool with its completions and manual pages, and what shells make of the completions.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::tool::run;

const PROGRAM: &str = env!("CARGO_BIN_EXE_electrum-cli");

fn succeeded(command: &mut Command) -> Output {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    done
}

/// Packages the tool and unpacks the package as it is meant to be, into a prefix.
fn installed(folder: &Path) -> std::path::PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/package");
    let out = folder.join("out");
    let done = succeeded(Command::new("bash").arg(script).arg(&out).arg(PROGRAM));
    let archive = String::from_utf8(done.stdout).expect("UTF-8");
    assert_eq!(
        archive.trim(),
        out.join(concat!("electrum-cli-", env!("CARGO_PKG_VERSION"), ".tar.gz")).to_str().expect("UTF-8")
    );
    let prefix = folder.join("prefix");
    fs::create_dir(&prefix).expect("a folder of our own");
    succeeded(
        Command::new("tar").arg("-xzf").arg(archive.trim()).arg("-C").arg(&prefix).args(["--strip-components", "1"]),
    );
    prefix
}

#[test]
fn a_package_has_program_completions_and_manual_pages_in_their_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let prefix = installed(folder.path());
    let version = succeeded(Command::new(prefix.join("bin/electrum-cli")).arg("--version"));
    assert_eq!(version.stdout, format!("electrum-cli {}\n", env!("CARGO_PKG_VERSION")).as_bytes());
    for (path, shell) in [
        ("bash-completion/completions/electrum-cli", "bash"),
        ("zsh/site-functions/_electrum-cli", "zsh"),
        ("fish/vendor_completions.d/electrum-cli.fish", "fish"),
    ] {
        let text = fs::read_to_string(prefix.join("share").join(path)).expect("it is there");
        assert_eq!(text.lines().collect::<Vec<_>>(), run(&["completions", shell]).lines, "{path}");
    }
    let pages = fs::read_dir(prefix.join("share/man/man1")).expect("a folder");
    let pages: Vec<String> =
        pages.map(|page| page.expect("a page").file_name().to_string_lossy().into_owned()).collect();
    for page in ["electrum-cli.1", "electrum-cli-balance.1", "electrum-cli-watch.1"] {
        assert!(pages.iter().any(|found| found == page), "{page} in {pages:?}");
    }
    for document in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(prefix.join("share/doc/electrum-cli").join(document).is_file(), "{document}");
    }
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let prefix = installed(folder.path());
    // As the shell does when the tab key is pressed: by the function that is registered for the word.
    let ask = r#"
        source "$1"
        complete -p electrum-cli > /dev/null || exit 1
        press_tab() {
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            _electrum-cli electrum-cli "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            echo "${COMPREPLY[*]}"
        }
        press_tab electrum-cli bal
        press_tab electrum-cli head
        press_tab electrum-cli balance --net
        press_tab electrum-cli balance --auth
        press_tab electrum-cli balance --pad
        press_tab electrum-cli watch --inde
        press_tab electrum-cli completions z
        press_tab electrum-cli tx --he
        press_tab electrum-cli --verb
    "#;
    let script = prefix.join("share/bash-completion/completions/electrum-cli");
    let done = succeeded(Command::new("bash").args(["--norc", "-c", ask, "bash"]).arg(script));
    let shown = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(
        shown.lines().collect::<Vec<_>>(),
        [
            "balance",
            "header headers",
            "--network",
            "--authorization-file",
            "--padding",
            "--indexes",
            "zsh",
            "--hex --help",
            "--verbose"
        ]
    );
}

#[test]
fn other_shells_find_no_fault_with_their_completions_where_they_are_installed() {
    let folder = tempfile::tempdir().expect("a folder");
    for (shell, check) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let script = folder.path().join(shell);
        fs::write(&script, run(&["completions", shell]).lines.join("\n")).expect("a folder of our own");
        let done = Command::new(shell).args(check).arg(&script).output();
        match done {
            Ok(done) => assert!(done.status.success(), "{shell}: {}", String::from_utf8_lossy(&done.stderr)),
            // bash is everywhere where the tests run, the others are not.
            Err(error) => assert!(shell != "bash" && error.kind() == std::io::ErrorKind::NotFound, "{shell}: {error}"),
        }
    }
}

#[test]
fn a_manual_page_is_one_for_groff() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(run(&["man", folder.path().to_str().expect("UTF-8")]).code, Some(0));
    let page = fs::read_to_string(folder.path().join("electrum-cli-watch.1")).expect("it was written");
    assert!(
        page.contains(".TH") && page.contains(".SH SYNOPSIS") && page.contains("--indexes")
            || page.contains(r"\-\-indexes")
    );
    let done =
        Command::new("groff").args(["-man", "-Tascii", "-ww"]).arg(folder.path().join("electrum-cli-watch.1")).output();
    match done {
        Ok(done) => assert_eq!(String::from_utf8_lossy(&done.stderr), ""),
        // It need not be installed.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}
