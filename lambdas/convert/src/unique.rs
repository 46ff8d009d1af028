//! Keys that no two rows share: the first row in the file's order keeps its place, and each later
//! one is a bad row.
//!
//! A row is compared when it has kept all other rules, by the values that the columns of a key have
//! before they are hidden, in the type that they have in silver: `7` and `007` are one `int64` and
//! two texts. A row without a value in a key shares it with none, as in SQL; so does every row of a
//! file whose layout lacks a column of the key. A bad row takes no key from a later one.
//!
//! Order decides which row is first, so a file with keys is converted on one thread. Of each row the
//! first 128 bits of a SHA-256 are kept, so that nobody can make two keys collide; in memory, which
//! is bounded: a file with more keys than fit is refused.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tarn_lake::ColumnName;

use crate::ConvertError;
use crate::block::Block;
use crate::group::{Group, KeyColumn};
use crate::rejects::{Duplicate, Reason};
use crate::scan::Field;

/// Keys that no two rows share, and what files had of them so far.
#[derive(Debug)]
pub struct Unique {
    keys: Vec<Vec<ColumnName>>,
    seen: Mutex<Vec<Seen>>,
}

impl Unique {
    /// No row has been seen yet. Each key is a list of columns.
    pub fn new(keys: &[Vec<ColumnName>]) -> Self {
        Self { keys: keys.to_vec(), seen: Mutex::new(keys.iter().map(|_| Seen::default()).collect()) }
    }

    /// Takes what was seen of other files, to add a file to it.
    pub(crate) fn begin(&self, group: &Group, limit_bytes: usize) -> Claims {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let keys = self.keys.iter().zip(seen);
        let keys = keys.map(|(names, seen)| Key {
            columns: group.key_columns(names),
            names: names.clone(),
            seen,
            block: Vec::new(),
        });
        Claims { keys: keys.collect(), lines: 0, limit_bytes, bytes: Vec::new(), sorted: Vec::new() }
    }

    /// Gives it back: with the file's rows if it was converted, without them if it was not.
    pub(crate) fn end(&self, claims: Claims, converted: bool) {
        let seen =
            claims.keys.into_iter().map(|key| if converted { key.seen.kept() } else { key.seen.forgotten() });
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen.collect();
    }
}

/// The keys of one file in the making.
pub(crate) struct Claims {
    keys: Vec<Key>,
    /// Lines before the segment that is being converted.
    pub lines: u64,
    limit_bytes: usize,
    /// A key's values.
    bytes: Vec<u8>,
    /// The hashes of a block in their order.
    sorted: Vec<Hash>,
}

/// One key.
struct Key {
    names: Vec<ColumnName>,
    /// Where they are in the file; `None` when it does not have all of them.
    columns: Option<Vec<KeyColumn>>,
    seen: Seen,
    /// Rows of a block and their hashes; those without a value are left out.
    block: Vec<(usize, Hash)>,
}

impl Claims {
    /// Whether no row of a block shares a key with another, in the block or before it. Its keys are
    /// noted, and taken by [`Claims::take_block`].
    pub fn are_free(&mut self, group: &Group, block: &Block<'_>) -> bool {
        let Self { keys, bytes, sorted, .. } = self;
        keys.iter_mut().all(|key| {
            key.block.clear();
            let Some(columns) = &key.columns else { return true };
            for row in 0..block.rows {
                let hash = hash(group, columns, block.text, |column| block.field(row, column), bytes);
                key.block.extend(hash.map(|hash| (row, hash)));
            }
            sorted.clear();
            sorted.extend(key.block.iter().map(|(_, hash)| *hash));
            sorted.sort_unstable();
            sorted.is_sorted_by(|one, next| one < next)
                && !sorted.iter().any(|hash| key.seen.line(*hash).is_some())
        })
    }

    /// Takes the keys of the block that was looked at last. `line_of` counts from the segment's
    /// first line, which is 0.
    pub fn take_block(&mut self, line_of: impl Fn(usize) -> u64) -> Result<(), ConvertError> {
        for key in &mut self.keys {
            for (row, hash) in &key.block {
                key.seen.take(*hash, 1 + self.lines + line_of(*row));
            }
        }
        self.within_limit()
    }

    /// Takes the keys of a row that is good but for them; or none, and says which another row has.
    pub fn take_row(
        &mut self,
        group: &Group,
        raw: &[u8],
        fields: &[Field],
        line: u64,
    ) -> Result<Option<Reason>, ConvertError> {
        let Self { keys, bytes, .. } = self;
        for key in keys.iter_mut() {
            key.block.clear();
            let Some(columns) = &key.columns else { continue };
            let hash = hash(group, columns, raw, |column| fields.get(column).copied(), bytes);
            key.block.extend(hash.map(|hash| (0, hash)));
            if let Some(line) = hash.and_then(|hash| key.seen.line(hash)) {
                let key = key.names.clone();
                return Ok(Some(Reason::Duplicate(Duplicate { key, line: line.known() })));
            }
        }
        self.take_block(|_| line).map(|()| None)
    }

    fn within_limit(&self) -> Result<(), ConvertError> {
        let bytes: usize = self.keys.iter().map(|key| key.seen.bytes()).sum();
        let limit_bytes = self.limit_bytes;
        if bytes > limit_bytes { Err(ConvertError::TooManyKeys { limit_bytes }) } else { Ok(()) }
    }
}

/// The first 128 bits of a hash.
type Hash = [u32; 4];

fn hash(
    group: &Group,
    key: &[KeyColumn],
    text: &[u8],
    field: impl Fn(usize) -> Option<Field>,
    bytes: &mut Vec<u8>,
) -> Option<Hash> {
    bytes.clear();
    let has_values = group.append_key(key, text, field, bytes);
    let digest = has_values.then(|| Sha256::digest(&bytes))?;
    let (words, _) = digest.as_slice().as_chunks::<4>();
    words.first_chunk::<4>().map(|words| words.map(u32::from_le_bytes))
}

/// The line of a row, in 32 bits; 0 where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line(u32);

impl Line {
    const OF_AN_EARLIER_FILE: Self = Self(0);
    const TOO_FAR: Self = Self(u32::MAX);

    fn of(line: u64) -> Self {
        u32::try_from(line).map_or(Self::TOO_FAR, Self)
    }

    fn known(self) -> Option<u64> {
        (self != Self::OF_AN_EARLIER_FILE && self != Self::TOO_FAR).then_some(self.0.into())
    }
}

/// Hashes and the lines of their rows, in many small maps: where one doubles, it alone is there twice.
#[derive(Debug, Default)]
struct Seen {
    maps: Vec<HashMap<Hash, Line, BuildHasherDefault<Word>>>,
}

impl Seen {
    const MAPS: usize = 256;
    /// Of an entry in the standard library's map: the pair, and a byte that says whether it is there.
    const ENTRY_BYTES: usize = size_of::<(Hash, Line)>() + 1;

    fn line(&self, hash: Hash) -> Option<Line> {
        self.maps.get(Self::map_of(hash))?.get(&hash).copied()
    }

    fn take(&mut self, hash: Hash, line: u64) {
        if self.maps.is_empty() {
            self.maps.resize_with(Self::MAPS, HashMap::default);
        }
        if let Some(map) = self.maps.get_mut(Self::map_of(hash)) {
            map.insert(hash, Line::of(line));
        }
    }

    fn map_of([first, ..]: Hash) -> usize {
        first as usize % Self::MAPS
    }

    /// An eighth of a map is kept free, and it doubles when it is full; so it holds twice what it
    /// needs at most. All maps are about equally full.
    fn bytes(&self) -> usize {
        let in_each = self.maps.first().map_or(0, HashMap::capacity);
        (in_each * Self::ENTRY_BYTES / 7 * 8) * self.maps.len()
    }

    /// The rows are those of an earlier file from now on.
    fn kept(mut self) -> Self {
        self.maps.iter_mut().flat_map(HashMap::values_mut).for_each(|line| *line = Line::OF_AN_EARLIER_FILE);
        self
    }

    /// Without the rows of the last file.
    fn forgotten(mut self) -> Self {
        self.maps.iter_mut().for_each(|map| map.retain(|_, line| *line == Line::OF_AN_EARLIER_FILE));
        self
    }
}

/// A hash needs no hashing: a part of it does.
#[derive(Default)]
struct Word(u64);

impl Hasher for Word {
    fn finish(&self) -> u64 {
        self.0
    }

    /// The bytes come with their length before them, or in pieces; the last eight are as good as any.
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk::<8>() {
            self.0 = u64::from_le_bytes(*last);
        }
    }
}
