//! Where blocks stand: the places that the parser knows, widened to whole lines and the comments
//! that belong to them.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::line_of;

/// What can come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `[[table]]`
    Table,
    /// `[[zone]]`
    Zone,
}

impl Kind {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Table => "table",
            Kind::Zone => "zone",
        }
    }
}

/// A block that begins with a header of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    kind: Kind,
    name: Option<String>,
    /// The first byte of its header.
    pub header: usize,
    /// Behind the last byte of its last value.
    end: usize,
}

/// The places of one text.
pub struct Places<'a> {
    text: &'a str,
    blocks: Vec<Block>,
    inline: Vec<(Kind, usize)>,
    /// Values of several lines: what looks like a comment in them is none.
    values: Vec<Range<usize>>,
}

impl<'a> Places<'a> {
    /// Looks through a text that has no faults.
    pub fn find(text: &'a str) -> Self {
        let (root, _) = DeTable::parse_recoverable(text);
        let mut places = Self { text, blocks: Vec::new(), inline: Vec::new(), values: Vec::new() };
        for kind in [Kind::Table, Kind::Zone] {
            let list = root.get_ref().get(kind.word());
            let elements = list.and_then(|list| list.get_ref().as_array());
            elements.into_iter().flatten().for_each(|element| places.take(kind, element));
        }
        collect(root.get_ref(), &mut places.values);
        places
    }

    fn take(&mut self, kind: Kind, element: &Spanned<DeValue<'_>>) {
        let header = element.span().start;
        let Some(table) = element.get_ref().as_table() else { return };
        if !self.text[header..].starts_with("[[") {
            self.inline.push((kind, line_of(self.text, header)));
            return;
        }
        let mut inside = vec![element.span()];
        collect(table, &mut inside);
        let end = inside.iter().map(|place| place.end).max().unwrap_or(header);
        let name = table.get("name").and_then(|name| name.get_ref().as_str()).map(str::to_owned);
        self.blocks.push(Block { kind, name, header, end });
    }

    /// The line of the blocks of a kind that stand in one list.
    pub fn inline(&self, kind: Kind) -> Option<usize> {
        self.inline.iter().find(|(inline, _)| *inline == kind).map(|(_, line)| *line)
    }

    /// The block of that name.
    pub fn block(&self, kind: Kind, name: &str) -> Option<Block> {
        let is_it = |block: &&Block| block.kind == kind && block.name.as_deref() == Some(name);
        self.blocks.iter().find(is_it).cloned()
    }

    /// The end of the line that a new block of a kind comes behind: the last of the last one, or the
    /// last that says anything.
    pub fn end_of_last(&self, kind: Kind) -> usize {
        let last = self.blocks.iter().filter(|block| block.kind == kind).max_by_key(|block| block.end);
        let end_of_text = || self.line_at(self.text.trim_end().len()).end;
        last.map_or_else(end_of_text, |block| self.end_with_comments(block))
    }

    /// The lines of a block, and what is cut out of the text with it: where blank lines stand on both
    /// sides, one of them too.
    pub fn lines_of(&self, block: &Block) -> (Range<usize>, Range<usize>) {
        let lines = self.start_with_comments(block)..self.end_with_comments(block);
        let next = self.line_after(lines.end);
        let Some(before) = self.line_before(lines.start) else {
            let below =
                next.map(|next| self.line_after(next.end).filter(|_| self.is_blank(&next)).unwrap_or(next));
            let end = below.map_or(lines.end, |below| below.start);
            return (lines, self.first()..end);
        };
        let is_parted = self.is_blank(&before) && next.is_none_or(|next| self.is_blank(&next));
        let above = if is_parted { self.line_before(before.start) } else { None };
        let start = above.map_or(before.end, |above| above.end);
        let end = lines.end;
        (lines, start..end)
    }

    /// Comments directly above a header are about its block.
    fn start_with_comments(&self, block: &Block) -> usize {
        let mut start = self.line_at(block.header).start.max(self.first());
        while let Some(line) = self.line_before(start).filter(|line| self.is_comment(line)) {
            start = line.start.max(self.first());
        }
        start
    }

    /// Comments directly below a block belong to it, unless another block follows them at once: then
    /// they are about that.
    fn end_with_comments(&self, block: &Block) -> usize {
        let end = self.line_at(block.end).end;
        let mut reached = end;
        while let Some(line) = self.line_after(reached) {
            if self.is_comment(&line) {
                reached = line.end;
                continue;
            }
            return if self.is_blank(&line) { reached } else { end };
        }
        reached
    }

    /// Behind the byte order mark.
    fn first(&self) -> usize {
        self.text.len() - self.text.trim_start_matches('\u{feff}').len()
    }

    fn is_comment(&self, line: &Range<usize>) -> bool {
        let inside = |value: &Range<usize>| value.start < line.start && line.start < value.end;
        self.text[line.clone()].trim_start_matches('\u{feff}').trim_start().starts_with('#')
            && !self.values.iter().any(inside)
    }

    fn is_blank(&self, line: &Range<usize>) -> bool {
        self.text[line.clone()].trim().is_empty()
    }

    /// The line of a byte, without what ends it.
    fn line_at(&self, place: usize) -> Range<usize> {
        let start = self.text[..place].rfind('\n').map_or(0, |end| end + 1);
        let end = self.text[place..].find('\n').map_or(self.text.len(), |length| place + length);
        let carriage = self.text[start..end].ends_with('\r') && end < self.text.len();
        start..end - usize::from(carriage)
    }

    fn line_before(&self, start: usize) -> Option<Range<usize>> {
        start.checked_sub(1).filter(|_| start > self.first()).map(|end| self.line_at(end))
    }

    /// The line behind one that ends at `end`.
    fn line_after(&self, end: usize) -> Option<Range<usize>> {
        let next = end + self.text[end..].find('\n')? + 1;
        Some(self.line_at(next))
    }
}

/// The places of all that stands in a table.
fn collect(table: &DeTable<'_>, found: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        found.push(key.span());
        collect_value(value, found);
    }
}

fn collect_value(value: &Spanned<DeValue<'_>>, found: &mut Vec<Range<usize>>) {
    found.push(value.span());
    match value.get_ref() {
        DeValue::Table(table) => collect(table, found),
        DeValue::Array(array) => array.iter().for_each(|element| collect_value(element, found)),
        _ => {}
    }
}
