//! The file of pins: readable, editable, whole at any moment, shared by processes.
#![cfg(feature = "tls")]

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

use electrum_session::transport::{Fingerprint, Pin};
use electrum_session::{FilePins, PinError, PinStore};

/// A folder of this test's own, empty at first.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("file-pins").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    folder
}

fn pin(byte: u8) -> Pin {
    Pin::Certificate(Fingerprint::from_bytes([byte; 32]))
}

#[test]
fn keeps_replaces_and_forgets() {
    let path = folder("keeps").join("deep/down/pins");
    let pins = FilePins::new(&path);
    assert_eq!(pins.get("a.example", 1), Ok(None));
    assert!(!path.exists(), "reading makes nothing");
    assert_eq!(pins.replace("a.example", 1, None, Some(pin(1))), Ok(Some(pin(1))));
    assert_eq!(pins.replace("a.example", 1, None, Some(pin(2))), Ok(Some(pin(1))), "the first one stays");
    assert_eq!(pins.replace("[2001:db8::1]", 50002, None, Some(Pin::WebCa)), Ok(Some(Pin::WebCa)));
    // Another process sees the same.
    let other = FilePins::new(&path);
    assert_eq!(other.get("a.example", 1), Ok(Some(pin(1))));
    assert_eq!(other.get("a.example", 2), Ok(None));
    assert_eq!(other.get("[2001:db8::1]", 50002), Ok(Some(Pin::WebCa)));
    assert_eq!(other.replace("a.example", 1, Some(pin(1)), Some(pin(3))), Ok(Some(pin(3))));
    assert_eq!(pins.get("a.example", 1), Ok(Some(pin(3))));
    assert_eq!(pins.replace("a.example", 1, Some(pin(1)), None), Ok(Some(pin(3))), "it is another one by now");
    assert_eq!(pins.replace("a.example", 1, Some(pin(3)), None), Ok(None));
    assert_eq!(pins.replace("a.example", 1, None, None), Ok(None));
    assert_eq!(other.get("a.example", 1), Ok(None));
    assert_eq!(other.get("[2001:db8::1]", 50002), Ok(Some(Pin::WebCa)));
}

#[test]
fn what_people_wrote_stays() {
    let path = folder("people").join("pins");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let digits = "ab".repeat(32);
    fs::write(&path, format!("# mine\r\n\nA.example:50002   {digits}  # asked Bob\n  # end\n")).unwrap();
    let pins = FilePins::new(&path);
    assert_eq!(pins.get("a.example", 50002), Ok(Some(pin(0xab))));
    pins.replace("b.example", 50002, None, Some(pin(0xcd))).unwrap();
    let (ab, cd) = (["AB"; 32].join(":"), ["CD"; 32].join(":"));
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("# mine\n\nA.example:50002 {ab} # asked Bob\n  # end\nb.example:50002 {cd}\n")
    );
}

#[test]
fn a_new_file_explains_itself() {
    let path = folder("explains").join("pins");
    FilePins::new(&path).replace("a.example", 50002, None, Some(pin(0xab))).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# Certificates of Electrum servers"), "{text}");
    assert!(text.ends_with(&format!("\na.example:50002 {}\n", ["AB"; 32].join(":"))), "{text}");
}

#[test]
fn a_broken_line_is_an_error_and_never_no_pin() {
    let path = folder("broken").join("pins");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let good = format!("a.example:1 {}", "00".repeat(32));
    for bad in ["a.example:1", "a.example:1 00", "b.example:1 xyz", "a b c", &format!("{good} more"), &good] {
        let text = format!("# head\n{good}\n{bad}\n");
        fs::write(&path, &text).unwrap();
        let pins = FilePins::new(&path);
        let error = PinError::Malformed { path: path.display().to_string(), line: 3 };
        assert_eq!(pins.get("c.example", 1), Err(error.clone()), "{bad}");
        assert_eq!(pins.replace("c.example", 1, None, Some(pin(1))), Err(error), "{bad}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "left as it was");
    }
    fs::write(&path, [0xff, 0xfe, 0]).unwrap();
    assert!(matches!(FilePins::new(&path).get("a.example", 1), Err(PinError::Io { kind: ErrorKind::InvalidData, .. })));
}

#[test]
fn a_place_that_cannot_be_written_is_an_error() {
    let folder = folder("nowhere");
    fs::create_dir_all(&folder).unwrap();
    // A folder where the file should be.
    let pins = FilePins::new(&folder);
    assert!(matches!(
        pins.get("a.example", 1),
        Err(PinError::Io { doing: "read from", kind: ErrorKind::IsADirectory, .. })
    ));
    fs::write(folder.join("file"), "").unwrap();
    let below = FilePins::new(folder.join("file/pins"));
    assert!(matches!(below.replace("a.example", 1, None, Some(pin(1))), Err(PinError::Io { .. })));
}

/// Each writer adds pins of its own, and tries to be first with one that all want.
fn write_many(path: PathBuf, writer: u8) -> Pin {
    let pins = FilePins::new(path);
    let first = pins.replace("wanted.example", 1, None, Some(pin(writer))).unwrap().unwrap();
    for port in 1..=30 {
        assert_eq!(pins.replace(&format!("w{writer}.example"), port, None, Some(pin(writer))), Ok(Some(pin(writer))));
    }
    first
}

fn assert_all_there(path: PathBuf, writers: u8) {
    let pins = FilePins::new(path);
    for writer in 0..writers {
        for port in 1..=30 {
            assert_eq!(pins.get(&format!("w{writer}.example"), port), Ok(Some(pin(writer))));
        }
    }
}

#[test]
fn writers_in_threads_lose_nothing_and_agree_on_the_first() {
    let path = folder("threads").join("pins");
    let start = Barrier::new(4);
    let firsts: Vec<_> = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (start, path) = (&start, path.clone());
                scope.spawn(move || {
                    start.wait();
                    write_many(path, writer)
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert!(firsts.iter().all(|first| *first == firsts[0]), "{firsts:?}");
    assert_all_there(path, 4);
}

const PATH: &str = "FILE_PINS_TEST_PATH";
const WRITER: &str = "FILE_PINS_TEST_WRITER";

#[test]
fn writers_in_processes_lose_nothing() {
    let path = folder("processes").join("pins");
    let me = std::env::current_exe().unwrap();
    let children: Vec<_> = (0..3)
        .map(|writer: u8| {
            Command::new(&me)
                .args(["--exact", "--ignored", "one_writer"])
                .env(PATH, &path)
                .env(WRITER, writer.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_all_there(path, 3);
}

#[test]
#[ignore = "the body of a process that writers_in_processes_lose_nothing starts"]
fn one_writer() {
    let path = std::env::var_os(PATH).expect("started by the other test").into();
    write_many(path, std::env::var(WRITER).unwrap().parse().unwrap());
}
