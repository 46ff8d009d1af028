//! Checked rows that wait to be encoded: the texts of their fields end to end, and where each ends.
//!
//! Rows wait where a row group of their own would be too small, and where they are to be sorted.
//! They are kept as text because text is about as large as values are, and because columns then
//! need no second way in.

use crate::block::{Block, Fields};
use crate::scan::Field;

/// Readable before and behind any field.
const SLACK: usize = 64;
/// Rows that are handed on at once: their places stay in the L1 cache.
const AT_ONCE: usize = 1024;
/// Of an end: whether the field stood in quotes.
const QUOTED: u32 = 1 << 31;

/// Rows of a number of fields.
#[derive(Default)]
pub(crate) struct Kept {
    text: Vec<u8>,
    /// Of each field, row by row.
    ends: Vec<u32>,
    fields: usize,
}

impl Kept {
    pub fn new(fields: usize) -> Self {
        Self { text: vec![0; SLACK], ends: Vec::new(), fields }
    }

    pub fn rows(&self) -> usize {
        self.ends.len() / self.fields.max(1)
    }

    /// Memory that the rows take.
    pub fn bytes(&self) -> usize {
        self.text.len() + size_of_val(self.ends.as_slice())
    }

    /// Takes rows by their fields.
    pub fn push(&mut self, text: &[u8], fields: &[Field]) {
        fields.iter().for_each(|field| self.push_field(text, *field));
    }

    #[inline(always)]
    fn push_field(&mut self, text: &[u8], field: Field) {
        let (start, end) = (field.start as usize, field.end as usize);
        let behind = self.text.len() + end - start;
        match text.get(start..).and_then(|rest| rest.first_chunk::<32>()) {
            Some(chunk) if end - start <= 32 => self.text.extend_from_slice(chunk),
            _ => self.text.extend_from_slice(text.get(start..end).unwrap_or_default()),
        }
        self.text.truncate(behind);
        self.ends.push(behind as u32 | if field.quoted { QUOTED } else { 0 });
    }

    /// Takes all rows of another.
    pub fn append(&mut self, other: &Self) {
        let moved = (self.text.len() - SLACK) as u32;
        self.text.extend_from_slice(other.text.get(SLACK..).unwrap_or_default());
        self.ends.extend(other.ends.iter().map(|end| end + moved));
    }

    /// The text that fields lie in, once no row is to be added.
    pub fn seal(&mut self) {
        self.text.extend_from_slice(&[0; SLACK]);
    }

    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// A field of a row.
    pub fn field(&self, row: usize, column: usize) -> Field {
        let at = row * self.fields + column;
        let end = self.ends.get(at).copied().unwrap_or(SLACK as u32);
        let before = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = before.copied().unwrap_or(SLACK as u32) & !QUOTED;
        Field { start, end: end & !QUOTED, quoted: end & QUOTED != 0 }
    }

    /// The rows in an order, block after block.
    pub fn blocks<E>(
        &self,
        order: impl ExactSizeIterator<Item = usize>,
        mut each: impl FnMut(&Block<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut fields = Vec::with_capacity(AT_ONCE.min(order.len()) * self.fields);
        let mut order = order.peekable();
        while order.peek().is_some() {
            fields.clear();
            for row in order.by_ref().take(AT_ONCE) {
                fields.extend((0..self.fields).map(|column| self.field(row, column)));
            }
            let rows = fields.len() / self.fields.max(1);
            each(&Block { text: &self.text, rows, columns: self.fields, fields: Fields::Placed(&fields) })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_any_order() {
        let text = b"one,two,\"thr,ee\",4".to_vec();
        let field = |start, end, quoted| Field { start, end, quoted };
        let fields = [field(0, 3, false), field(4, 7, false), field(9, 15, true), field(17, 18, false)];
        let (mut kept, mut other) = (Kept::new(2), Kept::new(2));
        other.push(&text, &fields);
        kept.push(&text, &fields);
        kept.append(&other);
        kept.seal();
        assert_eq!(kept.rows(), 4);
        let mut found = Vec::new();
        let order = [3, 0].into_iter();
        let read = |block: &Block<'_>| {
            let Fields::Placed(fields) = block.fields else { panic!("placed") };
            found.extend(fields.iter().map(|field| {
                let text = &block.text[field.start as usize..field.end as usize];
                (String::from_utf8(text.to_vec()).unwrap(), field.quoted)
            }));
            Ok::<(), ()>(())
        };
        kept.blocks(order, read).unwrap();
        let wanted = [("thr,ee", true), ("4", false), ("one", false), ("two", false)];
        assert_eq!(found, wanted.map(|(text, quoted)| (text.to_owned(), quoted)));
    }
}
