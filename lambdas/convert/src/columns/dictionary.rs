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
/// A larger table is not kept for the next column chunk.
const MOST_SLOTS_KEPT: usize = 4096;
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

/// Tags and their codes. `HASHED` says that tags are hashes already.
#[derive(Default)]
struct Table<const HASHED: bool> {
    slots: Vec<Slot>,
    entries: usize,
}

impl<const HASHED: bool> Table<HASHED> {
    #[inline(always)]
    fn home(&self, tag: u64) -> usize {
        if HASHED { (tag >> 32) as usize } else { folded(tag, 0x9e37_79b9_7f4a_7c15) as usize }
    }

    /// The code of a tag that `same` agrees to, or the slot that is free for it.
    #[inline(always)]
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
        let taken: Vec<Slot> = self.slots.iter().filter(|slot| slot.code != 0).copied().collect();
        self.slots.clear();
        self.slots.resize(larger, Slot::default());
        taken.into_iter().for_each(|slot| self.place(slot));
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

    /// Gives other tags to all codes, in their order.
    fn retag(&mut self, tags: impl Iterator<Item = u64>) {
        self.slots.fill(Slot::default());
        tags.zip(1..).for_each(|(tag, code)| self.place(Slot { tag, code }));
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

    /// Begins again as small as a new table, so that what collides does not depend on what was there
    /// before. The memory of one that was not large is used again: the system's costs more.
    fn clear(&mut self) {
        if self.slots.capacity() > MOST_SLOTS_KEPT {
            self.slots = Vec::new();
        }
        self.slots.clear();
        self.entries = 0;
    }
}

/// Both halves of a product in one number.
#[inline(always)]
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Counts different keys, with a table that is used again.
#[derive(Default)]
pub(crate) struct Distinct(Table<false>);

impl Distinct {
    /// How many different keys there are; `None` when they are more than `most`.
    pub fn count(&mut self, keys: impl Iterator<Item = u64>, most: usize) -> Option<usize> {
        self.0.clear();
        for key in keys {
            if let Found::Free(at) = self.0.code(key, |_| true)? {
                if self.0.entries == most {
                    return None;
                }
                self.0.set(at, key);
            }
        }
        Some(self.0.entries)
    }
}

enum Found {
    Code(u32),
    Free(usize),
}

/// A dictionary of values of one size.
pub(super) struct Repeats<T> {
    table: Table<false>,
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

    pub fn clear(&mut self) {
        self.table.clear();
        self.values.clear();
        self.used = 0;
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
///
/// In columns of few words the length of a text is a branch that a processor guesses wrong, so all
/// texts of up to `SHORT` bytes take the same steps; and as long as there is none of more than `TINY`
/// bytes, as in columns of flags, all take fewer.
#[derive(Default)]
pub(crate) struct TextDictionary {
    longest: Longest,
    table: Table<true>,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    /// Each text again as it is compared.
    words: Vec<Words>,
}

impl TextDictionary {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The code of the text at a place; `None` when the dictionary is full.
    #[inline(always)]
    pub fn code(&mut self, whole: &[u8], start: usize, end: usize) -> Option<u32> {
        let length = end.wrapping_sub(start);
        match self.longest {
            Longest::Tiny if length <= TINY => self.code_of_tiny(whole, start, length),
            Longest::Any if length <= SHORT => self.code_of_short(whole, start, length),
            _ => self.code_of_long(whole, start, end),
        }
    }

    #[inline(always)]
    fn code_of_tiny(&mut self, whole: &[u8], start: usize, length: usize) -> Option<u32> {
        let tag = tiny_word(whole, start, length).wrapping_mul(ODD);
        match self.table.code(tag, |_| true)? {
            Found::Code(code) => Some(code),
            Found::Free(at) => self.add(at, tag, whole, start, length),
        }
    }

    #[inline(always)]
    fn code_of_short(&mut self, whole: &[u8], start: usize, length: usize) -> Option<u32> {
        let words = short_words(whole, start, length);
        let (tag, known) = (hash_of_short(words), &self.words);
        match self.table.code(tag, |code| known.get(code as usize) == Some(&words))? {
            Found::Code(code) => Some(code),
            Found::Free(at) => self.add(at, tag, whole, start, length),
        }
    }

    #[inline(never)]
    fn code_of_long(&mut self, whole: &[u8], start: usize, end: usize) -> Option<u32> {
        if self.longest == Longest::Tiny {
            self.longest = Longest::Any;
            self.table.retag(self.words.iter().map(|words| hash_of_short(*words)));
            return self.code(whole, start, end);
        }
        let text = whole.get(start..end)?;
        let (tag, bytes, ends) = (hash(text), &self.bytes, &self.ends);
        match self.table.code(tag, |code| entry(bytes, ends, code as usize) == text)? {
            Found::Code(code) => Some(code),
            Found::Free(at) => self.add(at, tag, whole, start, text.len()),
        }
    }

    #[cold]
    fn add(&mut self, at: usize, tag: u64, whole: &[u8], start: usize, length: usize) -> Option<u32> {
        let text = whole.get(start..start + length)?;
        if self.ends.len() >= MOST_ENTRIES || self.bytes.len() + length > MOST_BYTES {
            return None;
        }
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        self.words.push(if length <= SHORT { short_words(whole, start, length) } else { LONG });
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
        self.words.truncate(entries);
        self.ends.truncate(entries);
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
    }

    pub fn clear(&mut self) {
        self.table.clear();
        self.words.clear();
        self.longest = Longest::Tiny;
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

/// How long the texts of a dictionary are.
#[derive(Clone, Copy, PartialEq, Default)]
enum Longest {
    #[default]
    Tiny,
    Any,
}

const ODD: u64 = 0xa076_1d64_78bd_642f;

/// The longest text that is its own tag, with the number of its bytes.
const TINY: usize = 7;

#[inline(always)]
fn tiny_word(whole: &[u8], start: usize, length: usize) -> u64 {
    let word = match whole.get(start..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(word) => u64::from_le_bytes(*word) & ((1 << (8 * length)) - 1),
        None => {
            let text = whole.get(start..start + length).unwrap_or_default();
            text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
        }
    };
    word | (length as u64) << 56
}

/// The bytes of a text, zeros behind them, and their number in the last byte.
type Words = [u64; 4];
/// The longest text of which that can be said.
const SHORT: usize = size_of::<Words>() - 1;
/// Words that no short text has: what stands for a longer one.
const LONG: Words = [u64::MAX; 4];

/// Reads a whole piece of the text around, and takes off what is not the short text's.
#[inline(always)]
fn short_words(whole: &[u8], start: usize, length: usize) -> Words {
    const PIECE: usize = size_of::<Words>();
    const KEPT: [u8; 2 * PIECE] = {
        let mut bytes = [0; 2 * PIECE];
        let mut at = 0;
        while at < PIECE {
            bytes[at] = 0xff;
            at += 1;
        }
        bytes
    };
    let piece = whole.get(start..).and_then(|rest| rest.first_chunk::<PIECE>());
    let kept = KEPT.get(PIECE - length.min(PIECE)..).and_then(|kept| kept.first_chunk::<PIECE>());
    let (Some(piece), Some(kept)) = (piece, kept) else { return last_words(whole, start, length) };
    let (piece, kept) = (words(piece), words(kept));
    let mut words: Words = std::array::from_fn(|at| piece[at] & kept[at]);
    words[3] |= (length as u64) << 56;
    words
}

fn words(bytes: &[u8; size_of::<Words>()]) -> Words {
    let (words, _) = bytes.as_chunks::<8>();
    std::array::from_fn(|at| u64::from_le_bytes(words[at]))
}

/// The same at the end of a text.
#[cold]
fn last_words(whole: &[u8], start: usize, length: usize) -> Words {
    let mut bytes = [0; size_of::<Words>()];
    let text = whole.get(start..start + length).unwrap_or_default();
    bytes.iter_mut().zip(text).for_each(|(place, byte)| *place = *byte);
    bytes[SHORT] = length as u8;
    words(&bytes)
}

#[inline(always)]
fn hash_of_short([first, second, third, fourth]: Words) -> u64 {
    folded(first ^ ODD, second ^ 0xe703_7ed1_a0b4_28db)
        ^ folded(third ^ 0x8ebc_6af0_9c88_c6e3, fourth ^ 0x5899_65cc_7537_4cc3)
}

/// Eight bytes a step; the last step may overlap the one before it.
#[inline]
fn hash(text: &[u8]) -> u64 {
    let mut state = text.len() as u64 ^ ODD;
    let mut mix = |word: u64| state = folded(state ^ word, ODD) ^ word.rotate_left(32);
    let (words, _) = text.as_chunks::<8>();
    words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
    if let Some(last) = text.last_chunk::<8>() {
        mix(u64::from_le_bytes(*last));
    }
    state
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// A text without end of texts that are alike, of up to 40 bytes, and where each begins.
    fn texts(count: usize, longest: u64) -> (Vec<u8>, Vec<Range<usize>>) {
        let (mut whole, mut state) = (Vec::new(), 7u64);
        let mut random = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        let mut places = Vec::new();
        for _ in 0..count {
            let start = whole.len();
            let (length, odd) = (random(longest + 1), random(longest + 1));
            whole.extend((0..length).map(|at| if at == odd { b'b' } else { random(2) as u8 / 2 }));
            places.push(start..whole.len());
        }
        (whole, places)
    }

    #[test]
    fn texts_have_one_code_each_whatever_their_length_and_place() {
        for longest in [TINY, TINY + 1, SHORT, SHORT + 1, 40] {
            let (whole, places) = texts(3000, longest as u64);
            let (mut dictionary, mut known) = (TextDictionary::default(), HashMap::new());
            for round in 0..2 {
                for place in &places {
                    let text = &whole[place.clone()];
                    let next = known.len() as u32;
                    let code = *known.entry(text).or_insert(next);
                    assert_eq!(dictionary.code(&whole, place.start, place.end), Some(code), "{text:?}");
                    assert_eq!(dictionary.text(code), text, "round {round}");
                }
            }
            let half = known.len() / 2;
            dictionary.back_to(half);
            known.retain(|_, code| (*code as usize) < half);
            for (text, code) in &known {
                assert_eq!(dictionary.code(text, 0, text.len()), Some(*code), "{text:?}");
            }
            assert_eq!(dictionary.len(), half);
            dictionary.clear();
            assert_eq!(dictionary.code(b"next", 0, 4), Some(0));
        }
    }

    #[test]
    fn different_keys_are_counted_up_to_a_bound() {
        let mut distinct = Distinct::default();
        for (keys, most, wanted) in [
            (vec![1, 2, 1], 2, Some(2)),
            (vec![1, 2, 3], 2, None),
            (vec![], 0, Some(0)),
            (vec![5; 9], 1, Some(1)),
        ] {
            assert_eq!(distinct.count(keys.into_iter(), most), wanted);
        }
        assert_eq!(distinct.count((0..5000).chain(0..5000), 5000), Some(5000));
    }
}
