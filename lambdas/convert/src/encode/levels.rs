//! Which rows of a page have a value.

use super::runs;

/// Bits of rows, one for a value. As long as every row has one, rows are only counted.
#[derive(Default)]
pub(crate) struct Levels {
    bits: Vec<u8>,
    rows: usize,
    nulls: usize,
}

/// A place to come back to.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    rows: usize,
    nulls: usize,
}

impl Levels {
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn nulls(&self) -> usize {
        self.nulls
    }

    /// Appends up to 64 rows; bits beyond `count` are zero.
    #[inline]
    pub fn push(&mut self, present: u64, count: usize) {
        let ones = if count == 64 { u64::MAX } else { (1 << count) - 1 };
        if self.nulls > 0 || present != ones {
            self.push_bits(present, count, ones);
        }
        self.rows += count;
    }

    fn push_bits(&mut self, present: u64, count: usize, ones: u64) {
        if self.nulls == 0 {
            self.fill_with_ones();
        }
        self.nulls += (present ^ ones).count_ones() as usize;
        let used = self.rows % 8;
        let shifted = u128::from(present) << used;
        if used > 0
            && let Some(last) = self.bits.last_mut()
        {
            *last |= shifted as u8;
        }
        let skipped = usize::from(used > 0);
        let bytes = shifted.to_le_bytes();
        self.bits.extend_from_slice(bytes.get(skipped..(used + count).div_ceil(8)).unwrap_or_default());
    }

    fn fill_with_ones(&mut self) {
        self.bits.clear();
        self.bits.resize(self.rows / 8, 0xff);
        if !self.rows.is_multiple_of(8) {
            self.bits.push((1 << (self.rows % 8)) - 1);
        }
    }

    pub fn mark(&self) -> Mark {
        Mark { rows: self.rows, nulls: self.nulls }
    }

    pub fn back_to(&mut self, mark: Mark) {
        (self.rows, self.nulls) = (mark.rows, mark.nulls);
        if self.nulls > 0 {
            self.bits.truncate(self.rows.div_ceil(8));
            if let Some(last) = self.bits.last_mut().filter(|_| !mark.rows.is_multiple_of(8)) {
                *last &= (1 << (mark.rows % 8)) - 1;
            }
        }
    }

    /// Appends them as definition levels.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self.nulls {
            0 => runs::run(1, self.rows, 1, out),
            _ => runs::levels(&self.bits, self.rows, out),
        }
    }

    pub fn clear(&mut self) {
        (self.rows, self.nulls) = (0, 0);
        self.bits.clear();
    }
}
