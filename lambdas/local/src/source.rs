//! Reads a version of a file, and notices when it stops being that version. A file that is written
//! while it is read would give rows that no version has.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::versions::Stamp;

/// An open file whose bytes are those of one version.
pub struct Source {
    file: File,
    path: PathBuf,
    stamp: Stamp,
    read: Arc<AtomicU64>,
}

impl Source {
    /// Opens a file that has that stamp. `read` counts what is read.
    pub fn open(path: PathBuf, stamp: Stamp, read: Arc<AtomicU64>) -> io::Result<Self> {
        let source = Self { file: File::open(&path)?, path, stamp, read };
        source.check()?;
        Ok(source)
    }

    /// The file itself; whoever reads from it calls [`Source::check`] afterwards.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Whether it is still the same version.
    pub fn check(&self) -> io::Result<()> {
        if Stamp::of(&self.file.metadata()?) == self.stamp {
            return Ok(());
        }
        let what = format!("{} was written while it was read; the next run takes it", self.path.display());
        Err(io::Error::other(what))
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.check()?;
        }
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_that_is_written_while_it_is_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "rows").unwrap();
        let stamp = Stamp::of(&std::fs::metadata(&path).unwrap());
        let read = Arc::new(AtomicU64::new(0));
        let mut text = String::new();
        Source::open(path.clone(), stamp, read.clone()).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), read.load(Ordering::Relaxed)), ("rows", 4));

        let mut source = Source::open(path.clone(), stamp, read.clone()).unwrap();
        source.read_exact(&mut [0; 2]).unwrap();
        std::fs::File::options().append(true).open(&path).unwrap().write_all(b" and more").unwrap();
        let error = source.read_to_string(&mut String::new()).unwrap_err();
        assert!(error.to_string().contains("was written while it was read"), "{error}");
        assert!(Source::open(path, stamp, read).is_err(), "nor is it opened as what it was");
    }
}
