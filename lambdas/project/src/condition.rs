//! Which rows of a row group keep a condition: SQL's three truth values, column by column.

use std::cmp::Ordering;

use tarn_core::{Error, Kind, Result};
use tarn_lake::{Ask, ColumnName, ColumnTest, ColumnType, Comparison, Condition, Literal};

use crate::column::{Column, Scalar};
use crate::like;

/// SQL's truth values, in the order in which `AND` takes the least and `OR` the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    False,
    Unknown,
    True,
}

/// What a condition asks about: a column of the file, one that is a folder, or one that is not there.
pub(crate) enum Asked<'c> {
    Column(&'c Column, ColumnType),
    Folder(Option<Literal>, ColumnType),
    Nothing,
}

/// The truth of a condition for every row.
pub(crate) fn truths<'c>(
    condition: &Condition,
    rows: usize,
    find: &impl Fn(&ColumnName) -> Asked<'c>,
) -> Result<Vec<Truth>> {
    match condition {
        Condition::And(one, other) => both(one, other, rows, find, Ord::min),
        Condition::Or(one, other) => both(one, other, rows, find, Ord::max),
        Condition::Not(inner) => {
            let inner = truths(inner, rows, find)?;
            Ok(inner.into_iter().map(not).collect())
        }
        Condition::Test(test) => test_all(test, rows, find),
    }
}

fn both<'c>(
    one: &Condition,
    other: &Condition,
    rows: usize,
    find: &impl Fn(&ColumnName) -> Asked<'c>,
    join: fn(Truth, Truth) -> Truth,
) -> Result<Vec<Truth>> {
    let (one, other) = (truths(one, rows, find)?, truths(other, rows, find)?);
    Ok(one.into_iter().zip(other).map(|(one, other)| join(one, other)).collect())
}

fn not(truth: Truth) -> Truth {
    match truth {
        Truth::False => Truth::True,
        Truth::Unknown => Truth::Unknown,
        Truth::True => Truth::False,
    }
}

fn test_all<'c>(
    test: &ColumnTest,
    rows: usize,
    find: &impl Fn(&ColumnName) -> Asked<'c>,
) -> Result<Vec<Truth>> {
    match find(&test.column) {
        Asked::Nothing => Ok(vec![of_null(&test.ask); rows]),
        Asked::Folder(None, _) => Ok(vec![of_null(&test.ask); rows]),
        Asked::Folder(Some(value), kind) => {
            let question = Question::of(test, kind)?;
            Ok(vec![question.answer(scalar(&value)); rows])
        }
        Asked::Column(column, kind) => {
            let question = Question::of(test, kind)?;
            let decimal = matches!(kind, ColumnType::Decimal { .. });
            let mut at = 0;
            let truth = |present: &bool| {
                if !present {
                    return of_null(&test.ask);
                }
                at += 1;
                column.values.get(at - 1, decimal).map_or(Truth::Unknown, |value| question.answer(value))
            };
            Ok(column.present.iter().map(truth).collect())
        }
    }
}

fn of_null(ask: &Ask) -> Truth {
    if *ask == Ask::IsNull { Truth::True } else { Truth::Unknown }
}

/// A test with its values in what the column is stored as.
enum Question {
    Compare(Comparison, Literal),
    In(Vec<Literal>),
    Between(Literal, Literal),
    Like(Vec<char>),
    IsNull,
}

impl Question {
    fn of(test: &ColumnTest, kind: ColumnType) -> Result<Self> {
        let read = |literal: &tarn_lake::SqlLiteral| {
            let unfit = || {
                let what = format!(
                    "`rows` asks the column {} for `{}`, and a file has it as `{kind}`",
                    test.column, literal.text
                );
                Error::new(Kind::Invalid, what)
            };
            literal.read(kind).ok_or_else(unfit)
        };
        Ok(match &test.ask {
            Ask::Compare(comparison, literal) => Question::Compare(*comparison, read(literal)?),
            Ask::In(literals) => Question::In(literals.iter().map(read).collect::<Result<_>>()?),
            Ask::Between(low, high) => Question::Between(read(low)?, read(high)?),
            Ask::Like(pattern) => {
                read(pattern)?;
                Question::Like(pattern.text.chars().collect())
            }
            Ask::IsNull => Question::IsNull,
        })
    }

    /// The truth of a value that is there.
    fn answer(&self, value: Scalar) -> Truth {
        let holds = match self {
            Question::Compare(comparison, literal) => compare(*comparison, order(value, literal)),
            Question::In(literals) => {
                literals.iter().any(|literal| order(value, literal) == Some(Ordering::Equal))
            }
            Question::Between(low, high) => {
                compare(Comparison::GreaterOrEqual, order(value, low))
                    && compare(Comparison::LessOrEqual, order(value, high))
            }
            Question::Like(pattern) => match value {
                Scalar::Bytes(text) => {
                    std::str::from_utf8(text).is_ok_and(|text| like::matches(pattern, text))
                }
                _ => false,
            },
            Question::IsNull => false,
        };
        if holds { Truth::True } else { Truth::False }
    }
}

/// What is no number compares as unequal to everything, as Athena has it.
fn compare(comparison: Comparison, order: Option<Ordering>) -> bool {
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    }
}

/// Texts are compared by their bytes, which is the order of their characters.
fn order(value: Scalar, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Scalar::Bool(value), Literal::Bool(literal)) => Some(value.cmp(literal)),
        (Scalar::Whole(value), Literal::Whole(literal)) => Some(value.cmp(literal)),
        (Scalar::Real(value), Literal::Real(literal)) => value.partial_cmp(literal),
        (Scalar::Bytes(value), Literal::Text(literal)) => Some(value.cmp(literal.as_bytes())),
        _ => None,
    }
}

fn scalar(value: &Literal) -> Scalar<'_> {
    match value {
        Literal::Bool(value) => Scalar::Bool(*value),
        Literal::Whole(value) => Scalar::Whole(*value),
        Literal::Real(value) => Scalar::Real(*value),
        Literal::Text(value) => Scalar::Bytes(value.as_bytes()),
    }
}
