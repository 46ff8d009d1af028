//! A condition as Lake Formation reads it: a part of PartiQL, for which there is no other judge than AWS.
//!
//! | of the file | there |
//! |---|---|
//! | a column | in double quotes always, since some names are words of PartiQL |
//! | `=`, `<>`, `<`, `<=`, `>`, `>=`, `IN`, `BETWEEN`, `LIKE`, `AND`, `OR`, `NOT` | the same; `!=` is `<>`, and brackets say what binds |
//! | numbers, texts, `TRUE`, `FALSE` | the same |
//! | `IS NULL`, `IS NOT NULL` | the same; none about a column that is a folder |
//! | dates, times, bytes | no such columns |
//! | a longer text than 2,048 bytes | none |

use std::ops::Range;

use super::{Ask, ColumnTest, Comparison, Condition, Form, Misfit, RowFilter, SqlLiteral};
use crate::{ColumnType, Table};

impl RowFilter {
    /// The condition in Lake Formation's words.
    pub fn for_catalog(&self) -> String {
        written(&self.condition)
    }

    /// What of it Lake Formation cannot be asked of a table.
    pub fn beyond_catalog(&self, table: &Table) -> Vec<Misfit> {
        let mut beyond: Vec<Misfit> =
            self.tests().into_iter().filter_map(|test| beyond(test, table)).collect();
        let length = self.for_catalog().len();
        if length > Self::LONGEST {
            let why = format!("it has {length} bytes there, and Lake Formation takes {}", Self::LONGEST);
            beyond.push(misfit(0..self.text.len(), why));
        }
        beyond
    }
}

fn beyond(test: &ColumnTest, table: &Table) -> Option<Misfit> {
    let column = table.newest_layout().in_silver().find(|column| column.name == test.column)?;
    match column.kind {
        ColumnType::Date | ColumnType::Timestamp(_) | ColumnType::Binary => {
            let why = format!("Lake Formation has no conditions on columns of type `{}`", column.kind);
            Some(misfit(test.place.clone(), why))
        }
        _ if test.ask == Ask::IsNull && table.placement.is_folder(&column.name) => {
            let why = "the column is a folder, and Lake Formation cannot ask whether one is null".into();
            Some(misfit(test.place.clone(), why))
        }
        _ => None,
    }
}

fn misfit(place: Range<usize>, why: String) -> Misfit {
    let help = "ask by another column, or write `mode = \"copy\"`: the copy has these rows only".into();
    Misfit { place, why, help }
}

fn written(condition: &Condition) -> String {
    match condition {
        Condition::And(one, other) => format!("({} AND {})", written(one), written(other)),
        Condition::Or(one, other) => format!("({} OR {})", written(one), written(other)),
        Condition::Test(test) => tested(test, ""),
        Condition::Not(inner) => match inner.as_ref() {
            Condition::Test(test) if !matches!(test.ask, Ask::Compare(..)) => tested(test, "NOT "),
            other => format!("NOT ({})", written(other)),
        },
    }
}

fn tested(ColumnTest { column, ask, .. }: &ColumnTest, not: &str) -> String {
    let column = format!("\"{column}\"");
    match ask {
        Ask::Compare(comparison, value) => format!("{column} {} {}", sign(*comparison), literal(value)),
        Ask::In(values) => {
            let values: Vec<String> = values.iter().map(literal).collect();
            format!("{column} {not}IN ({})", values.join(", "))
        }
        Ask::Between(low, high) => format!("{column} {not}BETWEEN {} AND {}", literal(low), literal(high)),
        Ask::Like(pattern) => format!("{column} {not}LIKE {}", literal(pattern)),
        Ask::IsNull => format!("{column} IS {not}NULL"),
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn literal(literal: &SqlLiteral) -> String {
    let quoted = || format!("'{}'", literal.text.replace('\'', "''"));
    match literal.form {
        Form::Number => literal.text.clone(),
        Form::Bool => literal.text.to_uppercase(),
        Form::Text => quoted(),
        Form::Date => format!("DATE {}", quoted()),
        Form::Timestamp => format!("TIMESTAMP {}", quoted()),
    }
}
