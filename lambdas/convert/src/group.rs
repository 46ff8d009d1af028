//! The columns of one row group: whole rows in, column chunks out.
//!
//! A column takes its values from a field of the file, has one value for all rows of it, or, where
//! the file's layout does not have it, none.

use parquet::errors::Result;
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};
use tarn_lake::{Column as Declared, ColumnName, ColumnSource, ColumnType, Csv, OnBadRow};

use crate::block::{Block, Fields};
use crate::columns::{self, Column, Mark, Rules, Tools, Unusable, Worth};
use crate::encode::Finished;
use crate::rejects::{Place, Reason};
use crate::scan::Field;
use crate::{ConvertError, Spec, schema};

/// The rows since the last row group.
pub(crate) struct Group {
    slots: Vec<Slot>,
    marks: Vec<Mark>,
    wanted: usize,
    rows: usize,
    /// Whether a value that cannot be read becomes null, and its row is taken.
    nulls_unreadable: bool,
}

/// A column of a key: in the group, and in a row, where it is a field of one.
#[derive(Clone, Copy)]
pub(crate) struct KeyColumn {
    slot: usize,
    field: Option<usize>,
}

/// A column of the Parquet file and where it comes from.
struct Slot {
    name: ColumnName,
    source: Source,
    /// Whether a row without a value is a bad row.
    required: bool,
    column: Box<dyn Column>,
    is_bool: bool,
}

/// What is wrong with a row.
pub(crate) struct Refused {
    pub reason: Reason,
    /// Columns whose values cannot be read, if it is taken without them.
    pub nulled: Vec<ColumnName>,
}

impl Refused {
    /// Whether silver gets the row: nothing is wrong with it, or it is taken without some values.
    pub fn is_kept(refused: Option<&Self>) -> bool {
        refused.is_none_or(|refused| !refused.nulled.is_empty())
    }
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self { reason, nulled: Vec::new() }
    }
}

/// Where the values of a column come from.
pub(crate) enum Source {
    Field(Place),
    /// The same text for every row.
    Fixed(Vec<u8>),
    /// The file's layout does not have it: always null.
    Nothing,
}

impl Group {
    /// The columns of the Parquet files, fed by files of a layout: type and order are the schema's;
    /// place, format and `required` are the layout's.
    pub fn new(spec: &Spec<'_>) -> std::result::Result<Self, ConvertError> {
        Self::of(spec, spec.file_columns().collect())
    }

    /// The same with the columns that are folders, for who judges rows and makes no row group.
    pub fn judge(spec: &Spec<'_>) -> std::result::Result<Self, ConvertError> {
        Self::of(spec, spec.schema.in_silver().collect())
    }

    fn of(spec: &Spec<'_>, columns: Vec<&Declared>) -> std::result::Result<Self, ConvertError> {
        let parquet = SchemaDescriptor::new(schema::of(columns.iter().copied())?);
        let columns = columns.into_iter().zip(parquet.columns());
        let slots: std::result::Result<Vec<Slot>, ConvertError> =
            columns.map(|(column, descriptor)| Slot::new(spec, column, descriptor)).collect();
        Ok(Self {
            slots: slots?,
            marks: Vec::new(),
            wanted: spec.layout.fields().count(),
            rows: 0,
            nulls_unreadable: spec.bad_rows.action == OnBadRow::Null,
        })
    }

    /// Where the columns of a key are; nothing when the file does not have all of them.
    pub fn key_columns(&self, key: &[ColumnName]) -> Option<Vec<KeyColumn>> {
        key.iter().map(|name| self.key_column(name)).collect()
    }

    fn key_column(&self, name: &ColumnName) -> Option<KeyColumn> {
        let slot = self.slots.iter().position(|slot| slot.name == *name)?;
        match &self.slots.get(slot)?.source {
            Source::Field(place) => Some(KeyColumn { slot, field: Some(place.column - 1) }),
            Source::Fixed(_) => Some(KeyColumn { slot, field: None }),
            Source::Nothing => None,
        }
    }

    /// Appends the values of a key to `bytes`; `false` when one of them is none.
    pub fn append_key(
        &self,
        key: &[KeyColumn],
        text: &[u8],
        field: impl Fn(usize) -> Option<Field>,
        bytes: &mut Vec<u8>,
    ) -> bool {
        key.iter().all(|column| {
            let Some(Slot { source, column: taken, .. }) = self.slots.get(column.slot) else { return false };
            if let Source::Fixed(text) = source {
                return taken.append_key(text, false, bytes);
            }
            let Some(field) = column.field.and_then(&field) else { return false };
            let raw = text.get(field.start as usize..field.end as usize).unwrap_or_default();
            taken.append_key(raw, field.quoted, bytes)
        })
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
        let taken = self.take(block);
        if taken {
            self.settle(block.rows, tools)?;
        }
        Ok(taken)
    }

    /// The same, for who may think better of it: [`Group::settle`] or [`Group::undo`] must follow
    /// when rows were taken.
    pub fn take(&mut self, block: &Block<'_>) -> bool {
        self.marks.clear();
        for slot in &mut self.slots {
            self.marks.push(slot.column.mark());
            let taken = match &slot.source {
                Source::Field(place) => slot.column.append(block, place.column - 1),
                Source::Fixed(text) => slot.column.append(&repeated(text, block.rows), 0),
                Source::Nothing => {
                    slot.column.append_nulls(block.rows);
                    true
                }
            };
            if !taken {
                self.undo();
                return false;
            }
        }
        true
    }

    /// Whether no row of a block breaks a rule.
    pub fn check(&mut self, block: &Block<'_>) -> bool {
        let fine = self.take(block);
        if fine {
            self.undo();
        }
        fine
    }

    /// Gives back the rows that were taken last.
    pub fn undo(&mut self) {
        for (slot, mark) in self.slots.iter_mut().zip(&self.marks) {
            slot.column.back_to(*mark);
        }
    }

    /// Keeps the rows that were taken last.
    pub fn settle(&mut self, rows: usize, tools: &mut Tools) -> Result<()> {
        self.rows += rows;
        self.slots.iter_mut().try_for_each(|slot| slot.column.settle(tools))
    }

    /// Makes the row group that begins one that a search in some columns can skip most of.
    pub fn index(&mut self, columns: &[ColumnName], page_rows: usize, rows: usize) -> Result<()> {
        for slot in &mut self.slots {
            let filtered = columns.contains(&slot.name) && !slot.is_bool;
            slot.column.index(page_rows, filtered.then_some(rows))?;
        }
        Ok(())
    }

    /// The number of a column.
    pub fn slot(&self, column: &ColumnName) -> Option<usize> {
        self.slots.iter().position(|slot| slot.name == *column)
    }

    /// What a row is worth in a column, by its fields in a text.
    pub fn worth<'t>(&'t self, slot: usize, text: &'t [u8], field: impl Fn(usize) -> Field) -> Worth<'t> {
        let Some(Slot { source: Source::Field(place), column, .. }) = self.slots.get(slot) else {
            return Worth::Null;
        };
        let field = field(place.column - 1);
        let raw = text.get(field.start as usize..field.end as usize).unwrap_or_default();
        column.worth(raw, field.quoted).unwrap_or(Worth::Null)
    }

    /// What is wrong with a row, or nothing. Where the table wants it, fields that cannot be read are
    /// emptied, so that the row can be taken.
    pub fn judge_row(&self, raw: &[u8], fields: &mut [Field]) -> Option<Refused> {
        let reason = self.refusal(raw, fields)?;
        let of_a_value = fields.len() == self.wanted && reason != Reason::NulByte;
        let unreadable =
            if self.nulls_unreadable && of_a_value { self.unreadable(raw, fields) } else { None };
        let Some(places) = unreadable else { return Some(reason.into()) };
        for place in &places {
            if let Some(field) = fields.get_mut(place.column - 1) {
                *field = Field { end: field.start, quoted: false, ..*field };
            }
        }
        Some(Refused { reason, nulled: places.into_iter().map(|place| place.name.clone()).collect() })
    }

    /// The places of all values that cannot be read, if the row can do without every one of them.
    fn unreadable(&self, raw: &[u8], fields: &[Field]) -> Option<Vec<&Place>> {
        let refusing = self.slots.iter().filter(|slot| slot.refusal(raw, fields).is_some());
        refusing.map(Slot::place_of_optional).collect()
    }

    /// Why a row cannot be taken, by the first column that refuses it.
    fn refusal(&self, raw: &[u8], fields: &[Field]) -> Option<Reason> {
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
    fn new(
        spec: &Spec<'_>,
        column: &Declared,
        descriptor: &ColumnDescPtr,
    ) -> std::result::Result<Self, ConvertError> {
        let source = Source::of(column, spec)?;
        let (name, kind) = (&column.name, column.kind);
        let in_file = spec.layout.columns.iter().find(|candidate| candidate.name == *name);
        let declared = match (&source, in_file) {
            (Source::Field(_), Some(in_file)) => Declared { kind, ..in_file.clone() },
            _ => Declared::new(name.clone(), kind),
        };
        let rules = match &source {
            Source::Fixed(_) => Rules::new(&Csv::default(), &declared),
            _ => Rules::new(spec.csv, &declared),
        };
        let made = columns::column(&declared, rules, spec.hash_key, descriptor.clone());
        let (name, required, is_bool) = (name.clone(), declared.required, kind == ColumnType::Bool);
        let made = made.map_err(|why| unusable(&why, column))?;
        let slot = Self { name, source, required, column: made, is_bool };
        match &slot.source {
            Source::Fixed(text) if slot.column.refusal(text, false).is_some() => {
                Err(ConvertError::FixedValue { column: column.name.clone(), kind: column.kind })
            }
            _ => Ok(slot),
        }
    }

    /// Where the value of a column stands that a row can do without.
    fn place_of_optional(&self) -> Option<&Place> {
        match &self.source {
            Source::Field(place) if !self.required => Some(place),
            _ => None,
        }
    }

    fn refusal(&self, raw: &[u8], fields: &[Field]) -> Option<Reason> {
        let Source::Field(place) = &self.source else { return None };
        let field = fields.get(place.column - 1)?;
        let text = raw.get(field.start as usize..field.end as usize).unwrap_or_default();
        self.column.refusal(text, field.quoted).map(|refusal| refusal.of(place))
    }
}

impl Source {
    /// Where a column of the schema gets its values in files of the layout.
    pub fn of(column: &Declared, spec: &Spec<'_>) -> std::result::Result<Self, ConvertError> {
        let same_name = |candidate: &&Declared| candidate.name == column.name && !candidate.drop;
        let Some(in_file) = spec.layout.columns.iter().find(same_name) else { return Ok(Self::Nothing) };
        match &in_file.source {
            ColumnSource::Field => {
                let index = spec.layout.fields().take_while(|field| field.name != column.name).count();
                let (name, kind) = (column.name.clone(), column.kind);
                Ok(Self::Field(Place { column: index + 1, name, kind }))
            }
            ColumnSource::Constant(text) => Ok(Self::Fixed(text.clone().into_bytes())),
            ColumnSource::Name(word) => match spec.name.get(word) {
                Some(text) => Ok(Self::Fixed(text.to_owned().into_bytes())),
                None => Err(ConvertError::Name { column: column.name.clone(), word: word.clone() }),
            },
        }
    }
}

/// A block whose rows have one field, the same in all of them.
fn repeated(text: &[u8], rows: usize) -> Block<'_> {
    Block {
        text,
        rows,
        columns: 1,
        fields: Fields::Same(Field { start: 0, end: text.len() as u32, quoted: false }),
    }
}

/// The error of a column that cannot be made.
pub(crate) fn unusable(why: &Unusable, column: &Declared) -> ConvertError {
    let (name, kind) = (&column.name, column.kind);
    ConvertError::Spec(match why {
        Unusable::Format(pattern) => format!("`{pattern}` of column `{name}` is no strftime pattern"),
        Unusable::Literal(text) => {
            format!("`{text}` in a rule of column `{name}` is no bound or value of {kind}")
        }
        Unusable::RuleOfTexts => format!("column `{name}` is a {kind} and has a rule for texts"),
        Unusable::NoHashKey => format!("column `{name}` is to be hashed, and there is no key"),
    })
}
