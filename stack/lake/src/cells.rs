//! Data cells filters: columns and rows of a table in silver that a zone reads where they lie.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Database, Governed, Lake, Mode, Names, StackId, View, Zone};

/// A filter, as the catalog should have it. Database, table and name are its address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CellsFilter {
    /// The table's database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The filter's name, of which a table has each once.
    pub name: String,
    /// The columns that it shows; never none.
    pub columns: BTreeSet<String>,
    /// Which rows, in Lake Formation's words.
    pub rows: String,
}

impl CellsFilter {
    /// What of a table a zone sees, where that is a part of its rows, in silver.
    pub(crate) fn of(zone: &Zone, view: &View, names: &Names) -> Option<Self> {
        let rows = view.rows.filter(|_| view.mode == Mode::Share)?;
        let columns: BTreeSet<String> = view.shown().map(|(column, ..)| column.name.to_string()).collect();
        (!columns.is_empty()).then(|| Self {
            database: names.database(&Database::Silver),
            table: view.table.name.to_string(),
            name: names.filter(&zone.name),
            columns,
            rows: rows.for_catalog(),
        })
    }

    /// What is granted on it.
    pub fn governed(&self) -> Governed {
        let Self { database, table, name, .. } = self.clone();
        Governed::Filter { database, table, name }
    }
}

impl Lake {
    /// Every filter of every zone.
    pub fn all_filters(&self, names: &Names) -> Vec<CellsFilter> {
        let zones = self.zones.iter().map(|zone| StackId::Zone(zone.name.clone()));
        zones.flat_map(|zone| self.filters(&zone, names)).collect()
    }

    /// The filters that a stack makes, in the order of its zone's tables.
    pub fn filters(&self, stack: &StackId, names: &Names) -> Vec<CellsFilter> {
        let StackId::Zone(zone) = stack else { return Vec::new() };
        let Some(zone) = self.zone(zone) else { return Vec::new() };
        self.views(zone).filter_map(|view| CellsFilter::of(zone, &view, names)).collect()
    }
}
