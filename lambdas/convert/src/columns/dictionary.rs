//! Dictionaries: each different value once, and a code for every value.
//!
//! Open addressing; the table holds what decides most comparisons, so that a look-up seldom leaves
//! it. A dictionary that grows past its bound, or whose values collide as only chosen ones do, says
//! so and is left.

use std::ops::Range;

use super::stored::Stored;
use crate::encode::{bits, runs};

/// The most values of a dictionary.
const MOST_ENTRIES: usize = 1 << 15;
/// The most bytes of a dictionary of texts.
const MOST_BYTES: usize = 1 << 20;
const FIRST_SLOTS: usize = 256;
/// More steps than this from its place, and a value is not looked for.
const MOST_STEPS: usize = 128;

/// Appends a page of codes: their width, then runs and packed codes.
pub(super) fn encode_codes(codes: &[u32], entries: usize, out: &mut Vec<u8>) {
    let width = bits::width((entries as u64).saturating_sub(1)).max(1);
    out.push(width);
    runs::codes(codes, width, out);
}

#[derive(Clone, Copy, Default)]
struct Slot {
    tag: u64,
    /// The code and one; zero in a slot that is free.
    code: u32,
}

/// Tags and their codes.
#[derive(Default)]
struct Table {
    slots: Vec<Slot>,
    entries: usize,
}

impl Table {
    #[inline]
    fn home(&self, tag: u64) -> usize {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = u128::from(tag) * u128::from(ODD);
        (mixed as u64 ^ (mixed >> 64) as u64) as usize
    }

    /// The code of a tag that `same` agrees to, or the next code after `add`.
    #[inline]
    fn code(&mut self, tag: u64, same: impl Fn(u32) -> bool) -> Option<Found> {
        if self.slots.is_empty() {
            self.grow();
        }
        let mask = self.slots.len().wrapping_sub(1);
        let home = self.home(tag);
        for step in 0..MOST_STEPS {
            let at = home.wrapping_add(step) & mask;
            let slot = self.slots.get(at)?;
            if slot.code == 0 {
                return Some(Found::Free(at));
            }
            if slot.tag == tag && same(slot.code - 1) {
                return Some(Found::Code(slot.code - 1));
            }
        }
        None
    }

    fn set(&mut self, at: usize, tag: u64) -> u32 {
        self.entries += 1;
        let code = self.entries as u32;
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Slot { tag, code };
        }
        if self.entries * 2 > self.slots.len() {
            self.grow();
        }
        code - 1
    }

    /// Makes room; the tags stay, so that nothing is hashed again.
    fn grow(&mut self) {
        let larger = (self.slots.len() * 4).max(FIRST_SLOTS);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); larger]);
        for slot in old.into_iter().filter(|slot| slot.code != 0) {
            self.place(slot);
        }
    }

    fn place(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = self.home(slot.tag) & mask;
        while self.slots.get(at).is_some_and(|other| other.code != 0) {
            at = (at + 1) & mask;
        }
        if let Some(free) = self.slots.get_mut(at) {
            *free = slot;
        }
    }

    /// Forgets the codes from `entries` on.
    fn back_to(&mut self, entries: usize) {
        if self.entries > entries {
            let kept = self.slots.iter().filter(|slot| slot.code != 0 && slot.code as usize <= entries);
            let kept: Vec<Slot> = kept.copied().collect();
            self.slots.fill(Slot::default());
            self.entries = entries;
            kept.into_iter().for_each(|slot| self.place(slot));
        }
    }

    fn clear(&mut self) {
        self.slots.fill(Slot::default());
        self.entries = 0;
    }
}

enum Found {
    Code(u32),
    Free(usize),
}

/// A dictionary of values of one size.
pub(super) struct Repeats<T> {
    table: Table,
    values: Vec<T>,
    /// Values that pages refer to; those behind belong to a page that was given up.
    used: usize,
}

impl<T> Default for Repeats<T> {
    fn default() -> Self {
        Self { table: Table::default(), values: Vec::new(), used: 0 }
    }
}

impl<T: Stored> Repeats<T> {
    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn used(&self) -> &[T] {
        self.values.get(..self.used).unwrap_or_default()
    }

    /// Gives all values their codes; `false` when the dictionary is full.
    pub fn codes(&mut self, values: &[T], codes: &mut Vec<u32>) -> bool {
        codes.clear();
        codes.reserve(values.len());
        for value in values {
            match self.code(*value) {
                Some(code) => codes.push(code),
                None => return false,
            }
        }
        self.used = self.values.len();
        true
    }

    #[inline]
    fn code(&mut self, value: T) -> Option<u32> {
        let tag = value.key()?;
        match self.table.code(tag, |_| true)? {
            Found::Code(code) => Some(code),
            Found::Free(at) if self.values.len() < MOST_ENTRIES => {
                self.values.push(value);
                Some(self.table.set(at, tag))
            }
            Found::Free(_) => None,
        }
    }
}

/// A dictionary of texts: all of them end to end, and where each ends.
#[derive(Default)]
pub(crate) struct TextDictionary {
    table: Table,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    /// The short text looked up last, because the next one often is the same.
    last: Slot,
}

impl TextDictionary {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The code of the text at a place; `None` when the dictionary is full.
    #[inline(always)]
    pub fn code(&mut self, whole: &[u8], start: usize, end: usize) -> Option<u32> {
        let text = whole.get(start..end)?;
        let tag = tag(whole, start, text);
        if tag == self.last.tag && tag < LONG && self.last.code > 0 {
            return Some(self.last.code - 1);
        }
        let code = self.look_up(tag, text)?;
        self.last = Slot { tag, code: code + 1 };
        Some(code)
    }

    #[inline]
    fn look_up(&mut self, tag: u64, text: &[u8]) -> Option<u32> {
        let found = if tag < LONG {
            self.table.code(tag, |_| true)?
        } else {
            let (bytes, ends) = (&self.bytes, &self.ends);
            self.table.code(tag, |code| same(entry(bytes, ends, code as usize), text))?
        };
        match found {
            Found::Code(code) => Some(code),
            Found::Free(at) => self.add(at, tag, text),
        }
    }

    #[cold]
    fn add(&mut self, at: usize, tag: u64, text: &[u8]) -> Option<u32> {
        if self.ends.len() >= MOST_ENTRIES || self.bytes.len() + text.len() > MOST_BYTES {
            return None;
        }
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        Some(self.table.set(at, tag))
    }

    pub fn text(&self, code: u32) -> &[u8] {
        entry(&self.bytes, &self.ends, code as usize)
    }

    /// All texts, end to end.
    pub fn texts(&self) -> &[u8] {
        &self.bytes
    }

    /// Where among them a code's text stands.
    pub fn place(&self, code: usize) -> Range<usize> {
        place(&self.ends, code)
    }

    pub fn back_to(&mut self, entries: usize) {
        self.table.back_to(entries);
        self.last = Slot::default();
        self.ends.truncate(entries);
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
    }

    pub fn clear(&mut self) {
        self.table.clear();
        self.last = Slot::default();
        self.bytes.clear();
        self.ends.clear();
    }

    /// The texts, each behind its length.
    pub fn plain(&self, out: &mut Vec<u8>) {
        for code in 0..self.ends.len() as u32 {
            let text = self.text(code);
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text);
        }
    }
}

#[inline]
fn entry<'a>(bytes: &'a [u8], ends: &[u32], at: usize) -> &'a [u8] {
    bytes.get(place(ends, at)).unwrap_or_default()
}

#[inline]
fn place(ends: &[u32], at: usize) -> Range<usize> {
    let start = at.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| *end as usize);
    start..ends.get(at).map_or(start, |end| *end as usize)
}

/// Compares texts of at least eight bytes; those of up to 32 without a call.
#[inline]
fn same(one: &[u8], other: &[u8]) -> bool {
    match one.len() {
        length if length != other.len() || length > 32 => one == other,
        8..=15 => ends::<8>(one) == ends::<8>(other),
        _ => ends::<16>(one) == ends::<16>(other),
    }
}

/// The first and the last bytes of a text; they overlap or meet in one not too long.
#[inline]
fn ends<const N: usize>(text: &[u8]) -> [Option<&[u8; N]>; 2] {
    [text.first_chunk(), text.last_chunk()]
}

/// Tags from here on are hashes.
const LONG: u64 = 1 << 63;

/// Up to seven bytes are their own tag, with their number; longer texts have a hash.
#[inline]
fn tag(whole: &[u8], start: usize, text: &[u8]) -> u64 {
    let length = text.len();
    if length >= 8 {
        return hash(text) | LONG;
    }
    let word = match whole.get(start..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(word) => u64::from_le_bytes(*word),
        None => text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    word & ((1 << (8 * length)) - 1) | (length as u64) << 56
}

/// Eight bytes a step; the last step may overlap the one before it.
#[inline]
fn hash(text: &[u8]) -> u64 {
    const ODD: u64 = 0xa076_1d64_78bd_642f;
    let mut state = text.len() as u64 ^ ODD;
    let mut mix = |word: u64| {
        let wide = u128::from(state ^ word) * u128::from(ODD);
        state = (wide as u64) ^ (wide >> 64) as u64 ^ word.rotate_left(32);
    };
    let (words, _) = text.as_chunks::<8>();
    words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
    if let Some(last) = text.last_chunk::<8>() {
        mix(u64::from_le_bytes(*last));
    }
    state
}
