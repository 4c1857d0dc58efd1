//! What the figures were taken on.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use nix::sys::utsname::uname;

/// Machine, kernel, toolchain and versions, a line each.
pub fn describe() -> Vec<String> {
    let kernel = uname().map(|name| {
        let part = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
        format!("{} {} {}", part(name.sysname()), part(name.release()), part(name.machine()))
    });
    vec![
        format!("Processor: {}, {} cores", processor(), std::thread::available_parallelism().map_or(0, usize::from)),
        format!("Memory: {} MiB", memory()),
        format!("Kernel: {}", kernel.unwrap_or_default()),
        format!("Toolchain: {}", said("rustc", &["--version"])),
        format!("Crates: {}", crates()),
    ]
}

/// What a program prints, its last newline cut.
pub fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("unknown", |(_, model)| model).to_owned()
}

fn memory() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().split(' ').next()?.parse().ok());
    total.map_or(0, |kib: u64| kib / 1024)
}

/// The versions that were linked, from the lock file.
fn crates() -> String {
    const NAMED: [&str; 12] = [
        "electrum-proto",
        "electrum-blocking",
        "electrum-smol",
        "electrum-tokio",
        "electrum-client",
        "electrum_streaming_client",
        "tokio",
        "tungstenite",
        "smol",
        "serde_json",
        "bitcoin",
        "hex-conservative",
    ];
    let lock = include_str!("../Cargo.lock");
    let quoted = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
    let mut found = BTreeSet::new();
    let mut lines = lock.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("name = ") && NAMED.contains(&quoted(line).as_str()) {
            let version = lines.peek().map(|line| quoted(line)).unwrap_or_default();
            found.insert(format!("{} {version}", quoted(line)));
        }
    }
    found.into_iter().collect::<Vec<_>>().join(", ")
}
