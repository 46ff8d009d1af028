//! Tables: which files they are made of, and which columns those files hold when.

use serde::{Deserialize, Serialize};

use crate::{ColumnName, ColumnType, Day, FilePattern, TableName, TimeFormat};

/// A named set of files with dated layouts and a format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What SQL calls it.
    pub name: TableName,
    /// What it holds, for people.
    pub description: String,
    /// Which landing keys belong to it.
    pub files: FilePattern,
    /// How the text is written.
    pub csv: Csv,
    /// At least one, ordered by `from`, no two from the same day.
    pub layouts: Vec<Layout>,
}

/// The column list of a table, valid from a day until the next layout begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// The first day it is valid; `None` is since ever.
    pub from: Option<Day>,
    /// In the order of the file. Never empty, never a name twice.
    pub columns: Vec<Column>,
}

/// One column of a layout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the table.
    pub name: ColumnName,
    /// Its type in silver.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// How its dates or timestamps are written in the file.
    pub format: TimeFormat,
    /// Whether a row without a value is a bad row.
    pub required: bool,
}

/// How delimited text is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Csv {
    /// Between two fields; one ASCII byte, `,` by default.
    pub delimiter: char,
    /// Whether the first row names the columns; true by default.
    pub header: bool,
    /// Spellings that mean "no value", beside the empty field.
    pub nulls: Vec<String>,
}

impl Default for Csv {
    fn default() -> Self {
        Self { delimiter: ',', header: true, nulls: Vec::new() }
    }
}

impl Table {
    /// The layout valid on a day, or `None` for a day before the first one.
    pub fn layout_on(&self, day: Day) -> Option<&Layout> {
        self.layouts.iter().rev().find(|layout| layout.from.is_none_or(|from| from <= day))
    }

    /// The layout that new files have.
    pub fn newest_layout(&self) -> &Layout {
        let newest = self.layouts.last();
        #[allow(clippy::expect_used, reason = "`layouts` is never empty, checked where tables are made")]
        newest.expect("a table has a layout")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(days: &[Option<&str>]) -> Table {
        let layout = |day: &Option<&str>| Layout { from: day.map(|d| d.parse().unwrap()), columns: vec![] };
        Table {
            name: TableName::new("t").unwrap(),
            description: String::new(),
            files: FilePattern::new("*").unwrap(),
            csv: Csv::default(),
            layouts: days.iter().map(layout).collect(),
        }
    }

    #[test]
    fn a_file_gets_the_layout_of_its_own_day() {
        let table = table(&[None, Some("2024-01-01"), Some("2025-06-01")]);
        let from = |day: &str| table.layout_on(day.parse().unwrap()).unwrap().from.map(String::from);
        assert_eq!(from("1999-01-01"), None);
        assert_eq!(from("2024-01-01").as_deref(), Some("2024-01-01"));
        assert_eq!(from("2025-05-31").as_deref(), Some("2024-01-01"));
        assert_eq!(from("2026-01-01").as_deref(), Some("2025-06-01"));
    }

    #[test]
    fn before_the_first_layout_there_is_none() {
        let table = table(&[Some("2024-01-01")]);
        assert!(table.layout_on("2023-12-31".parse().unwrap()).is_none());
    }
}
