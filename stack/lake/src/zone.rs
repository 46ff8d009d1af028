//! Zones: who may have which part of which tables, and in which way.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{ColumnName, Frequency, Pii, PrincipalArn, RowFilter, TableName, ZoneName};

/// One application's or team's own bucket, database, roles and grants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Names its stack, bucket and database.
    pub name: ZoneName,
    /// Whose it is and what for, for people.
    pub description: String,
    /// What it may have; no table twice, and each a table of the lake.
    pub tables: Vec<ZoneTable>,
    /// Who may take its reader role; empty: whoever IAM lets, in the lake's own account.
    #[serde(default)]
    pub readers: Vec<PrincipalArn>,
    /// Who may read what the zone may, beside its reader role, without taking it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalArn>,
    /// The most that a column may tell of a person for the zone to see it.
    #[serde(default, skip_serializing_if = "Pii::is_none")]
    pub clearance: Pii,
    /// What a copy has in the place of a column that tells more.
    #[serde(default, skip_serializing_if = "Uncleared::is_drop")]
    pub uncleared: Uncleared,
    /// Which share of a table's objects may vanish from the zone in one run.
    #[serde(default = "Zone::default_max_deletions", skip_serializing_if = "Zone::is_default_max_deletions")]
    pub max_deletions: f64,
    /// What one query in its workgroup may scan at most, in gigabytes of 2^30 bytes.
    #[serde(default = "Zone::default_scan_limit")]
    pub scan_limit_gb: u32,
}

/// A table that a zone may have, and which part of it. As a whole it is stored as its name alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct ZoneTable {
    /// Which.
    pub name: TableName,
    /// How it gets there.
    pub mode: Mode,
    /// Which of its columns.
    pub columns: Pick,
    /// Which of its rows; all, if there is no condition.
    pub rows: Option<RowFilter>,
    /// How often a copy is brought up to date.
    pub frequency: Frequency,
}

/// How a zone has a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As a copy in its own bucket.
    #[default]
    Copy,
    /// By grants on the table in silver, without a copy.
    Share,
}

/// Columns by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// All, those to come included.
    #[default]
    All,
    /// These.
    Only(BTreeSet<ColumnName>),
    /// All but these.
    Except(BTreeSet<ColumnName>),
}

/// What stands in a copy in the place of a column that the zone is not cleared for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncleared {
    /// Nothing: the column is not there.
    #[default]
    Drop,
    /// Four asterisks in a column of texts, null in any other.
    Mask,
    /// The keyed hash of the value's text, under a key of the zone's own.
    Hash,
}

impl Zone {
    /// What one query may scan where the zone says nothing, in gigabytes.
    pub const SCAN_LIMIT_GB: u32 = 100;
    /// Which share of a table's objects may vanish where the zone says nothing.
    pub const MAX_DELETIONS: f64 = 0.3;

    /// A zone that has whole tables, with nothing else said of it.
    pub fn new(name: ZoneName, description: impl Into<String>, tables: Vec<TableName>) -> Self {
        Self {
            name,
            description: description.into(),
            tables: tables.into_iter().map(ZoneTable::whole).collect(),
            readers: Vec::new(),
            principals: Vec::new(),
            clearance: Pii::None,
            uncleared: Uncleared::Drop,
            max_deletions: Self::MAX_DELETIONS,
            scan_limit_gb: Self::SCAN_LIMIT_GB,
        }
    }

    /// What it has of a table.
    pub fn table(&self, name: &TableName) -> Option<&ZoneTable> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// The tables that lie in its bucket.
    pub fn copies(&self) -> impl Iterator<Item = &ZoneTable> {
        self.tables.iter().filter(|table| table.mode == Mode::Copy)
    }

    /// The tables that are granted to it where they lie.
    pub fn shares(&self) -> impl Iterator<Item = &ZoneTable> {
        self.tables.iter().filter(|table| table.mode == Mode::Share)
    }

    fn default_scan_limit() -> u32 {
        Self::SCAN_LIMIT_GB
    }

    fn default_max_deletions() -> f64 {
        Self::MAX_DELETIONS
    }

    fn is_default_max_deletions(share: &f64) -> bool {
        *share == Self::MAX_DELETIONS
    }
}

impl ZoneTable {
    /// All of a table, as a copy.
    pub fn whole(name: TableName) -> Self {
        let (mode, columns, frequency) = (Mode::Copy, Pick::All, Frequency::OnArrival);
        Self { name, mode, columns, rows: None, frequency }
    }
}

impl Pick {
    /// Whether a column is among them.
    pub fn has(&self, column: &ColumnName) -> bool {
        match self {
            Pick::All => true,
            Pick::Only(these) => these.contains(column),
            Pick::Except(these) => !these.contains(column),
        }
    }

    fn is_all(&self) -> bool {
        *self == Pick::All
    }
}

impl Mode {
    /// The words of `lake.toml`.
    pub const WORDS: &'static [(&'static str, Mode)] = &[("copy", Mode::Copy), ("share", Mode::Share)];

    fn is_copy(&self) -> bool {
        *self == Mode::Copy
    }
}

impl Uncleared {
    /// The words of `lake.toml`.
    pub const WORDS: &'static [(&'static str, Uncleared)] =
        &[("drop", Uncleared::Drop), ("mask", Uncleared::Mask), ("hash", Uncleared::Hash)];

    fn is_drop(&self) -> bool {
        *self == Uncleared::Drop
    }
}

/// How a zone's table is stored. Older lakes know names only.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Name(TableName),
    Described(Described),
}

#[derive(Serialize, Deserialize)]
struct Described {
    name: TableName,
    #[serde(default, skip_serializing_if = "Mode::is_copy")]
    mode: Mode,
    #[serde(default, skip_serializing_if = "Pick::is_all")]
    columns: Pick,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<RowFilter>,
    #[serde(default, skip_serializing_if = "Frequency::is_on_arrival")]
    frequency: Frequency,
}

impl From<Stored> for ZoneTable {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Name(name) => Self::whole(name),
            Stored::Described(Described { name, mode, columns, rows, frequency }) => {
                Self { name, mode, columns, rows, frequency }
            }
        }
    }
}

impl From<ZoneTable> for Stored {
    fn from(table: ZoneTable) -> Self {
        if table == ZoneTable::whole(table.name.clone()) {
            return Stored::Name(table.name);
        }
        let ZoneTable { name, mode, columns, rows, frequency } = table;
        Stored::Described(Described { name, mode, columns, rows, frequency })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(name: &str) -> TableName {
        TableName::new(name).unwrap()
    }

    #[test]
    fn a_zone_of_an_older_lake_is_read_and_a_plain_one_is_stored_as_it_was() {
        let stored = json!({
            "name": "finance", "description": "", "tables": ["orders"], "readers": [], "scan_limit_gb": 100,
        });
        let zone: Zone = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(zone, Zone::new(ZoneName::new("finance").unwrap(), "", vec![table("orders")]));
        assert_eq!(serde_json::to_value(&zone).unwrap(), stored);
    }

    #[test]
    fn what_is_said_of_a_table_is_stored_with_it() {
        let part = ZoneTable {
            mode: Mode::Share,
            columns: Pick::Except([ColumnName::new("email").unwrap()].into()),
            rows: Some(RowFilter::new("country = 'CH'").unwrap()),
            frequency: Frequency::Daily,
            ..ZoneTable::whole(table("orders"))
        };
        let stored = serde_json::to_value(&part).unwrap();
        let wanted = json!({
            "name": "orders", "mode": "share", "columns": {"except": ["email"]},
            "rows": "country = 'CH'", "frequency": "daily",
        });
        assert_eq!(stored, wanted);
        assert_eq!(serde_json::from_value::<ZoneTable>(stored).unwrap(), part);
    }
}
