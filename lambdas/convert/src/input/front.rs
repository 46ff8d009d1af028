//! Bytes that were read ahead, and are given out before any other.

#[derive(Default)]
pub(super) struct Front {
    bytes: Vec<u8>,
    at: usize,
}

impl Front {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, at: 0 }
    }

    /// Moves as many bytes as fit to the front of the buffer.
    #[inline]
    pub fn take(&mut self, buffer: &mut [u8]) -> usize {
        if self.at == self.bytes.len() {
            return 0;
        }
        let rest = self.rest();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.skip(count);
        count
    }

    /// What has not been taken.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Drops the first bytes of the rest.
    pub fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.bytes.len());
    }

    /// Takes the memory back, to be filled anew.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
