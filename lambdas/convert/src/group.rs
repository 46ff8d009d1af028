//! The columns of one row group: whole rows in, column chunks out.

use parquet::errors::Result;
use parquet::schema::types::SchemaDescPtr;
use tarn_lake::{Column as Declared, Csv, Layout};

use crate::ConvertError;
use crate::block::Block;
use crate::columns::{self, Column, Mark, Refusal, Rules, Tools};
use crate::encode::Finished;
use crate::rejects::{Place, Reason};
use crate::scan::Field;
use crate::values::BadPattern;

/// The rows since the last row group.
pub(crate) struct Group {
    slots: Vec<Slot>,
    marks: Vec<Mark>,
    wanted: usize,
    rows: usize,
}

/// A column of the Parquet file and where it comes from.
struct Slot {
    /// `None` for a column that the file's layout does not have: always null.
    source: Option<Place>,
    column: Box<dyn Column>,
}

impl Group {
    /// Columns of the schema, fed by files of a layout: type and order are the schema's; place,
    /// format and `required` are the layout's.
    pub fn new(
        csv: &Csv,
        layout: &Layout,
        schema: &Layout,
        parquet: &SchemaDescPtr,
    ) -> std::result::Result<Self, ConvertError> {
        let descriptors = parquet.columns().iter();
        let slots: std::result::Result<Vec<Slot>, ConvertError> = schema
            .columns
            .iter()
            .zip(descriptors)
            .map(|(column, descriptor)| {
                let index = layout.columns.iter().position(|candidate| candidate.name == column.name);
                let declared = index.and_then(|index| layout.columns.get(index)).unwrap_or(column);
                let rules = Rules::new(csv, declared);
                let made = columns::column(column.kind, declared, rules, descriptor.clone());
                Ok(Slot {
                    source: index.map(|index| place(index, column)),
                    column: made.map_err(|bad| spec(&bad, column))?,
                })
            })
            .collect();
        Ok(Self { slots: slots?, marks: Vec::new(), wanted: layout.columns.len(), rows: 0 })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Fields of a row.
    pub fn wanted(&self) -> usize {
        self.wanted
    }

    /// Takes all rows of a block, or none when any breaks a rule.
    pub fn append(&mut self, block: &Block<'_>, tools: &mut Tools) -> Result<bool> {
        self.marks.clear();
        for slot in &mut self.slots {
            self.marks.push(slot.column.mark());
            let taken = match &slot.source {
                Some(place) => slot.column.append(block, place.column - 1),
                None => {
                    slot.column.append_nulls(block.rows);
                    true
                }
            };
            if !taken {
                self.back_to_marks();
                return Ok(false);
            }
        }
        self.rows += block.rows;
        for slot in &mut self.slots {
            slot.column.settle(tools)?;
        }
        Ok(true)
    }

    fn back_to_marks(&mut self) {
        for (slot, mark) in self.slots.iter_mut().zip(&self.marks) {
            slot.column.back_to(*mark);
        }
    }

    /// Why a row cannot be taken, by the first column that refuses it.
    pub fn refusal(&self, raw: &[u8], fields: &[Field]) -> Option<Reason> {
        let (wanted, found) = (self.wanted, fields.len());
        if memchr::memchr(0, raw).is_some() {
            return Some(Reason::NulByte);
        }
        if found < wanted {
            return Some(Reason::TooFewFields { wanted, found });
        }
        if found > wanted {
            return Some(Reason::TooManyFields { wanted, found });
        }
        self.slots.iter().find_map(|slot| slot.refusal(raw, fields))
    }

    /// Ends the row group.
    pub fn finish(&mut self, tools: &mut Tools) -> Result<Vec<Finished>> {
        self.rows = 0;
        self.slots.iter_mut().map(|slot| slot.column.finish(tools)).collect()
    }
}

impl Slot {
    fn refusal(&self, raw: &[u8], fields: &[Field]) -> Option<Reason> {
        let place = self.source.as_ref()?;
        let field = fields.get(place.column - 1)?;
        let text = raw.get(field.start as usize..field.end as usize).unwrap_or_default();
        self.column.refusal(text, field.quoted).map(|refusal| match refusal {
            Refusal::Missing => Reason::MissingRequired(place.clone()),
            Refusal::NotUtf8 => Reason::InvalidUtf8(place.clone()),
            Refusal::Unparsable => Reason::Unparsable(place.clone()),
        })
    }
}

fn place(index: usize, column: &Declared) -> Place {
    Place { column: index + 1, name: column.name.clone(), kind: column.kind }
}

fn spec(BadPattern(pattern): &BadPattern, column: &Declared) -> ConvertError {
    ConvertError::Spec(format!("`{pattern}` of column `{}` is no strftime pattern", column.name))
}
