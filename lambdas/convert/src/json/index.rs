//! Places of all that gives a block its structure, 64 bytes a step: braces, brackets, colons and
//! commas outside of strings, and line ends.
//!
//! It also says which lines are odd, that is not written as machines write: one with something else
//! than such a byte behind a string, or with a control character in one. In every other line a value
//! that begins with a quote ends with its own.

use wide::u8x32;

use crate::masks::{Bytes64, STEP, Seen, Wanted};
use crate::tokens::inside;

/// What a scan found.
#[derive(Default)]
pub(super) struct Index {
    places: Vec<u32>,
    found: usize,
    odd: Vec<u32>,
    /// Behind the last whole line.
    pub end: usize,
    pub ascii: bool,
    pub backslashes: bool,
}

/// What one step ends with, for the next.
#[derive(Default)]
struct Carry {
    /// All ones inside a string.
    open: u64,
    /// Whether the next byte is escaped, or follows a closing quote.
    escaped: u64,
    after_closing: u64,
}

/// The bytes of one step by their kinds.
struct Kinds {
    structure: u64,
    quoted: u64,
    lines: u64,
    odd: u64,
}

impl Index {
    /// Looks through whole lines: those that end before `to`, or the first one if that is longer.
    /// A line in which a string is not closed is the last one.
    pub fn scan(&mut self, text: &[u8], from: usize, to: usize, text_end: usize) {
        let mut carry = Carry::default();
        let mut seen = Seen::nothing();
        (self.found, self.end, self.backslashes) = (0, from, false);
        self.odd.clear();
        let mut at = from;
        while at < to || (self.end == from && at < text_end) {
            let Some(step) = text.get(at..).and_then(|rest| rest.first_chunk()) else { break };
            let bytes = Bytes64::load(step);
            let valid = if text_end - at < STEP { (1 << (text_end - at)) - 1 } else { u64::MAX };
            seen.note(&bytes);
            let kinds = self.kinds(&bytes, valid, &mut carry);
            let open_line = kinds.lines & kinds.quoted;
            // Up to the first line end inside a string.
            let kept = open_line ^ open_line.wrapping_sub(1);
            self.emit(at as u32, (kinds.structure | kinds.lines) & kept);
            self.note_odd(at as u32, kinds.odd & kept);
            let lines = kinds.lines & kept;
            if lines != 0 {
                self.end = at + STEP - lines.leading_zeros() as usize;
            }
            if open_line != 0 {
                break;
            }
            at += STEP;
        }
        self.ascii = !seen.beyond_ascii();
    }

    /// The places, in order.
    pub fn places(&self) -> &[u32] {
        self.places.get(..self.found).unwrap_or_default()
    }

    /// Places in lines that are odd, in order.
    pub fn odd(&self) -> &[u32] {
        &self.odd
    }

    #[inline(always)]
    fn kinds(&mut self, bytes: &Bytes64, valid: u64, carry: &mut Carry) -> Kinds {
        let backslashes = bytes.equal(Wanted::new(b'\\')) & valid;
        let escaped = escaped(backslashes, &mut carry.escaped);
        self.backslashes |= backslashes != 0;
        let quotes = bytes.equal(Wanted::new(b'"')) & valid & !escaped;
        let quoted = inside(quotes, &mut carry.open);
        let structure = structure(bytes) & valid & !quoted;
        let lines = bytes.equal(Wanted::new(b'\n')) & valid;
        let controls = bytes.mask(|part| part.min(u8x32::splat(0x1f)).simd_eq(part));
        let closing = quotes & !quoted;
        let behind_closing = closing << 1 | carry.after_closing;
        let bad_closing = behind_closing & !(structure | lines);
        carry.after_closing = closing >> 63;
        Kinds { structure, quoted, lines, odd: (bad_closing | controls & quoted) & valid }
    }

    /// Writes down the places of a step. So many are always written as nearly every step has, because
    /// how many there are is a branch that a processor guesses wrong; events have 8 in 64 bytes.
    #[inline(always)]
    fn emit(&mut self, base: u32, mut bits: u64) {
        const USUAL: usize = 12;
        let count = bits.count_ones() as usize;
        if self.places.len() < self.found + STEP {
            self.places.resize(self.places.len() * 2 + STEP, 0);
        }
        let free = self.places.get_mut(self.found..).and_then(|free| free.first_chunk_mut::<STEP>());
        let Some(free) = free else { return };
        let mut next = || {
            let place = base + bits.trailing_zeros();
            bits &= bits.wrapping_sub(1);
            place
        };
        free.iter_mut().take(USUAL).for_each(|place| *place = next());
        if count > USUAL {
            free.iter_mut().take(count).skip(USUAL).for_each(|place| *place = next());
        }
        self.found += count;
    }

    #[inline]
    fn note_odd(&mut self, base: u32, mut bits: u64) {
        while bits != 0 {
            self.odd.push(base + bits.trailing_zeros());
            bits &= bits - 1;
        }
    }
}

/// Braces and brackets differ in one bit, and so they are found two by two.
#[inline(always)]
fn structure(bytes: &Bytes64) -> u64 {
    let [colon, comma, open, close, bit] = [b':', b',', b'{', b'}', b'{' ^ b'['].map(u8x32::splat);
    bytes.mask(|part| {
        let folded = part | bit;
        part.simd_eq(colon) | part.simd_eq(comma) | folded.simd_eq(open) | folded.simd_eq(close)
    })
}

/// Which bytes stand behind a backslash that is none itself. `carried` is 1 when the first does.
#[inline(always)]
fn escaped(backslashes: u64, carried: &mut u64) -> u64 {
    let mut escaped = *carried;
    let mut rest = backslashes & !*carried;
    *carried = 0;
    while rest != 0 {
        let behind = (rest & rest.wrapping_neg()) << 1;
        *carried = u64::from(behind == 0);
        escaped |= behind;
        rest &= !behind & rest.wrapping_sub(1);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Random;

    fn is_structure(byte: u8) -> bool {
        matches!(byte, b':' | b',' | b'{' | b'}' | b'[' | b']')
    }

    /// What a loop over the bytes says, line by line: places and whether a string is open at the end.
    fn judged(line: &[u8]) -> (Vec<usize>, bool) {
        let (mut places, mut open, mut skip) = (Vec::new(), false, false);
        for (at, byte) in line.iter().enumerate() {
            if std::mem::take(&mut skip) {
                continue;
            }
            match byte {
                b'\\' => skip = matches!(line.get(at + 1), Some(b'"' | b'\\')),
                b'"' => open = !open,
                _ if !open && is_structure(*byte) => places.push(at),
                _ => {}
            }
        }
        (places, open)
    }

    #[test]
    fn places_are_those_that_a_loop_finds() {
        const PIECES: &[u8] = b"{}[]:,\"\"\"\"\\\\ ab1\n\n";
        let (mut random, mut index, mut lines) = (Random(31), Index::default(), 0);
        for _ in 0..1000 {
            let length = 1 + random.below(300) as usize;
            let mut text = vec![b'x'; 64];
            text.extend((0..length).map(|_| PIECES[random.below(PIECES.len() as u64) as usize]));
            let end = text.len();
            text.extend_from_slice(&[b'\n'; STEP]);
            let (mut at, to) = (64, 64 + random.below(length as u64) as usize);
            while at < end {
                index.scan(&text, at, to.max(at), end + 1);
                assert!(index.end > at);
                let mut wanted = Vec::new();
                while at < index.end {
                    let stop = at + text[at..].iter().position(|byte| *byte == b'\n').unwrap();
                    // An escape at the end of a line escapes the line end; the line is odd then.
                    let (places, open) = judged(&text[at..stop]);
                    assert!(!open || stop + 1 == index.end);
                    wanted.extend(places.iter().map(|place| (at + place) as u32));
                    wanted.push(stop as u32);
                    at = stop + 1;
                    lines += 1;
                }
                let found: Vec<u32> = index.places().iter().copied().filter(|p| (*p as usize) < at).collect();
                assert_eq!(found, wanted, "{:?}", String::from_utf8_lossy(&text));
            }
        }
        assert!(lines > 5000);
    }

    #[test]
    fn a_backslash_escapes_what_is_behind_it() {
        for (backslashes, carried, escapes, carry) in [
            (0b0010, 0, 0b0100, 0),
            (0b0110, 0, 0b0100, 0),
            (0b1110, 0, 0b1_0100, 0),
            (0b0001, 1, 0b0001, 0),
            (0b0011, 1, 0b0101, 0),
            (1 << 63, 0, 0, 1),
            (0b11 << 62, 0, 1 << 63, 0),
            (0, 1, 1, 0),
        ] {
            let mut state = carried;
            assert_eq!(escaped(backslashes, &mut state), escapes, "{backslashes:b}");
            assert_eq!(state, carry, "{backslashes:b}");
        }
    }
}
