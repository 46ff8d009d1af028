//! Reads a line by its places: key, colon, value, comma. It takes lines as machines write them, and
//! leaves every other to `careful`.

use super::careful::end_of_nested;
use super::escapes::{self, Content};
use super::index::Index;
use super::keys::{Keys, SpellingId};
use super::number::is_number;
use super::rows::Rows;

/// The text of a block and what is known of it.
#[derive(Clone, Copy)]
pub(super) struct Tape<'a> {
    text: &'a [u8],
    places: &'a [u32],
    odd: &'a [u32],
    backslashes: bool,
}

impl<'a> Tape<'a> {
    pub fn new(text: &'a [u8], index: &'a Index) -> Self {
        Self { text, places: index.places(), odd: index.odd(), backslashes: index.backslashes }
    }

    /// Reads the line at the front into the row that was begun. Gives the place of its line end, or
    /// `None` if it must be read with care.
    #[inline(always)]
    pub fn line(&mut self, start: usize, keys: &mut Keys, rows: &mut Rows) -> Option<usize> {
        let mut places = self.places;
        let mut before = *places.first()? as usize;
        if before != start || self.byte(start) != Some(b'{') {
            return None;
        }
        let mut spelling = SpellingId::FRONT;
        loop {
            let [_, colon, close] = places.first_chunk::<3>()?.map(|place| place as usize);
            if self.byte(colon) != Some(b':') {
                return None;
            }
            spelling = keys.find(self.text, before + 1, colon, spelling)?;
            let column = keys.column_of(spelling);
            if column.is_some_and(|column| !rows.name(column)) {
                return None;
            }
            places = places.get(2..)?;
            let value = colon + 1 + usize::from(self.byte(colon + 1) == Some(b' '));
            before = if close == value {
                places = self.nested(value, column, places, rows)?;
                *places.first()? as usize
            } else {
                self.value(value, close, column, rows)?;
                close
            };
            match self.byte(before)? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        let end = *places.get(1)? as usize;
        let is_end = end == before + 1 || end == before + 2 && self.byte(before + 1) == Some(b'\r');
        let odd = self.odd.first().is_some_and(|odd| *odd as usize <= end);
        if !is_end || odd || self.byte(end) != Some(b'\n') || !rows.is_named() {
            return None;
        }
        self.places = places.get(2..)?;
        Some(end)
    }

    /// Goes behind a line that was read with care.
    pub fn skip(&mut self, line_end: usize) {
        let behind = |places: &'a [u32]| {
            let count = places.iter().take_while(|place| **place as usize <= line_end).count();
            places.get(count..).unwrap_or_default()
        };
        (self.places, self.odd) = (behind(self.places), behind(self.odd));
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    /// Takes a value that is not nested, from its first byte to the comma or brace behind it.
    #[inline(always)]
    fn value(&self, start: usize, end: usize, column: Option<u32>, rows: &mut Rows) -> Option<()> {
        match self.byte(start)? {
            b'"' => return self.string(start + 1, end.checked_sub(1)?, column, rows),
            b'-' | b'0'..=b'9' if is_number(self.text, start, end) => {}
            b'n' if self.text.get(start..end) == Some(b"null") => return Some(()),
            b't' if self.text.get(start..end) == Some(b"true") => {}
            b'f' if self.text.get(start..end) == Some(b"false") => {}
            _ => return None,
        }
        if let Some(column) = column {
            rows.set(column, start, end, false);
        }
        Some(())
    }

    #[inline(always)]
    fn string(&self, start: usize, end: usize, column: Option<u32>, rows: &mut Rows) -> Option<()> {
        if let Some(column) = column {
            rows.set_string(column, self.text, start, end);
        }
        if self.backslashes {
            let raw = self.text.get(start..end)?;
            if memchr::memchr(b'\\', raw).is_some() {
                return escapes(raw, column, rows);
            }
        }
        Some(())
    }

    /// Takes a nested value, and gives the places from the one behind it on.
    fn nested(
        &self,
        start: usize,
        column: Option<u32>,
        places: &'a [u32],
        rows: &mut Rows,
    ) -> Option<&'a [u32]> {
        let end = end_of_nested(self.text, start)?;
        if let Some(column) = column {
            rows.set(column, start, end, false);
        }
        let inside = places.iter().take_while(|place| (**place as usize) < end).count();
        places.get(inside..).filter(|rest| rest.first() == Some(&(end as u32)))
    }
}

#[cold]
fn escapes(raw: &[u8], column: Option<u32>, rows: &mut Rows) -> Option<()> {
    let content = escapes::content(raw)?;
    if let Some(column) = column {
        rows.note_escapes(column);
        return (content == Content::Text).then_some(());
    }
    Some(())
}
