//! Room to write: in memory up to a bound, then in the function's temporary folder.

use std::io::{self, Seek, Write};

use tarn_core::ports::{Content, Scratch, Spool};
use tempfile::{SpooledData, SpooledTempFile};

/// What stays in memory; larger content goes to a file.
const IN_MEMORY_BYTES: usize = 8 << 20;

/// Spools in the temporary folder. Its files have no name and vanish with the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct TemporaryFiles;

impl Scratch for TemporaryFiles {
    fn spool(&self) -> io::Result<Box<dyn Spool>> {
        Ok(Box::new(TemporarySpool { file: SpooledTempFile::new(IN_MEMORY_BYTES), written: 0 }))
    }
}

struct TemporarySpool {
    file: SpooledTempFile,
    written: u64,
}

impl Write for TemporarySpool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Spool for TemporarySpool {
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
