//! The fields of a block's rows as they are found: in the order of the layout, whatever the order of
//! the keys.

use super::escapes;
use crate::scan::Field;

/// Rows of one width, and the one in the making.
pub(super) struct Rows {
    width: usize,
    fields: Vec<Field>,
    /// Fields that hold escapes.
    escaped: Vec<usize>,
    lines: Vec<Line>,
    /// Whether a value may be no text that a column can take.
    suspect: bool,
    /// What the places of fields are behind those of lines, once escapes are resolved in a copy.
    moved: usize,
    /// Counts all rows ever begun, so that nothing has to be cleared for the next.
    current: u64,
    /// The row that a column was last found in.
    found_in: Vec<u64>,
    /// Where the row in the making begins.
    first_field: usize,
    named: bool,
}

/// A line that is a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub start: usize,
    /// Without its line end.
    pub end: usize,
    /// Counted from the segment's first.
    pub number: u64,
}

impl Rows {
    pub fn new(width: usize) -> Self {
        Self {
            width,
            fields: Vec::new(),
            escaped: Vec::new(),
            lines: Vec::new(),
            suspect: false,
            moved: 0,
            current: 0,
            found_in: vec![0; width],
            first_field: 0,
            named: false,
        }
    }

    pub fn clear(&mut self) {
        self.fields.clear();
        self.escaped.clear();
        self.lines.clear();
        (self.moved, self.suspect) = (0, false);
    }

    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The lines of all rows.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Begins a row without any value. One that was begun and not ended is gone.
    #[inline(always)]
    pub fn begin(&mut self, at: usize) {
        self.first_field = self.lines.len() * self.width;
        self.fields.truncate(self.first_field);
        while self.escaped.last().is_some_and(|field| *field >= self.first_field) {
            self.escaped.pop();
        }
        let nothing = Field { start: at as u32, end: at as u32, quoted: false };
        self.fields.resize(self.first_field + self.width, nothing);
        self.current += 1;
        self.named = false;
    }

    /// Notes that a column's key was found; `false` if it was before.
    #[inline(always)]
    pub fn name(&mut self, column: u32) -> bool {
        self.named = true;
        let Some(found_in) = self.found_in.get_mut(column as usize) else { return false };
        std::mem::replace(found_in, self.current) != self.current
    }

    /// Whether any key named a column.
    pub fn is_named(&self) -> bool {
        self.named
    }

    /// Sets the value of a column of the row in the making. `quoted` is of account only for a string
    /// of which nothing may be left: then it is the empty text, and no null.
    #[inline(always)]
    pub fn set(&mut self, column: u32, start: usize, end: usize, quoted: bool) {
        if let Some(field) = self.fields.get_mut(self.first_field + column as usize) {
            *field = Field { start: start as u32, end: end as u32, quoted };
        }
    }

    /// Sets a column to a string.
    #[inline(always)]
    pub fn set_string(&mut self, column: u32, text: &[u8], start: usize, end: usize) {
        self.set(column, start, end, may_be_blank(text, start, end));
    }

    /// Notes that the value of a column holds escapes.
    pub fn note_escapes(&mut self, column: u32) {
        self.escaped.push(self.first_field + column as usize);
    }

    /// Notes that a value may be no text that a column can take.
    pub fn suspect(&mut self) {
        self.suspect = true;
    }

    /// Whether there is such a value.
    pub fn are_suspect(&self) -> bool {
        self.suspect
    }

    /// Ends the row.
    #[inline(always)]
    pub fn end(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Ends the rows: drops what was begun.
    pub fn finish(&mut self) {
        self.begin(0);
        self.fields.truncate(self.first_field);
    }

    /// Whether any value holds escapes.
    pub fn hold_escapes(&self) -> bool {
        !self.escaped.is_empty()
    }

    /// Resolves the escapes in a copy of the text that begins `before` bytes into it, and moves the
    /// fields there.
    pub fn resolve(&mut self, copy: &mut [u8], before: usize) {
        self.moved = before;
        for field in &mut self.fields {
            (field.start, field.end) = (field.start - before as u32, field.end - before as u32);
        }
        for place in &self.escaped {
            let Some(field) = self.fields.get_mut(*place) else { continue };
            if let Some(string) = copy.get_mut(field.start as usize..field.end as usize) {
                field.end = field.start + escapes::resolve(string) as u32;
            }
        }
    }

    /// A row's text, where escapes are resolved if there are any, and its fields in it.
    pub fn row<'t>(&self, number: usize, text: &'t [u8]) -> Option<(&'t [u8], Vec<Field>)> {
        let Line { start, end, .. } = *self.lines.get(number)?;
        let text = text.get(start - self.moved..end - self.moved)?;
        let fields = self.fields.get(number * self.width..(number + 1) * self.width)?;
        let before = (start - self.moved) as u32;
        let moved = |field: &Field| Field { start: field.start - before, end: field.end - before, ..*field };
        Some((text, fields.iter().map(moved).collect()))
    }

    /// Puts a row's fields back.
    pub fn put_row(&mut self, number: usize, fields: &[Field]) {
        let Some(line) = self.lines.get(number) else { return };
        let start = line.start - self.moved;
        let places = self.fields.iter_mut().skip(number * self.width);
        places.zip(fields).for_each(|(place, field)| *place = field.moved(start));
    }

    /// Keeps the rows that are not among the dropped, which are in order.
    pub fn drop_rows(&mut self, dropped: &[usize]) {
        let width = self.width;
        let mut kept = 0;
        for number in 0..self.lines.len() {
            if dropped.binary_search(&number).is_err() {
                self.lines.copy_within(number..=number, kept);
                self.fields.copy_within(number * width..(number + 1) * width, kept * width);
                kept += 1;
            }
        }
        self.lines.truncate(kept);
        self.fields.truncate(kept * width);
    }
}

/// Whether a string may be nothing but white space, by its first byte. To say so of every string
/// would cost each a second look.
#[inline(always)]
fn may_be_blank(text: &[u8], start: usize, end: usize) -> bool {
    let first = text.get(start).filter(|_| start < end);
    first.is_none_or(|byte| matches!(byte, 0..=b' ' | b'\\' | 0xc2 | 0xe1..=0xe3))
}
