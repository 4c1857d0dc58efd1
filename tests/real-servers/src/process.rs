//! Processes that end with the test, however the test ends.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Asks again until there is an answer; what is awaited is named when `bound` has passed.
///
/// # Panics
/// When `bound` passes.
#[track_caller]
pub fn until<T>(bound: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < bound, "waited {bound:?} in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A child that is killed when this is dropped, and by a watchdog when our own process dies first.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    log: PathBuf,
    child: Child,
    watchdog: Child,
}

impl Process {
    /// Starts `command`; what it prints is added to the file `log`.
    /// `scratch` is removed by the watchdog, for then nothing else does.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path, scratch: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log).expect("the log can be opened");
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone().expect("the log can be shared"))
            .stderr(out)
            // Ctrl-C on a terminal reaches the test, whose end then ends this one.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        // It waits for the end of its stdin, which comes when our process is gone, whatever ended it.
        let watchdog = Command::new("sh")
            .args(["-c", "read -r _; kill -9 \"$1\"; rm -rf -- \"$2\"", "sh"])
            .arg(child.id().to_string())
            .arg(scratch)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh starts");
        Self { name: name.to_owned(), log: log.to_owned(), child, watchdog }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal by its short name, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let status =
            Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().expect("kill starts");
        assert!(status.success(), "{} is not there to get SIG{name}", self.name);
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self, bound: Duration) {
        let what = format!("the end of {}", self.name);
        until(bound, &what, || (!self.is_running()).then_some(()));
    }

    /// SIGKILL, and waits for the end.
    pub(crate) fn kill(&mut self) {
        // The watchdog first: once the child is gone its number may be another's.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The end of its log, for messages.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let from = log.len().saturating_sub(3000);
        format!("log of {}:\n{}", self.name, String::from_utf8_lossy(&log[from..]))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("{}", self.log_tail());
        }
    }
}

/// A port that was free a moment ago. Another process may be faster, so callers try again with another one.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("loopback has a free port")
        .port()
}

/// Whether a process listens on this port of loopback.
pub(crate) fn listens(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1))
        // The port may be one that the system gives to outgoing connections, and then a connection can meet itself.
        .is_ok_and(|stream| stream.local_addr().is_ok_and(|local| local != address))
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::io::{BufRead, BufReader};

    use super::*;

    const CHILD: &str = "REAL_SERVERS_TEST_CHILD";

    /// Starts this very test again as a process that starts a third one, kills the second and sees the third end.
    #[test]
    fn what_a_killed_test_leaves_behind_is_ended() {
        if env::var_os(CHILD).is_some() {
            let dir = tempfile::tempdir().expect("a folder");
            let process =
                Process::start("sleep", Command::new("sleep").arg("600"), &dir.path().join("log"), dir.path());
            println!("started {} {}", process.child.id(), dir.path().display());
            // Until it is killed, or the first process has gone.
            let _ = std::io::stdin().read_line(&mut String::new());
            return;
        }
        let mut second = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "--nocapture", "process::tests::what_a_killed_test_leaves_behind_is_ended"])
            .env(CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let lines = BufReader::new(second.stdout.take().expect("stdout is piped")).lines();
        let started =
            lines.map_while(Result::ok).find_map(|line| line.split_once("started ").map(|(_, rest)| rest.to_owned()));
        let started = started.expect("the second process says what it started");
        let (third, dir) = started.split_once(' ').expect("a number and a folder");
        assert!(runs(third));
        second.kill().expect("the second process can be killed");
        second.wait().expect("the second process ends");
        until(Duration::from_secs(20), "the end of the third process", || (!runs(third)).then_some(()));
        until(Duration::from_secs(20), "the removal of its folder", || (!Path::new(dir).exists()).then_some(()));
    }

    #[test]
    fn a_dropped_process_is_gone() {
        let dir = tempfile::tempdir().expect("a folder");
        let process = Process::start("sleep", Command::new("sleep").arg("600"), &dir.path().join("log"), dir.path());
        let id = process.child.id().to_string();
        assert!(runs(&id));
        drop(process);
        assert!(!runs(&id));
        assert!(dir.path().exists());
    }

    /// Whether a process of this number is there and has not ended; an orphan that no process waits for has.
    fn runs(id: &str) -> bool {
        let stat = fs::read_to_string(Path::new("/proc").join(id).join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }
}
