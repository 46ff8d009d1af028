//! Columns of values of one size that have rules: a value is compared in its own type, after it is
//! read and before it is stored.
//!
//! A column without rules is a [`Fixed`] and pays nothing for any of this.

use std::cmp::Ordering;

use parquet::errors::Result;
use tarn_lake::{Column as Declared, Literal};

use super::fixed::Found;
use super::stored::Stored;
use super::{Column, Fixed, Mark, Refusal, Rule, Tools, Unusable, Worth};
use crate::block::Block;
use crate::encode::Finished;
use crate::scan::Field;
use crate::values::Parse;

/// A value that rules can speak of.
pub(crate) trait Comparable: Stored + PartialOrd {
    /// The literal as a value of this type.
    fn of(literal: &Literal) -> Option<Self>;
    /// Appends bytes that are the same for equal values and for no others.
    fn append_key(self, key: &mut Vec<u8>);
}

macro_rules! whole {
    ($($value:ty)*) => {
        $(impl Comparable for $value {
            fn of(literal: &Literal) -> Option<Self> {
                let Literal::Whole(value) = literal else { return None };
                (*value).try_into().ok()
            }
            fn append_key(self, key: &mut Vec<u8>) {
                key.extend_from_slice(&self.to_le_bytes());
            }
        })*
    };
}

whole! { i32 i64 i128 }

macro_rules! real {
    ($($value:ty)*) => {
        $(impl Comparable for $value {
            fn of(literal: &Literal) -> Option<Self> {
                let Literal::Real(value) = literal else { return None };
                Some(*value as $value)
            }
            /// As keys, both zeros are one value, and so is whatever is no number.
            fn append_key(self, key: &mut Vec<u8>) {
                let value = if self.is_nan() { <$value>::NAN } else { self + 0.0 };
                key.extend_from_slice(&value.to_le_bytes());
            }
        })*
    };
}

real! { f32 f64 }

impl Comparable for bool {
    fn of(literal: &Literal) -> Option<Self> {
        let Literal::Bool(value) = literal else { return None };
        Some(*value)
    }
    fn append_key(self, key: &mut Vec<u8>) {
        key.push(self.into());
    }
}

/// The rules of a column, as values of its type.
pub(super) struct Checks<V> {
    fill: Option<V>,
    /// In their order; any value if there are none.
    allowed: Vec<V>,
    min: Option<V>,
    max: Option<V>,
}

impl<V: Comparable> Checks<V> {
    /// The rules, if the column has any.
    pub fn new(declared: &Declared) -> std::result::Result<Option<Self>, Unusable> {
        let quality = &declared.quality;
        if quality.trim || quality.pattern.is_some() || quality.disguise.is_some() {
            return Err(Unusable::RuleOfTexts);
        }
        if quality.is_none() {
            return Ok(None);
        }
        let value = |text: &String| {
            let literal = Literal::read(declared.kind, text);
            literal.as_ref().and_then(V::of).ok_or_else(|| Unusable::Literal(text.clone()))
        };
        let one = |text: &Option<String>| text.as_ref().map(value).transpose();
        let allowed: std::result::Result<Vec<V>, _> = quality.allowed.iter().map(value).collect();
        let mut allowed = allowed?;
        allowed.sort_by(|one, other| one.partial_cmp(other).unwrap_or(Ordering::Equal));
        Ok(Some(Self {
            fill: one(&quality.fill)?,
            allowed,
            min: one(&quality.min)?,
            max: one(&quality.max)?,
        }))
    }

    /// The first rule that a value breaks. What is no number keeps neither bounds nor lists.
    #[inline]
    fn broken(&self, value: V) -> Option<Rule> {
        let is_allowed = || {
            let order = |other: &V| other.partial_cmp(&value).unwrap_or(Ordering::Greater);
            self.allowed.binary_search_by(order).is_ok()
        };
        match () {
            () if !self.allowed.is_empty() && !is_allowed() => Some(Rule::Allowed),
            () if self.min.is_some_and(|min| {
                !matches!(value.partial_cmp(&min), Some(Ordering::Greater | Ordering::Equal))
            }) =>
            {
                Some(Rule::Min)
            }
            () if self.max.is_some_and(|max| {
                !matches!(value.partial_cmp(&max), Some(Ordering::Less | Ordering::Equal))
            }) =>
            {
                Some(Rule::Max)
            }
            () => None,
        }
    }

    /// What a field is once gaps are filled and rules are checked.
    #[inline]
    fn judged(&self, found: Found<V>) -> Found<V> {
        let value = match (found, self.fill) {
            (Found::Value(value), _) | (Found::Null, Some(value)) => value,
            (other, _) => return other,
        };
        match self.broken(value) {
            Some(rule) => Found::Refused(Refusal::Breaks(rule)),
            None => Found::Value(value),
        }
    }
}

/// A column with rules.
pub(super) struct Checked<P: Parse>
where
    P::Value: Stored,
{
    column: Fixed<P>,
    checks: Checks<P::Value>,
    /// The places of a block's fields.
    fields: Vec<Field>,
}

impl<P: Parse> Checked<P>
where
    P::Value: Comparable,
{
    pub fn new(column: Fixed<P>, checks: Checks<P::Value>) -> Self {
        Self { column, checks, fields: Vec::new() }
    }

    /// Takes up to 64 fields.
    fn take(&mut self, text: &[u8], fields: &[Field]) -> bool {
        let mut values = [P::Value::default(); 64];
        let mut free = values.iter_mut();
        let mut present = 0u64;
        for (bit, field) in fields.iter().enumerate() {
            match self.checks.judged(self.column.value(text, *field)) {
                Found::Value(value) => {
                    present |= 1 << bit;
                    free.next().into_iter().for_each(|free| *free = value);
                }
                Found::Null => {}
                Found::Refused(_) => return false,
            }
        }
        let values = values.get(..present.count_ones() as usize).unwrap_or_default();
        self.column.push(values, present, fields.len());
        true
    }
}

impl<P: Parse> Column for Checked<P>
where
    P::Value: Comparable,
{
    fn refusal(&self, text: &[u8], quoted: bool) -> Option<Refusal> {
        match self.checks.judged(self.column.slow(text, quoted)) {
            Found::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    fn append_key(&self, text: &[u8], quoted: bool, key: &mut Vec<u8>) -> bool {
        match self.checks.judged(self.column.slow(text, quoted)) {
            Found::Value(value) => {
                value.append_key(key);
                true
            }
            _ => false,
        }
    }

    fn worth<'t>(&'t self, text: &'t [u8], quoted: bool) -> std::result::Result<Worth<'t>, Refusal> {
        match self.checks.judged(self.column.slow(text, quoted)) {
            Found::Value(value) => Ok(value.worth()),
            Found::Null => Ok(Worth::Null),
            Found::Refused(refusal) => Err(refusal),
        }
    }

    fn index(&mut self, page_rows: usize, filtered: Option<usize>) -> Result<()> {
        self.column.index(page_rows, filtered)
    }

    fn append(&mut self, block: &Block<'_>, column: usize) -> bool {
        let mut fields = std::mem::take(&mut self.fields);
        block.collect(column, &mut fields);
        let taken =
            fields.len() == block.rows && fields.chunks(64).all(|fields| self.take(block.text, fields));
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
