//! Room to write: in memory up to a bound, then on the disk that the lake lies on, since the system's
//! temporary folder is often small.

use std::io::{self, Seek, Write};
use std::path::PathBuf;

use tarn_core::ports::{Content, Scratch, Spool};
use tempfile::{SpooledData, SpooledTempFile, spooled_tempfile_in};

/// What stays in memory; larger content goes to a file.
const IN_MEMORY_BYTES: usize = 8 << 20;

/// Spools in a folder. Its files have no name and vanish with the process.
#[derive(Debug, Clone)]
pub struct FolderScratch {
    folder: PathBuf,
}

impl FolderScratch {
    /// Room in a folder that is there.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

impl Scratch for FolderScratch {
    fn spool(&self) -> io::Result<Box<dyn Spool>> {
        Ok(Box::new(FolderSpool { file: spooled_tempfile_in(IN_MEMORY_BYTES, &self.folder), written: 0 }))
    }
}

struct FolderSpool {
    file: SpooledTempFile,
    written: u64,
}

impl Write for FolderSpool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Spool for FolderSpool {
    fn len(&self) -> u64 {
        self.written
    }

    fn finish(self: Box<Self>) -> io::Result<Content> {
        match self.file.into_inner() {
            SpooledData::InMemory(bytes) => Ok(Content::Bytes(bytes.into_inner().into())),
            SpooledData::OnDisk(mut file) => {
                file.rewind()?;
                Ok(Content::File(file))
            }
        }
    }
}
