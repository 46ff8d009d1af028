//! Room to write, in memory.

use std::io::{self, Write};

use crate::ports::{Content, Scratch, Spool};

/// Spools in memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryScratch;

impl Scratch for MemoryScratch {
    fn spool(&self) -> io::Result<Box<dyn Spool>> {
        Ok(Box::new(MemorySpool(Vec::new())))
    }
}

struct MemorySpool(Vec<u8>);

impl Write for MemorySpool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Spool for MemorySpool {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn finish(self: Box<Self>) -> io::Result<Content> {
        Ok(self.0.into())
    }
}
