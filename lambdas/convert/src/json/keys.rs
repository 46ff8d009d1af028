//! From the bytes of a key to its column.
//!
//! A key names the column of its name; where there is none, the one of that name in other cases of
//! letters and without the white space around it, as a header does. Machines
//! write the same keys in the same way and order line after line; so a key is first compared with
//! the one that came behind the same key the last time, then looked up as it is written, quotes and
//! spaces included, and only a spelling that is new is read.

use std::collections::HashMap;

use tarn_lake::Layout;

use crate::rejects::Place;

/// A column of the file.
pub(super) struct Target {
    pub place: Place,
    /// Whether the schema has it too. If not, its values are of no account.
    pub is_kept: bool,
}

/// The keys of a layout, and all spellings seen of these and others.
pub(super) struct Keys {
    targets: Vec<Target>,
    /// By their names in the file.
    columns: HashMap<Vec<u8>, u32>,
    /// By the same in lower case; `None` where two are alike.
    folded: HashMap<Vec<u8>, Option<u32>>,
    spellings: Vec<Spelling>,
    known: HashMap<Box<[u8]>, u32>,
}

/// A key as it is written, with its quotes and what stands before them.
struct Spelling {
    bytes: Box<[u8]>,
    head: u64,
    tail: u64,
    column: Option<u32>,
    /// The spelling that came behind it.
    next: u32,
}

/// The number of a spelling. The first one stands before the first key of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpellingId(u32);

impl SpellingId {
    /// What stands before the first key.
    pub const FRONT: Self = Self(0);
}

/// Keys that are data, such as numbers of users, are not learned without end.
const MOST_SPELLINGS: usize = 4096;
/// Longer ones are read every time.
const LONGEST_SPELLING: usize = 256;

impl Keys {
    /// The keys of a layout's files; types are the schema's.
    pub fn new(layout: &Layout, schema: &Layout) -> Self {
        let mut keys = Self {
            targets: Vec::new(),
            columns: HashMap::new(),
            folded: HashMap::new(),
            spellings: vec![Spelling::new(b"", None)],
            known: HashMap::new(),
        };
        for (index, column) in layout.fields().enumerate() {
            let kept = schema.in_silver().find(|other| other.name == column.name);
            let kind = kept.map_or(column.kind, |kept| kept.kind);
            let place = Place { column: index + 1, name: column.name.clone(), kind };
            let name = column.name_in_file().as_bytes();
            keys.columns.insert(name.to_vec(), index as u32);
            let alike = keys.folded.entry(name.to_ascii_lowercase());
            alike.and_modify(|column| *column = None).or_insert(Some(index as u32));
            keys.targets.push(Target { place, is_kept: kept.is_some() });
        }
        keys
    }

    /// The column that a key names.
    pub fn column(&self, name: &[u8]) -> Option<u32> {
        let exact = self.columns.get(name).copied();
        exact.or_else(|| *self.folded.get(&name.trim_ascii().to_ascii_lowercase())?)
    }

    /// A column of the file.
    pub fn target(&self, column: u32) -> Option<&Target> {
        self.targets.get(column as usize)
    }

    /// The spelling that stands at a place, behind another one; `None` if it is new.
    #[inline(always)]
    pub fn find(&mut self, text: &[u8], start: usize, end: usize, before: SpellingId) -> Option<SpellingId> {
        let next = self.spellings.get(before.0 as usize)?.next;
        if self.spellings.get(next as usize)?.stands_at(text, start, end) {
            return Some(SpellingId(next));
        }
        self.look_up(text.get(start..end)?, before)
    }

    #[cold]
    fn look_up(&mut self, written: &[u8], before: SpellingId) -> Option<SpellingId> {
        let found = *self.known.get(written)?;
        self.spellings.get_mut(before.0 as usize)?.next = found;
        Some(SpellingId(found))
    }

    /// The column of a spelling.
    #[inline(always)]
    pub fn column_of(&self, spelling: SpellingId) -> Option<u32> {
        self.spellings.get(spelling.0 as usize)?.column
    }

    /// Remembers how a key is written. Escapes are not remembered: what they say is read.
    pub fn learn(&mut self, written: &[u8], column: Option<u32>) {
        let fits = self.spellings.len() < MOST_SPELLINGS && written.len() <= LONGEST_SPELLING;
        if fits && !written.contains(&b'\\') && !self.known.contains_key(written) {
            self.known.insert(written.into(), self.spellings.len() as u32);
            self.spellings.push(Spelling::new(written, column));
        }
    }
}

impl Spelling {
    fn new(bytes: &[u8], column: Option<u32>) -> Self {
        let head = head(bytes, 0, bytes.len()).unwrap_or_default();
        Self { bytes: bytes.into(), head, tail: tail(bytes, bytes.len()), column, next: 0 }
    }

    /// Compares up to sixteen bytes without a loop, in two words that may overlap.
    #[inline(always)]
    fn stands_at(&self, text: &[u8], start: usize, end: usize) -> bool {
        let length = end.wrapping_sub(start);
        if length != self.bytes.len() || length == 0 || head(text, start, end) != Some(self.head) {
            return false;
        }
        match length {
            ..=8 => true,
            9..=16 => tail(text, end) == self.tail,
            _ => text.get(start..end) == Some(&*self.bytes),
        }
    }
}

/// The first eight bytes of a range, those behind its end as zeros.
#[inline(always)]
fn head(text: &[u8], start: usize, end: usize) -> Option<u64> {
    let missing = 8usize.saturating_sub(end.checked_sub(start)?);
    let word = match text.get(start..).and_then(|rest| rest.first_chunk()) {
        Some(word) => u64::from_le_bytes(*word),
        None => text.get(start..end)?.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    Some(if missing == 8 { 0 } else { word & (u64::MAX >> (8 * missing)) })
}

/// The last eight bytes before a place.
#[inline(always)]
fn tail(text: &[u8], end: usize) -> u64 {
    text.get(..end).and_then(|text| text.last_chunk()).map_or(0, |word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::layout;

    #[test]
    fn a_spelling_is_found_where_it_stands_and_nowhere_else() {
        let layout = layout(&["a int64", "visitorid int64"]);
        let mut keys = Keys::new(&layout, &layout);
        let written: Vec<String> = (0..40).map(|length| format!("\"{}\"", "k".repeat(length))).collect();
        for written in &written {
            keys.learn(written.as_bytes(), None);
        }
        for (index, key) in written.iter().enumerate() {
            let text = format!("{{{key}:1}}");
            let found = keys.find(text.as_bytes(), 1, 1 + key.len(), SpellingId::FRONT);
            assert_eq!(found, Some(SpellingId(index as u32 + 1)));
            let again = keys.find(text.as_bytes(), 1, 1 + key.len(), SpellingId::FRONT);
            assert_eq!(again, found, "by the guess");
            for place in 1..=key.len() {
                let mut other = text.clone().into_bytes();
                other[place] ^= 1;
                assert_eq!(keys.find(&other, 1, 1 + key.len(), SpellingId::FRONT), None);
            }
        }
    }

    #[test]
    fn names_in_the_file_come_first_and_cases_second() {
        let mut layout = layout(&["a int64", "visitorid int64", "c int64", "d int64"]);
        layout.columns[2].from = Some("User.Id".into());
        layout.columns[3].from = Some("user.id".into());
        let keys = Keys::new(&layout, &layout);
        for (name, column) in [
            ("VisitorId", Some(1)),
            (" visitorid\t", Some(1)),
            ("visitor_id", None),
            ("c", None),
            ("User.Id", Some(2)),
            ("user.id", Some(3)),
            ("USER.ID", None),
        ] {
            assert_eq!(keys.column(name.as_bytes()), column, "{name}");
        }
    }

    #[test]
    fn keys_that_are_data_do_not_fill_the_memory() {
        let layout = layout(&["a int64"]);
        let mut keys = Keys::new(&layout, &layout);
        (0..3 * MOST_SPELLINGS).for_each(|key| keys.learn(format!("\"{key}\"").as_bytes(), None));
        keys.learn("x".repeat(LONGEST_SPELLING + 1).as_bytes(), None);
        assert_eq!(keys.spellings.len(), MOST_SPELLINGS);
    }
}
