//! The example, run as the program that it is.

use std::process::Command;

#[test]
fn ten_subscriptions_survive_a_reconnection_in_64_kib() {
    let run = Command::new(env!("CARGO_BIN_EXE_electrum-bare")).output().expect("the program runs");
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{output}{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(output.matches("Bare 1.0 speaks 1.4").count(), 2, "{output}");
    assert_eq!(output.matches(": Subscribed").count(), 10, "{output}");
    assert_eq!(output.matches("disconnected: ").count(), 1, "{output}");
    assert_eq!(output.matches(": Resumed").count(), 1, "{output}");
    let (_, peak) = output.split_once("peak heap: ").expect("the peak is printed");
    let peak: usize = peak.split(' ').next().and_then(|bytes| bytes.parse().ok()).expect("it is a number of bytes");
    assert!(peak <= 64 * 1024, "{output}");
}
