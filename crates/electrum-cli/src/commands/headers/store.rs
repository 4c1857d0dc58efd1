//! The destination of headers: a file, which is continued, or standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use electrum_smol::proto::types::RawHeader;

use crate::stop::Stop;

const SIZE: u64 = 80;

/// A sequence of headers in a file or on standard output.
#[derive(Debug)]
pub(super) struct Store<'a> {
    path: &'a Path,
    pub(super) from: u32,
    /// The height of the header that comes next.
    pub(super) next: u32,
    pub(super) last: Option<RawHeader>,
    is_stdout: bool,
    file: Option<File>,
}

impl<'a> Store<'a> {
    /// Opens the file, if it exists. It is not created before the first header is written.
    pub(super) fn open(path: &'a Path, from: u32) -> Result<Self, Stop> {
        let is_stdout = path == Path::new("-");
        let mut store = Self { path, from, next: from, last: None, is_stdout, file: None };
        if is_stdout {
            return Ok(store);
        }
        let length = match path.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(store),
            Err(error) => return Err(store.failed(&error)),
        };
        let count = length / SIZE;
        store.next = u32::try_from(u64::from(from) + count)
            .map_err(|_| Stop::Usage(format!("{} is too long to be a file of headers", path.display())))?;
        if count > 0 {
            store.last = Some(store.header(store.next - 1)?);
        } else if length > 0 {
            return Err(Stop::Usage(format!("{} is no file of headers, which have 80 bytes each", path.display())));
        }
        Ok(store)
    }

    /// Returns the name of the file, for people.
    pub(super) fn name(&self) -> String {
        if self.is_stdout { "standard output".into() } else { self.path.to_string_lossy().into_owned() }
    }

    pub(super) const fn is_stdout(&self) -> bool {
        self.is_stdout
    }

    /// Reads the header at a height that the file has.
    pub(super) fn header(&self, height: u32) -> Result<RawHeader, Stop> {
        self.read(height, 1)?.pop().ok_or_else(|| self.failed(&io::ErrorKind::UnexpectedEof.into()))
    }

    /// Reads `count` headers from a height on, all of which the file has.
    pub(super) fn read(&self, height: u32, count: u32) -> Result<Vec<RawHeader>, Stop> {
        let read = || -> io::Result<Vec<RawHeader>> {
            let mut file = File::open(self.path)?;
            file.seek(SeekFrom::Start(u64::from(height - self.from) * SIZE))?;
            let headers = (0..count).map(|_| {
                let mut bytes = [0; SIZE as usize];
                file.read_exact(&mut bytes).map(|()| RawHeader::from_bytes(bytes))
            });
            headers.collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Reads all headers of the file, 80 bytes each.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Stop> {
        let mut bytes = std::fs::read(self.path).map_err(|error| self.failed(&error))?;
        let length = u64::from(self.next - self.from) * SIZE;
        bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    /// Appends headers.
    pub(super) fn append(&mut self, headers: &[RawHeader]) -> Result<(), Stop> {
        self.replace(self.next, headers)
    }

    /// Overwrites the headers from a height on, with at least as many, so that the file never gets shorter.
    pub(super) fn replace(&mut self, height: u32, headers: &[RawHeader]) -> Result<(), Stop> {
        let bytes: Vec<u8> = headers.iter().flat_map(|header| *header.as_bytes()).collect();
        let written = self.write(u64::from(height - self.from) * SIZE, &bytes);
        written.map_err(|error| self.failed(&error))?;
        self.next = height + u32::try_from(headers.len()).unwrap_or(u32::MAX);
        self.last = headers.last().copied().or(self.last);
        Ok(())
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if self.is_stdout {
            return io::stdout().lock().write_all(bytes);
        }
        if self.file.is_none() {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(self.path)?;
            // Cuts off the part of a header that an interrupted run has left.
            file.set_len(u64::from(self.next - self.from) * SIZE)?;
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }

    /// Syncs the file to disk.
    pub(super) fn finish(&self) -> Result<(), Stop> {
        if self.is_stdout {
            return Ok(io::stdout().lock().flush()?);
        }
        let Some(file) = &self.file else { return Ok(()) };
        file.sync_all().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Stop {
        // Keeps the kind: a broken pipe only means that the reader of standard output has ended.
        Stop::Output(io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))
    }
}
