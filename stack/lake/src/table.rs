//! Tables: which files they are made of, and which columns those files hold when.

use serde::{Deserialize, Serialize};

use crate::{
    Arrival, BadRows, ColumnName, ColumnType, Csv, Day, Disguise, FilePattern, Pii, Placement, Quality,
    TableName, TimeFormat,
};

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
    /// What becomes of rows that break a rule.
    #[serde(default)]
    pub bad_rows: BadRows,
    /// Keys: columns whose values together no two rows share. A row with a null in a key shares it
    /// with none, as in SQL. Each names columns of the newest layout that are in silver.
    #[serde(default)]
    pub unique: Vec<Vec<ColumnName>>,
    /// Where its rows lie in silver.
    #[serde(default, skip_serializing_if = "Placement::is_plain")]
    pub placement: Placement,
    /// How it takes what arrives.
    #[serde(default, skip_serializing_if = "Arrival::is_plain")]
    pub arrival: Arrival,
    /// At least one, ordered by `from`, no two from the same day.
    pub layouts: Vec<Layout>,
}

/// The column list of a table, valid from a day until the next layout begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// The first day it is valid; `None` is since ever.
    pub from: Option<Day>,
    /// Those of the file in its order, and among them those that are not in the file. Never empty,
    /// never a name twice.
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
    /// Spellings that mean "no value" in this column, beside the table's.
    #[serde(default)]
    pub nulls: Vec<String>,
    /// What the header of the file calls it, where that is not its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whether it stays out of silver.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drop: bool,
    /// What its values must be, and what is done to them.
    #[serde(default, skip_serializing_if = "Quality::is_none")]
    pub quality: Quality,
    /// Where its values come from.
    #[serde(default, skip_serializing_if = "ColumnSource::is_field")]
    pub source: ColumnSource,
    /// How much it tells of a person.
    #[serde(default, skip_serializing_if = "Pii::is_none")]
    pub pii: Pii,
}

/// Where the values of a column come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnSource {
    /// A field of every row.
    #[default]
    Field,
    /// The same value for every row, spelled as the column's type is by default.
    Constant(String),
    /// What the pattern captures of the file's name under this word; see [`crate::Captures`].
    Name(String),
}

impl ColumnSource {
    /// Whether the column is one of the file's fields.
    pub fn is_field(&self) -> bool {
        *self == Self::Field
    }
}

impl Column {
    /// A column of that type with everything else left out.
    pub fn new(name: ColumnName, kind: ColumnType) -> Self {
        Self {
            name,
            kind,
            format: TimeFormat::default(),
            required: false,
            nulls: Vec::new(),
            from: None,
            drop: false,
            quality: Quality::default(),
            source: ColumnSource::Field,
            pii: Pii::None,
        }
    }

    /// What the header of the file calls it.
    pub fn name_in_file(&self) -> &str {
        self.from.as_deref().unwrap_or(self.name.as_str())
    }
}

impl Layout {
    /// The columns that silver has of it, in their order.
    pub fn in_silver(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.drop)
    }

    /// The columns that are hashed, for which a secret key is needed.
    pub fn hashed(&self) -> impl Iterator<Item = &Column> {
        self.in_silver().filter(|column| column.quality.disguise == Some(Disguise::Sha256))
    }

    /// The columns that are fields of the file, in its order.
    pub fn fields(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.source.is_field())
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
            bad_rows: BadRows::default(),
            unique: Vec::new(),
            placement: Placement::default(),
            arrival: Arrival::default(),
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
    fn a_table_of_an_older_lake_is_read() {
        let stored = r#"{"name":"t","description":"","files":"*","csv":{"delimiter":",","header":true,"nulls":[]},
            "layouts":[{"from":null,"columns":[{"name":"a","type":"int64","format":"iso","required":true}]}]}"#;
        let column =
            Column { required: true, ..Column::new(ColumnName::new("a").unwrap(), ColumnType::Int64) };
        let wanted = Table { layouts: vec![Layout { from: None, columns: vec![column] }], ..table(&[]) };
        assert_eq!(serde_json::from_str::<Table>(stored).unwrap(), wanted);
    }

    #[test]
    fn a_column_without_rules_is_stored_as_it_was_before_there_were_any() {
        let column = Column::new(ColumnName::new("a").unwrap(), ColumnType::Int64);
        let stored = r#"{"name":"a","type":"int64","format":"iso","required":false,"nulls":[]}"#;
        assert_eq!(serde_json::to_string(&column).unwrap(), stored);
    }

    #[test]
    fn what_is_not_used_leaves_no_trace_in_a_stored_lake() {
        let column = Column::new(ColumnName::new("a").unwrap(), ColumnType::Int64);
        let table = Table { layouts: vec![Layout { from: None, columns: vec![column] }], ..table(&[]) };
        let stored = serde_json::to_string(&table).unwrap();
        assert!(["source", "placement", "arrival"].iter().all(|key| !stored.contains(key)), "{stored}");
    }

    #[test]
    fn fields_are_the_columns_that_a_file_has() {
        let column = |name: &str, source| Column {
            source,
            ..Column::new(ColumnName::new(name).unwrap(), ColumnType::String)
        };
        let columns = vec![
            column("a", ColumnSource::Field),
            column("web", ColumnSource::Constant("web".into())),
            column("b", ColumnSource::Field),
            column("day", ColumnSource::Name("date".into())),
        ];
        let layout = Layout { from: None, columns };
        let names: Vec<&str> = layout.fields().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let stored = serde_json::to_string(&layout).unwrap();
        assert_eq!(serde_json::from_str::<Layout>(&stored).unwrap(), layout);
    }

    #[test]
    fn before_the_first_layout_there_is_none() {
        let table = table(&[Some("2024-01-01")]);
        assert!(table.layout_on("2023-12-31".parse().unwrap()).is_none());
    }
}
