//! A store of certificate pins in a text file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use electrum_transport::Pin;

use crate::pins::{PinError, PinStore};

/// A store of certificate pins in a text file that people can read and edit: one server a line as
/// `host:port fingerprint`, and comments after `#`.
///
/// Several processes may share the file. It is replaced as a whole by a rename, so that a reader sees the old or the
/// new one. A writer locks another file beside it, and the system releases that lock when the process ends. The file
/// and its folder are made when the first pin is stored.
///
/// ```
/// use electrum_session::transport::Pin;
/// use electrum_session::{Config, FilePins, PinStore};
/// use std::sync::Arc;
///
/// # let folder = std::env::temp_dir().join(format!("electrum-file-pins-{}", std::process::id()));
/// let path = folder.join("pins");
/// let mut config = Config::new(["ssl://electrum.example:50002".parse()?]);
/// config.pins = Arc::new(FilePins::new(&path));
/// // What the client does when a web CA vouches for the server's certificate:
/// config.pins.replace("electrum.example", 50002, None, Some(Pin::WebCa))?;
/// assert!(std::fs::read_to_string(&path)?.ends_with("\nelectrum.example:50002 web-ca\n"));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FilePins {
    path: PathBuf,
}

const HEADER: &str = "\
# Certificates of Electrum servers, by the SHA-256 fingerprint that each server showed first.
# Compare: openssl s_client -connect HOST:PORT </dev/null | openssl x509 -noout -fingerprint -sha256
# To accept a server's next certificate, delete its line. \"web-ca\" stands for any that a web CA vouches for.
";

impl FilePins {
    /// Makes a store in the file at `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Content, PinError> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Content::parse(&text)
                .map_err(|line| PinError::Malformed { path: self.path.display().to_string(), line }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Content::default()),
            Err(error) => Err(io_error("read from", &self.path, &error)),
        }
    }

    /// Reads, changes and writes the file under its lock. `change` returns whether there is something to write.
    fn update<T>(&self, change: impl FnOnce(&mut Content) -> (T, bool)) -> Result<T, PinError> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|error| io_error("written to", &self.path, &error))?;
        }
        // The lock file is never deleted: otherwise one writer could lock the old file while another locks a new one.
        let lock_path = self.beside(".lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .and_then(|lock| fs4::FileExt::lock(&lock).map(|()| lock))
            .map_err(|error| io_error("locked by", &lock_path, &error))?;
        let mut content = self.read()?;
        let (result, changed) = change(&mut content);
        if changed {
            self.write(&content.to_text()).map_err(|error| io_error("written to", &self.path, &error))?;
        }
        // Closing the file releases the lock.
        drop(lock);
        Ok(result)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let temporary = self.beside(".new");
        let mut file = File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        // Synced before the rename, or a power cut could leave an empty file under the right name.
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary, &self.path)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        name.into()
    }
}

impl PinStore for FilePins {
    fn get(&self, host: &str, port: u16) -> Result<Option<Pin>, PinError> {
        Ok(self.read()?.get(&key(host, port)))
    }

    fn replace(&self, host: &str, port: u16, old: Option<Pin>, new: Option<Pin>) -> Result<Option<Pin>, PinError> {
        let key = key(host, port);
        self.update(|content| {
            let stored = content.get(&key);
            if stored != old || old == new {
                return (stored, false);
            }
            content.set(&key, new);
            (new, true)
        })
    }
}

fn key(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}

fn io_error(doing: &'static str, path: &Path, error: &io::Error) -> PinError {
    PinError::Io { doing, path: path.display().to_string(), kind: error.kind(), reason: error.to_string() }
}

/// The lines of the file, with the comments that people wrote.
#[derive(Debug, Default)]
struct Content {
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    Comment(String),
    Pin { key: String, pin: Pin, comment: String },
}

impl Content {
    /// Parses the file. The error is the number of a line that is not a pin.
    fn parse(text: &str) -> Result<Self, usize> {
        let mut content = Self::default();
        for (i, line) in text.lines().enumerate() {
            let (words, comment) = line.split_at(line.find('#').unwrap_or(line.len()));
            let mut words = words.split_whitespace();
            let parsed = match (words.next(), words.next(), words.next()) {
                (None, ..) => Line::Comment(line.to_owned()),
                (Some(key), Some(pin), None) => {
                    let (key, comment) = (key.to_owned(), comment.to_owned());
                    Line::Pin { pin: pin.parse().map_err(|_| i + 1)?, key, comment }
                }
                _ => return Err(i + 1),
            };
            // Two pins of one server are an error: which one holds must not depend on their order.
            if matches!(&parsed, Line::Pin { key, .. } if content.get(key).is_some()) {
                return Err(i + 1);
            }
            content.lines.push(parsed);
        }
        Ok(content)
    }

    fn get(&self, wanted: &str) -> Option<Pin> {
        self.lines.iter().find_map(|line| match line {
            Line::Pin { key, pin, .. } if key.eq_ignore_ascii_case(wanted) => Some(*pin),
            _ => None,
        })
    }

    fn set(&mut self, wanted: &str, new: Option<Pin>) {
        let place = self
            .lines
            .iter()
            .position(|line| matches!(line, Line::Pin { key, .. } if key.eq_ignore_ascii_case(wanted)));
        match (place, new) {
            (Some(place), Some(new)) => {
                if let Line::Pin { pin, .. } = &mut self.lines[place] {
                    *pin = new;
                }
            }
            (Some(place), None) => drop(self.lines.remove(place)),
            (None, Some(pin)) => {
                self.lines.push(Line::Pin { key: wanted.to_owned(), pin, comment: String::new() });
            }
            (None, None) => {}
        }
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        if !matches!(self.lines.first(), Some(Line::Comment(_))) {
            text.push_str(HEADER);
        }
        for line in &self.lines {
            match line {
                Line::Comment(comment) => text.push_str(comment),
                Line::Pin { key, pin, comment } => {
                    text.push_str(&format!("{key} {pin}"));
                    if !comment.is_empty() {
                        text.push_str(&format!(" {comment}"));
                    }
                }
            }
            text.push('\n');
        }
        text
    }
}
