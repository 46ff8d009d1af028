//! `rows` of a zone's table: which rows the zone has, as a condition in a small part of SQL.
//!
//! The part is what Athena and DuckDB read alike, and Lake Formation's row filters but for what
//! [`catalog`] says:
//!
//! ```text
//! condition   = term { OR term }        term = factor { AND factor }      factor = [NOT] test | "(" condition ")"
//! test        = column comparison literal | literal comparison column
//!             | column [NOT] IN "(" literal { "," literal } ")"
//!             | column [NOT] BETWEEN literal AND literal
//!             | column [NOT] LIKE text
//!             | column IS [NOT] NULL
//! comparison  = "=" | "<>" | "!=" | "<" | "<=" | ">" | ">="
//! literal     = number | text in single quotes | TRUE | FALSE | DATE text | TIMESTAMP text
//! ```
//!
//! A comparison with null is neither true nor false, and a row is kept only where the whole is true.
//! The text is kept, for people.

mod catalog;
mod lexer;
mod parse;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{ColumnName, ColumnType, Literal};

/// Which rows: a condition, and the text it was written as.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RowFilter {
    text: String,
    condition: Condition,
}

/// A condition on a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Both hold.
    And(Box<Condition>, Box<Condition>),
    /// One holds.
    Or(Box<Condition>, Box<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A test of one column.
    Test(ColumnTest),
}

/// A test of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnTest {
    /// Which.
    pub column: ColumnName,
    /// Where its name stands in the text.
    pub place: Range<usize>,
    /// What is asked of its value.
    pub ask: Ask,
}

/// What is asked of a value. `NOT IN` and its like are a [`Condition::Not`] around it.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// It compares so with a literal.
    Compare(Comparison, SqlLiteral),
    /// It is one of these.
    In(Vec<SqlLiteral>),
    /// It lies between both, or is one of them.
    Between(SqlLiteral, SqlLiteral),
    /// It looks like the text: `%` is any number of characters, `_` is one.
    Like(SqlLiteral),
    /// There is none.
    IsNull,
}

/// A comparison, the column on its left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A value in the condition and its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlLiteral {
    /// How it is written.
    pub form: Form,
    /// What is written, without quotes.
    pub text: String,
    /// Where.
    pub place: Range<usize>,
}

/// How a literal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `-12.5`
    Number,
    /// `'web'`
    Text,
    /// `TRUE`
    Bool,
    /// `DATE '2026-01-31'`
    Date,
    /// `TIMESTAMP '2026-01-31 08:15:00'`
    Timestamp,
}

/// A text that is no condition, or one beyond the small part of SQL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no condition on rows: {why}")]
pub struct InvalidFilter {
    /// What was written.
    pub text: String,
    /// Which part of it is wrong, in bytes.
    pub place: Range<usize>,
    /// What is wrong with it.
    pub why: String,
}

/// A test that does not fit its column, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Which part of the text.
    pub place: Range<usize>,
    /// What is wrong with it.
    pub why: String,
    /// What to write instead.
    pub help: String,
}

impl RowFilter {
    /// The longest text that Lake Formation takes (source: its API, `RowFilter.FilterExpression`).
    pub const LONGEST: usize = 2_048;

    /// Reads a condition.
    pub fn new(text: &str) -> Result<Self, InvalidFilter> {
        let condition =
            parse::condition(text).map_err(|(place, why)| InvalidFilter { text: text.into(), place, why })?;
        Ok(Self { text: text.into(), condition })
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Every test in it, in the order of the text.
    pub fn tests(&self) -> Vec<&ColumnTest> {
        let mut tests = Vec::new();
        self.condition.walk(&mut |test| tests.push(test));
        tests.sort_by_key(|test| test.place.start);
        tests
    }

    /// The columns it asks about.
    pub fn columns(&self) -> BTreeSet<&ColumnName> {
        self.tests().into_iter().map(|test| &test.column).collect()
    }
}

impl Condition {
    fn walk<'c>(&'c self, visit: &mut impl FnMut(&'c ColumnTest)) {
        match self {
            Condition::And(one, other) | Condition::Or(one, other) => {
                one.walk(visit);
                other.walk(visit);
            }
            Condition::Not(inner) => inner.walk(visit),
            Condition::Test(test) => visit(test),
        }
    }
}

impl ColumnTest {
    /// What of the test does not fit a column of that type.
    pub fn misfit(&self, kind: ColumnType) -> Option<Misfit> {
        let unordered = |what: &str| Misfit {
            place: self.place.clone(),
            why: format!("values of `{kind}` have no order that {what} could ask for"),
            help: "ask with `=`, `<>`, `IN` or `IS NULL`".into(),
        };
        let ordered = kind.is_ordered() || kind == ColumnType::String;
        match &self.ask {
            Ask::IsNull => None,
            Ask::Compare(comparison, _) if !ordered && !comparison.is_equality() => {
                Some(unordered("`<` or `>`"))
            }
            Ask::Between(..) if !ordered => Some(unordered("`BETWEEN`")),
            Ask::Like(pattern) => misfit_of_like(pattern, kind),
            ask => ask.literals().into_iter().find_map(|literal| literal.misfit(kind)),
        }
    }
}

fn misfit_of_like(pattern: &SqlLiteral, kind: ColumnType) -> Option<Misfit> {
    (kind != ColumnType::String).then(|| Misfit {
        place: pattern.place.clone(),
        why: format!("`LIKE` asks about texts, and the column's type is `{kind}`"),
        help: "compare it with `=`, `<`, `BETWEEN` or `IN`".into(),
    })
}

impl Ask {
    /// The values it compares with.
    pub fn literals(&self) -> Vec<&SqlLiteral> {
        match self {
            Ask::Compare(_, literal) | Ask::Like(literal) => vec![literal],
            Ask::In(literals) => literals.iter().collect(),
            Ask::Between(low, high) => vec![low, high],
            Ask::IsNull => Vec::new(),
        }
    }
}

impl Comparison {
    fn is_equality(self) -> bool {
        matches!(self, Comparison::Equal | Comparison::NotEqual)
    }

    /// The same with its sides exchanged.
    pub fn flipped(self) -> Self {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
            same => same,
        }
    }
}

impl SqlLiteral {
    /// The value as a column of the type has it; `None` where it is none of the type, or is written as
    /// a value of another.
    pub fn read(&self, kind: ColumnType) -> Option<Literal> {
        (self.form == Form::of(kind)?).then(|| Literal::read(kind, &self.text))?
    }

    fn misfit(&self, kind: ColumnType) -> Option<Misfit> {
        if self.read(kind).is_some() {
            return None;
        }
        let why = match Form::of(kind) {
            Some(form) if form == self.form => format!("this is no value of `{kind}`"),
            Some(_) => format!("the column's type is `{kind}`, and this is {}", self.form.words()),
            None => format!("values of `{kind}` cannot be written in a condition"),
        };
        let help = match Form::of(kind) {
            Some(form) => format!("write for example {}", form.example(kind)),
            None => "ask with `IS NULL` or `IS NOT NULL`".into(),
        };
        Some(Misfit { place: self.place.clone(), why, help })
    }
}

impl Form {
    /// How values of a type are written; `None` for those that cannot be.
    fn of(kind: ColumnType) -> Option<Self> {
        match kind {
            ColumnType::Bool => Some(Form::Bool),
            ColumnType::Int32
            | ColumnType::Int64
            | ColumnType::Float32
            | ColumnType::Float64
            | ColumnType::Decimal { .. } => Some(Form::Number),
            ColumnType::Date => Some(Form::Date),
            ColumnType::Timestamp(_) => Some(Form::Timestamp),
            ColumnType::String => Some(Form::Text),
            ColumnType::Binary => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Form::Number => "a number",
            Form::Text => "a text",
            Form::Bool => "a truth value",
            Form::Date => "a date",
            Form::Timestamp => "a time",
        }
    }

    fn example(self, kind: ColumnType) -> &'static str {
        match self {
            Form::Number if matches!(kind, ColumnType::Int32 | ColumnType::Int64) => "`12`",
            Form::Number => "`12.5`",
            Form::Text => "`'web'`",
            Form::Bool => "`TRUE`",
            Form::Date => "`DATE '2026-01-31'`",
            Form::Timestamp => "`TIMESTAMP '2026-01-31 08:15:00'`",
        }
    }
}

impl fmt::Display for RowFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for RowFilter {
    type Error = InvalidFilter;
    fn try_from(text: String) -> Result<Self, InvalidFilter> {
        Self::new(&text)
    }
}

impl From<RowFilter> for String {
    fn from(filter: RowFilter) -> String {
        filter.text
    }
}

#[cfg(test)]
mod tests;
