//! Reads a version of a file, and notices when it stops being that version. A file that is written
//! while it is read would give rows that no version has.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
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
    /// How many bytes are still to come, where only a range is read.
    left: Option<u64>,
}

impl Source {
    /// Opens a file that has that stamp. `read` counts what is read.
    pub fn open(path: PathBuf, stamp: Stamp, read: Arc<AtomicU64>) -> io::Result<Self> {
        let source = Self { file: File::open(&path)?, path, stamp, read, left: None };
        source.check()?;
        Ok(source)
    }

    /// Only those bytes of it.
    pub fn range(mut self, range: Range<u64>) -> io::Result<Self> {
        self.file.seek(SeekFrom::Start(range.start))?;
        self.left = Some(range.end.saturating_sub(range.start));
        Ok(self)
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
        let most = self
            .left
            .map_or(buffer.len(), |left| buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        let read = self.file.read(buffer.get_mut(..most).unwrap_or_default())?;
        if read == 0 && !buffer.is_empty() {
            self.check()?;
            if self.left.is_some_and(|left| left > 0) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.left = self.left.map(|left| left - read as u64);
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

    #[test]
    fn a_range_is_read_exactly_and_a_file_that_is_written_meanwhile_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "some rows").unwrap();
        let stamp = Stamp::of(&std::fs::metadata(&path).unwrap());
        let open = |range| Source::open(path.clone(), stamp, Arc::default()).unwrap().range(range).unwrap();
        let mut text = String::new();
        open(5..7).read_to_string(&mut text).unwrap();
        assert_eq!(text, "ro");
        let error = open(5..10).read_to_string(&mut String::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let mut source = open(0..4);
        std::fs::File::options().append(true).open(&path).unwrap().write_all(b" and more").unwrap();
        assert!(source.read_to_string(&mut text).is_err());
    }
}
