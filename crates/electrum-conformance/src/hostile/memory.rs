//! Reads how much memory this process uses, if the system reports it.

/// Returns the number of bytes in use.
pub(super) fn in_use() -> u64 {
    read("VmRSS:")
}

/// Returns the maximum number of bytes that were in use.
pub(super) fn peak() -> u64 {
    read("VmHWM:")
}

/// Reads a value from the status of the process: zero on systems other than Linux.
fn read(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn what_was_in_use_once_is_seen_in_the_peak() {
        let before = super::in_use();
        assert!(before > 0);
        drop(std::hint::black_box(vec![1_u8; 48 << 20]));
        assert!(super::peak() - before >= 40 << 20);
    }
}
