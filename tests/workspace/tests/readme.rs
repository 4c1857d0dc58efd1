//! The commands of the README, and those of other documents that add crates.

use std::process::Command;

use workspace_tests::files::{cargo, read, root};

#[test]
fn the_first_two_commands_are_what_the_checks_run() {
    let readme = read("README.md");
    let block = readme.split("```").nth(1).expect("a block of code");
    let commands: Vec<_> = block.strip_prefix("sh\n").expect("commands come first").lines().collect();
    assert_eq!(commands, ["cargo run --release", "cargo test --workspace"]);
    let checks = read(".ci/run");
    for command in commands {
        let runs = |line: &str| line.trim().starts_with("step ") && line.ends_with(&format!("\" {command}"));
        assert!(checks.lines().any(runs), "{command}");
    }
}

#[test]
fn the_first_command_starts_the_tool() {
    assert!(read("Cargo.toml").contains("default-members = [\"crates/electrum-cli\"]"));
    // The installed tool shows its help instead.
    assert!(read(".cargo/config.toml").contains("ELECTRUM_CLI_DEFAULT_ARGUMENTS = \"probe --families\""));
}

/// The tests of the tool run all commands of its own README.
#[test]
fn every_command_of_the_tool_is_one_that_its_tests_run() {
    let of_the_tool = commands("crates/electrum-cli/README.md", "electrum-cli ");
    let shown = commands("README.md", "electrum-cli ");
    assert!(!shown.is_empty());
    for command in shown {
        assert!(of_the_tool.contains(&command), "{command} is not in crates/electrum-cli/README.md");
    }
}

#[test]
fn the_fake_server_that_the_readme_starts_serves() {
    let shown = commands("README.md", "cargo run -p electrum-testkit ");
    let [command] = &shown[..] else { panic!("one command: {shown:?}") };
    let arguments = command.strip_prefix("cargo run").expect("it begins so").replace(" 50001", " 0");
    // It serves until its input ends, which is at once.
    let url = cargo(&format!("run --quiet {arguments}"));
    assert!(url.starts_with("tcp://127.0.0.1:"), "{url}");
}

#[test]
fn the_crates_that_documents_add_can_be_added() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-add");
    std::fs::create_dir_all(folder.join("src")).expect("a folder in target");
    let manifest = "[package]\nname = \"wallet\"\nedition = \"2024\"\n\n[workspace]\n";
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a new file");
    std::fs::write(folder.join("src/lib.rs"), "").expect("a new file");
    // The versions of this workspace, which are on this machine.
    std::fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
    let crates = root().join("crates/").display().to_string();
    let cargo = |arguments: &str| {
        let arguments =
            arguments.split_whitespace().map(|argument| argument.replace("electrum-proto/crates/", &crates));
        let run = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
            .args(arguments)
            .arg("--offline")
            .current_dir(&folder)
            .output()
            .expect("cargo runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    };
    for document in ["README.md", "docs/embedding.md", "docs/property-testing.md", "docs/fuzzing.md"] {
        // Those of others are wherever Cargo finds them.
        let is_ours = |command: &String| command.contains(" --path ");
        let shown: Vec<_> = commands(document, "cargo add ").into_iter().filter(is_ours).collect();
        assert!(!shown.is_empty(), "{document}");
        for command in shown {
            cargo(command.strip_prefix("cargo ").expect("it begins so"));
        }
    }
    cargo("metadata --format-version 1");
}

/// The lines of code in a document that begin so, without comments.
fn commands(document: &str, beginning: &str) -> Vec<String> {
    let text = read(document);
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let lines = blocks.flat_map(str::lines).filter(|line| line.starts_with(beginning));
    lines.map(|line| line.split("  #").next().unwrap_or_default().trim().to_owned()).collect()
}
