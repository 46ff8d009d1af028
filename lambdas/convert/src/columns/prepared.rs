//! Columns of texts that have rules: what a field means is trimmed, filled, checked and hidden
//! before it is stored.
//!
//! What is stored of a block is written end to end into a text of its own, and the plain column
//! takes its fields from there. A field that is written as one before it is looked at once: columns
//! with rules tend to hold few different texts. A column without rules is a [`Texts`] and pays
//! nothing for any of this.

use std::borrow::Cow;

use parquet::errors::Result;
use tarn_lake::{Column as Declared, Quality, ValuePattern};

use super::disguise::Hiding;
use super::{Column, Mark, Refusal, Rule, Rules, Texts, Tools, Unusable, Worth};
use crate::HashKey;
use crate::block::{Block, Fields};
use crate::encode::Finished;
use crate::scan::Field;

/// Rows of a block that are prepared before they are taken.
const ROWS_AT_ONCE: usize = 8192;
/// Fields that are remembered, by what they look like.
const REMEMBERED: usize = 256;

/// A column of texts with rules.
pub(super) struct Prepared {
    column: Texts,
    preparation: Preparation,
    /// The places of a block's fields.
    fields: Vec<Field>,
    /// What is stored of them, end to end ...
    text: Vec<u8>,
    /// ... and where each ends up.
    places: Vec<Field>,
    /// Fields of the block, and the places of what is stored of them.
    memory: Vec<Option<(Field, Field)>>,
}

/// The rules of a column of texts.
struct Preparation {
    rules: Rules,
    trim: bool,
    fill: Option<String>,
    /// In their order; any text if there are none.
    allowed: Vec<String>,
    pattern: Option<ValuePattern>,
    hiding: Option<Hiding>,
}

impl Prepared {
    /// The column around a plain one; `rules` are those of the file's fields.
    pub fn new(
        column: Texts,
        declared: &Declared,
        rules: Rules,
        key: Option<&HashKey>,
    ) -> std::result::Result<Self, Unusable> {
        let Quality { trim, fill, allowed, min, max, pattern, disguise } = declared.quality.clone();
        if let Some(bound) = min.or(max) {
            return Err(Unusable::Literal(bound));
        }
        let hiding = disguise.map(|disguise| Hiding::new(&disguise, key)).transpose()?;
        let mut allowed = allowed;
        allowed.sort();
        let preparation = Preparation { rules, trim, fill, allowed, pattern, hiding };
        let (fields, text, places) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { column, preparation, fields, text, places, memory: vec![None; REMEMBERED] })
    }

    fn take(&mut self, text: &[u8], fields: &[Field]) -> bool {
        self.text.clear();
        self.places.clear();
        self.memory.fill(None);
        for field in fields {
            let raw = text.get(field.start as usize..field.end as usize).unwrap_or_default();
            let slot = self.memory.get_mut(likeness(raw) % REMEMBERED);
            let known = slot.as_ref().and_then(|slot| slot.as_ref()).filter(|(other, _)| {
                other.quoted == field.quoted
                    && text.get(other.start as usize..other.end as usize) == Some(raw)
            });
            let place = match known {
                Some((_, place)) => *place,
                None => match self.preparation.append(raw, field.quoted, &mut self.text) {
                    Ok(place) => place,
                    Err(_) => return false,
                },
            };
            slot.into_iter().for_each(|slot| *slot = Some((*field, place)));
            self.places.push(place);
        }
        let fields = Fields::Placed(&self.places);
        self.column.append(&Block { text: &self.text, rows: self.places.len(), columns: 1, fields }, 0)
    }
}

/// The same for texts that are the same; in most columns, another for others.
fn likeness(text: &[u8]) -> usize {
    let word = |chunk: Option<&[u8; 8]>| chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk));
    let short = || text.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    let ends = if text.len() < 8 {
        short()
    } else {
        word(text.first_chunk()) ^ word(text.last_chunk()).rotate_left(29)
    };
    ((ends ^ text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize
}

impl Preparation {
    /// Appends what is stored of a field, and gives its place. An empty text is told from null by
    /// quotes, as in a file.
    fn append(&self, raw: &[u8], quoted: bool, out: &mut Vec<u8>) -> std::result::Result<Field, Refusal> {
        let start = out.len() as u32;
        let Some(text) = self.value(raw, quoted)? else {
            return Ok(Field { start, end: start, quoted: false });
        };
        match &self.hiding {
            Some(hiding) => hiding.append(&text, out),
            None => out.extend_from_slice(text.as_bytes()),
        }
        let end = out.len() as u32;
        Ok(Field { start, end, quoted: start == end })
    }

    /// What a field is once it is trimmed, filled and checked.
    fn value<'t>(
        &'t self,
        raw: &'t [u8],
        quoted: bool,
    ) -> std::result::Result<Option<Cow<'t, str>>, Refusal> {
        let meant = self.trimmed(utf8(self.rules.quoting.meant(raw, quoted))?);
        let value = if self.is_null(raw, &meant, quoted) {
            match &self.fill {
                Some(fill) => Cow::Borrowed(fill.as_str()),
                None if self.rules.required => return Err(Refusal::Missing),
                None => return Ok(None),
            }
        } else {
            meant
        };
        match self.broken(&value) {
            Some(rule) => Err(Refusal::Breaks(rule)),
            None => Ok(Some(value)),
        }
    }

    fn trimmed<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        match text {
            Cow::Borrowed(text) if self.trim => text.trim().into(),
            Cow::Owned(text) if self.trim => text.trim().to_owned().into(),
            text => text,
        }
    }

    fn is_null(&self, raw: &[u8], meant: &str, quoted: bool) -> bool {
        let written =
            std::str::from_utf8(raw).ok().filter(|_| self.trim).map_or(raw, |raw| raw.trim().as_bytes());
        (meant.is_empty() && !quoted) || self.rules.spells_null(written, meant.as_bytes())
    }

    fn broken(&self, text: &str) -> Option<Rule> {
        let is_allowed = || self.allowed.binary_search_by(|other| other.as_str().cmp(text)).is_ok();
        if !self.allowed.is_empty() && !is_allowed() {
            return Some(Rule::Allowed);
        }
        let matches = self.pattern.as_ref().is_none_or(|pattern| pattern.matches(text.as_bytes()));
        (!matches).then_some(Rule::Pattern)
    }
}

fn utf8(text: Cow<'_, [u8]>) -> std::result::Result<Cow<'_, str>, Refusal> {
    match text {
        Cow::Borrowed(text) => std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| Refusal::NotUtf8),
        Cow::Owned(text) => String::from_utf8(text).map(Cow::Owned).map_err(|_| Refusal::NotUtf8),
    }
}

impl Column for Prepared {
    fn refusal(&self, text: &[u8], quoted: bool) -> Option<Refusal> {
        self.preparation.value(text, quoted).err()
    }

    fn append_key(&self, text: &[u8], quoted: bool, key: &mut Vec<u8>) -> bool {
        match self.preparation.value(text, quoted) {
            Ok(Some(value)) => {
                super::append_text_key(value.as_bytes(), key);
                true
            }
            _ => false,
        }
    }

    /// Before it is hidden; whoever shows it must ask for no column that hides.
    fn worth<'t>(&'t self, text: &'t [u8], quoted: bool) -> std::result::Result<Worth<'t>, Refusal> {
        Ok(match self.preparation.value(text, quoted)? {
            None => Worth::Null,
            Some(Cow::Borrowed(text)) => Worth::Text(text.as_bytes().into()),
            Some(Cow::Owned(text)) => Worth::Text(text.into_bytes().into()),
        })
    }

    fn index(&mut self, page_rows: usize, filtered: Option<usize>) -> Result<()> {
        self.column.index(page_rows, filtered)
    }

    fn append(&mut self, block: &Block<'_>, column: usize) -> bool {
        let mut fields = std::mem::take(&mut self.fields);
        block.collect(column, &mut fields);
        let taken = fields.len() == block.rows
            && fields.chunks(ROWS_AT_ONCE).all(|fields| self.take(block.text, fields));
        self.fields = fields;
        taken
    }

    fn append_nulls(&mut self, rows: usize) {
        self.column.append_nulls(rows);
    }

    fn mark(&self) -> Mark {
        self.column.mark()
    }

    fn back_to(&mut self, mark: Mark) {
        self.column.back_to(mark);
    }

    fn settle(&mut self, tools: &mut Tools) -> Result<()> {
        self.column.settle(tools)
    }

    fn finish(&mut self, tools: &mut Tools) -> Result<Finished> {
        self.column.finish(tools)
    }
}
