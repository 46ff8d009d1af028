//! Columns of texts or bytes: codes of a dictionary, as long as texts repeat, or the texts
//! themselves, end to end.

use std::borrow::Cow;
use std::ops::Range;

use parquet::basic::Encoding;
use parquet::data_type::ByteArray;
use parquet::errors::Result;
use parquet::file::statistics::{Statistics, ValueStatistics};

use super::dictionary::{TextDictionary, encode_codes};
use super::{Column, Mark, Pages, Refusal, Rules, Tools, Worth, append_text_key};
use crate::block::{Block, Fields, Places};
use crate::encode::{Bounds, Finished, Page, delta};
use crate::masks::holds;
use crate::scan::Field;

/// A dictionary that after so many values still grows with every second one is left.
const TRIAL: usize = 1024;
/// Bytes before the texts of a page that are free for their encoded lengths, so that the texts, most
/// of the page, need not be copied behind them. Where it is too little, they are.
const ROOM: usize = 64 << 10;
/// Longer bounds are cut.
const LONGEST_BOUND: usize = 64;

/// The texts of one column since the last page.
pub(crate) struct Texts {
    utf8: bool,
    rules: Rules,
    /// Whether a field outside of quotes may mean another text than stands there.
    look_twice: bool,
    pages: Pages,
    dictionary: TextDictionary,
    /// Whether texts still go to the dictionary.
    repeats: bool,
    /// Whether any written page refers to the dictionary.
    referred: bool,
    values: usize,
    codes: Vec<u32>,
    lengths: Vec<i32>,
    /// Texts that are not in the dictionary, behind [`ROOM`] for their lengths.
    bytes: Vec<u8>,
    least: Option<Vec<u8>>,
    greatest: Option<Vec<u8>>,
}

impl Texts {
    pub(super) fn new(utf8: bool, rules: Rules, pages: Pages) -> Self {
        Self {
            utf8,
            look_twice: !rules.nulls.is_empty() || rules.quoting.has_backslashes(),
            rules,
            pages,
            dictionary: TextDictionary::default(),
            repeats: true,
            referred: false,
            values: 0,
            codes: Vec::new(),
            lengths: Vec::new(),
            bytes: Vec::new(),
            least: None,
            greatest: None,
        }
    }

    #[inline(always)]
    fn take(&mut self, text: &[u8], rows: usize, mut fields: impl Places) -> bool {
        let mut left = rows;
        while left > 0 {
            let count = left.min(64);
            let mut present = 0u64;
            for bit in 0..count {
                let Some(field) = fields.next() else { return false };
                let (start, end) = (field.start as usize, field.end as usize);
                if field.quoted || self.look_twice {
                    match self.take_special(text, field) {
                        Some(is_value) => present |= u64::from(is_value) << bit,
                        None => return false,
                    }
                } else if start == end {
                    if self.rules.required {
                        return false;
                    }
                } else {
                    self.push(text, start..end);
                    present |= 1 << bit;
                }
            }
            self.pages.levels.push(present, count);
            left -= count;
        }
        true
    }

    /// A field in quotes, or of a table that spells "no value": whether it is a value, or `None`
    /// when it is refused.
    fn take_special(&mut self, text: &[u8], field: Field) -> Option<bool> {
        let range = field.start as usize..field.end as usize;
        let doubled = |quote| holds(text, range.clone(), quote);
        if !self.look_twice && !self.rules.quoting.quote.is_some_and(doubled) {
            // In quotes, and nothing in it means anything else.
            self.push(text, range);
            return Some(true);
        }
        let raw = text.get(range.clone()).unwrap_or_default();
        let meant = self.rules.quoting.meant(raw, field.quoted);
        if self.is_null(raw, &meant, field.quoted) {
            return (!self.rules.required).then_some(false);
        }
        match meant {
            Cow::Borrowed(_) => self.push(text, range),
            Cow::Owned(meant) => self.push(&meant, 0..meant.len()),
        }
        Some(true)
    }

    /// An empty field is no value, except that `""` is the empty text.
    fn is_null(&self, written: &[u8], meant: &[u8], quoted: bool) -> bool {
        (meant.is_empty() && !quoted) || self.rules.spells_null(written, meant)
    }

    #[inline(always)]
    fn push(&mut self, whole: &[u8], range: Range<usize>) {
        self.values += 1;
        if self.repeats {
            match self.dictionary.code(whole, range.start, range.end) {
                Some(code) => return self.codes.push(code),
                None => self.leave_dictionary(),
            }
        }
        self.lengths.push(range.len() as i32);
        self.push_bytes(whole, range);
    }

    /// A short text is copied with what follows it, which is then cut off again: a copy whose
    /// length the compiler knows is no call. There is one such length, because texts of about 32 bytes
    /// would be on this side of a branch and on the other without a rule.
    #[inline(always)]
    fn push_bytes(&mut self, whole: &[u8], range: Range<usize>) {
        const SHORT: usize = 64;
        let end = self.bytes.len() + range.len();
        match whole.get(range.start..).and_then(|rest| rest.first_chunk::<SHORT>()) {
            Some(chunk) if range.len() <= SHORT => self.bytes.extend_from_slice(chunk),
            _ => self.bytes.extend_from_slice(whole.get(range).unwrap_or_default()),
        }
        self.bytes.truncate(end);
    }

    /// Texts of this page become plain. What earlier pages refer to stays.
    #[cold]
    fn leave_dictionary(&mut self) {
        self.repeats = false;
        self.bytes.resize(ROOM, 0);
        for code in &self.codes {
            let text = self.dictionary.text(*code);
            self.lengths.push(text.len() as i32);
            self.bytes.extend_from_slice(text);
        }
        self.codes.clear();
    }

    fn write_page(&mut self, tools: &mut Tools) -> Result<()> {
        let bounds = self.page_bounds().map(|[least, greatest]| self.widen(least, greatest));
        let bounds = bounds.flatten();
        let out = &mut tools.values;
        out.clear();
        let (encoding, values) = if self.repeats && !self.codes.is_empty() {
            encode_codes(&self.codes, self.dictionary.len(), out);
            self.referred = true;
            (Encoding::RLE_DICTIONARY, out.as_slice())
        } else if self.lengths.is_empty() {
            (Encoding::PLAIN, out.as_slice())
        } else {
            delta::encode(&self.lengths, out);
            (Encoding::DELTA_LENGTH_BYTE_ARRAY, behind_lengths(&mut self.bytes, out))
        };
        let page = Page { levels: &self.pages.levels, encoding, values, bounds };
        self.pages.chunk.page(page, &mut tools.compressor, &mut tools.levels)?;
        self.note_in_filter();
        self.codes.clear();
        self.lengths.clear();
        self.bytes.truncate(ROOM);
        self.pages.levels.clear();
        Ok(())
    }

    /// The page's texts end to end, if they are not in the dictionary.
    fn texts(&self) -> &[u8] {
        self.bytes.get(ROOM..).unwrap_or_default()
    }

    /// The page's texts, each as often as it differs from the one before it.
    fn note_in_filter(&mut self) {
        let texts = self.bytes.get(ROOM..).unwrap_or_default();
        let Some(filter) = &mut self.pages.filter else { return };
        for codes in self.codes.chunk_by(|before, after| before == after) {
            codes.first().into_iter().for_each(|code| filter.insert(self.dictionary.text(*code)));
        }
        let mut at = 0;
        for length in &self.lengths {
            let start = at;
            at += *length as usize;
            filter.insert(texts.get(start..at).unwrap_or_default());
        }
    }

    /// The least and the greatest text of the page.
    fn page_bounds(&self) -> Option<[Vec<u8>; 2]> {
        if !self.codes.is_empty() {
            let mut used = vec![false; self.dictionary.len()];
            for code in &self.codes {
                if let Some(used) = used.get_mut(*code as usize) {
                    *used = true;
                }
            }
            let used = used.iter().enumerate().filter(|(_, used)| **used);
            return bounds(self.dictionary.texts(), used.map(|(code, _)| self.dictionary.place(code)));
        }
        let mut at = 0;
        let places = self.lengths.iter().map(|length| {
            let start = at;
            at += *length as usize;
            start..at
        });
        bounds(self.texts(), places)
    }

    /// Takes a page's bounds into the chunk's, and cuts them to a length fit for the page index.
    fn widen(&mut self, least: Vec<u8>, greatest: Vec<u8>) -> Option<Bounds> {
        let bounds = cut_above(&greatest, self.utf8)
            .map(|greatest| Bounds { least: cut_below(&least, self.utf8).to_vec(), greatest });
        if self.least.as_ref().is_none_or(|known| least < *known) {
            self.least = Some(least);
        }
        if self.greatest.as_ref().is_none_or(|known| greatest > *known) {
            self.greatest = Some(greatest);
        }
        bounds
    }

    fn statistics(&mut self, nulls: u64) -> Statistics {
        let (least, greatest) = (self.least.take(), self.greatest.take());
        let exact =
            |bound: &Option<Vec<u8>>| bound.as_ref().is_some_and(|bound| bound.len() <= LONGEST_BOUND);
        let (least_is_exact, greatest_is_exact) = (exact(&least), exact(&greatest));
        let least = least.map(|least| ByteArray::from(cut_below(&least, self.utf8).to_vec()));
        let greatest = greatest.and_then(|greatest| cut_above(&greatest, self.utf8)).map(ByteArray::from);
        let statistics = ValueStatistics::new(least, greatest, None, Some(nulls), false)
            .with_min_is_exact(least_is_exact)
            .with_max_is_exact(greatest_is_exact);
        Statistics::ByteArray(statistics)
    }
}

/// A page's encoded lengths and its texts behind them: in the room before the texts, or behind the
/// lengths where that is too small.
fn behind_lengths<'b>(bytes: &'b mut [u8], lengths: &'b mut Vec<u8>) -> &'b [u8] {
    let Some(start) = ROOM.checked_sub(lengths.len()) else {
        lengths.extend_from_slice(bytes.get(ROOM..).unwrap_or_default());
        return lengths;
    };
    if let Some(room) = bytes.get_mut(start..ROOM) {
        room.copy_from_slice(lengths);
    }
    bytes.get(start..).unwrap_or_default()
}

/// The least and the greatest of texts by their places. Eight bytes decide nearly every comparison
/// without a call.
fn bounds(texts: &[u8], places: impl Iterator<Item = Range<usize>>) -> Option<[Vec<u8>; 2]> {
    let mut places = places.map(|place| (beginning(texts, &place), texts.get(place).unwrap_or_default()));
    let first = places.next()?;
    let (mut least, mut greatest) = (first, first);
    for text in places {
        if text.0 <= least.0 && text < least {
            least = text;
        }
        if text.0 >= greatest.0 && text > greatest {
            greatest = text;
        }
    }
    Some([least.1.to_vec(), greatest.1.to_vec()])
}

/// A number in the order of texts, as far as their first eight bytes tell.
#[inline(always)]
fn beginning(texts: &[u8], place: &Range<usize>) -> u64 {
    let chunk = texts.get(place.start..).and_then(|rest| rest.first_chunk::<8>());
    let Some(chunk) = chunk else {
        let text = texts.get(place.clone()).unwrap_or_default();
        return (0..8).fold(0, |word, at| word << 8 | u64::from(text.get(at).copied().unwrap_or(0)));
    };
    let behind = u64::MAX.checked_shr(8 * place.len() as u32).unwrap_or(0);
    u64::from_be_bytes(*chunk) & !behind
}

/// The beginning of a text, at most `LONGEST_BOUND` bytes, without half a character.
fn cut_below(text: &[u8], utf8: bool) -> &[u8] {
    let begins_character = |at: usize| text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let mut end = text.len().min(LONGEST_BOUND);
    while utf8 && end > 0 && !begins_character(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// A text that is not less than another, of about the same length; none when there is no such.
fn cut_above(text: &[u8], utf8: bool) -> Option<Vec<u8>> {
    let mut cut = cut_below(text, utf8).to_vec();
    if cut.len() == text.len() {
        return Some(cut);
    }
    let last = if utf8 { 0x7e } else { 0xfe };
    while let Some(byte) = cut.pop() {
        if byte <= last {
            cut.push(byte + 1);
            return Some(cut);
        }
    }
    None
}

impl Column for Texts {
    fn refusal(&self, text: &[u8], quoted: bool) -> Option<Refusal> {
        let meant = self.rules.quoting.meant(text, quoted);
        if self.is_null(text, &meant, quoted) {
            return self.rules.required.then_some(Refusal::Missing);
        }
        (self.utf8 && std::str::from_utf8(&meant).is_err()).then_some(Refusal::NotUtf8)
    }

    fn append_key(&self, text: &[u8], quoted: bool, key: &mut Vec<u8>) -> bool {
        let meant = self.rules.quoting.meant(text, quoted);
        let is_value = !self.is_null(text, &meant, quoted);
        if is_value {
            append_text_key(&meant, key);
        }
        is_value
    }

    fn append(&mut self, block: &Block<'_>, column: usize) -> bool {
        let Block { text, rows, columns, fields } = *block;
        match fields {
            Fields::Plain(places) => self.take(text, rows, places.plain(column, columns)),
            Fields::Quoted(places) => self.take(text, rows, places.quoted(text, column, columns)),
            Fields::Placed(fields) => {
                let fields = fields.iter().skip(column).step_by(columns).copied();
                self.take(text, rows, fields)
            }
            Fields::Same(field) => self.take(text, rows, std::iter::repeat_n(field, rows)),
        }
    }

    fn append_nulls(&mut self, rows: usize) {
        self.pages.push_nulls(rows);
    }

    fn mark(&self) -> Mark {
        let values = if self.repeats { self.codes.len() } else { self.lengths.len() };
        let entries = if self.repeats { self.dictionary.len() } else { 0 };
        Mark { levels: self.pages.levels.mark(), values, entries }
    }

    fn back_to(&mut self, mark: Mark) {
        self.pages.levels.back_to(mark.levels);
        if self.repeats {
            self.codes.truncate(mark.values);
            self.dictionary.back_to(mark.entries);
        } else {
            self.lengths.truncate(mark.values);
            let bytes: i64 = self.lengths.iter().map(|length| i64::from(*length)).sum();
            self.bytes.truncate(ROOM + bytes as usize);
        }
    }

    fn settle(&mut self, tools: &mut Tools) -> Result<()> {
        let entries = self.dictionary.len();
        if self.repeats && self.values >= TRIAL && entries * 2 > self.values {
            self.leave_dictionary();
        }
        let due = self.pages.are_due(self.texts().len().max(size_of_val(self.codes.as_slice())));
        if due { self.write_page(tools) } else { Ok(()) }
    }

    fn worth<'t>(&'t self, text: &'t [u8], quoted: bool) -> std::result::Result<Worth<'t>, Refusal> {
        match self.refusal(text, quoted) {
            Some(refusal) => Err(refusal),
            None => {
                let meant = self.rules.quoting.meant(text, quoted);
                let is_null = self.is_null(text, &meant, quoted);
                Ok(if is_null { Worth::Null } else { Worth::Text(meant) })
            }
        }
    }

    fn index(&mut self, page_rows: usize, filtered: Option<usize>) -> Result<()> {
        self.pages.index(page_rows, filtered)
    }

    fn finish(&mut self, tools: &mut Tools) -> Result<Finished> {
        if self.pages.levels.rows() > 0 {
            self.write_page(tools)?;
        }
        let chunk = self.pages.take_chunk(tools);
        let statistics = self.statistics(chunk.nulls());
        tools.values.clear();
        let dictionary = std::mem::take(&mut self.referred).then(|| {
            self.dictionary.plain(&mut tools.values);
            (tools.values.as_slice(), self.dictionary.len())
        });
        let finished = chunk.finish(dictionary, Some(statistics), tools.codec, &mut tools.compressor);
        self.dictionary.clear();
        self.bytes.clear();
        (self.repeats, self.values) = (true, 0);
        Ok(finished?.filtered(self.pages.filter.take()))
    }
}
