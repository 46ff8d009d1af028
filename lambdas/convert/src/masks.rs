//! Sixty-four bytes at a time: one bit for each byte that is of a kind.
//!
//! `wide` gives the vector instructions that every processor of a kind has (SSE2, NEON), and
//! loops where there are none; it keeps the `unsafe` that they need.

use std::ops::Range;

use wide::u8x32;

/// Bytes of one step.
pub(crate) const STEP: usize = 64;
const PARTS: usize = STEP / 32;

/// A byte to look for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted(u8x32);

impl Wanted {
    #[inline]
    pub fn new(byte: u8) -> Self {
        Self(u8x32::splat(byte))
    }
}

/// A step in registers.
#[derive(Clone, Copy)]
pub(crate) struct Bytes64([u8x32; PARTS]);

impl Bytes64 {
    #[inline]
    pub fn load(bytes: &[u8; STEP]) -> Self {
        let (parts, _) = bytes.as_chunks::<32>();
        Self(std::array::from_fn(|part| u8x32::new(parts[part])))
    }

    /// Which bytes equal one.
    #[inline]
    pub fn equal(&self, wanted: Wanted) -> u64 {
        self.mask(|part| part.simd_eq(wanted.0))
    }

    /// Which bytes hit, where a hit is all ones in a byte.
    #[inline(always)]
    pub fn mask(&self, hits: impl Fn(u8x32) -> u8x32) -> u64 {
        let mask = |part: usize| u64::from(hits(self.0[part]).to_bitmask());
        mask(0) | mask(1) << 32
    }
}

/// Whether a byte stands in a part of a text. A short part costs no call and no loop: it is looked at
/// with what follows it.
#[inline(always)]
pub(crate) fn holds(text: &[u8], part: Range<usize>, byte: u8) -> bool {
    let step = text.get(part.start..).and_then(|rest| rest.first_chunk::<STEP>());
    match step {
        Some(step) if part.len() < STEP => {
            Bytes64::load(step).equal(Wanted::new(byte)) & ((1 << part.len()) - 1) != 0
        }
        _ => memchr::memchr(byte, text.get(part).unwrap_or_default()).is_some(),
    }
}

/// What bytes have been seen that need a closer look.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    least: u8x32,
    all: u8x32,
}

impl Seen {
    #[inline]
    pub fn nothing() -> Self {
        Self { least: u8x32::splat(u8::MAX), all: u8x32::splat(0) }
    }

    #[inline]
    pub fn note(&mut self, bytes: &Bytes64) {
        for part in bytes.0 {
            self.least = self.least.min(part);
            self.all |= part;
        }
    }

    pub fn nul(&self) -> bool {
        self.least.to_array().contains(&0)
    }

    pub fn beyond_ascii(&self) -> bool {
        !self.all.to_array().is_ascii()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_in_a_part_and_not_around_it() {
        for length in [0, 1, 2, STEP - 1, STEP, STEP + 1, 200] {
            for behind in [0, 1, STEP, 100] {
                let mut text = vec![b'x'; 1 + length + behind];
                text[0] = b'"';
                text[1 + length..].fill(b'"');
                assert!(!holds(&text, 1..1 + length, b'"'), "{length} {behind}");
                for place in 1..=length {
                    text[place] = b'"';
                    assert!(holds(&text, 1..1 + length, b'"'), "{length} {behind} {place}");
                    text[place] = b'x';
                }
            }
        }
    }

    #[test]
    fn vectors_find_what_a_loop_finds() {
        let mut state = 1u64;
        for round in 0..4000 {
            let bytes: [u8; STEP] = std::array::from_fn(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let byte = (state >> 40) as u8;
                if round % 2 == 0 { b",\n\"\r\0\x80\xff\x01"[usize::from(byte % 8)] } else { byte }
            });
            let loaded = Bytes64::load(&bytes);
            for byte in [b',', b'\n', 0, 0x80, 0xff, 1] {
                let bits = bytes.iter().enumerate();
                let looped = bits.fold(0, |mask, (at, found)| mask | u64::from(*found == byte) << at);
                assert_eq!(loaded.equal(Wanted::new(byte)), looped);
            }
            let mut seen = Seen::nothing();
            seen.note(&loaded);
            assert_eq!((seen.nul(), seen.beyond_ascii()), (bytes.contains(&0), !bytes.is_ascii()));
        }
    }
}
