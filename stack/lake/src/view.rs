//! What somebody sees of a table: which columns, in what disguise, and which rows.
//!
//! The one place that says so. Copies of zones, grants in the catalog and every answer to "who can
//! read this" follow from it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Column, ColumnName, ColumnType, Lake, Mode, Pick, Pii, RowFilter, Table, Uncleared, Zone, ZoneTable,
};

/// What a zone sees of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct View<'l> {
    /// The table.
    pub table: &'l Table,
    /// How the zone has it.
    pub mode: Mode,
    /// What becomes of every column that silver has or had, by its name.
    pub columns: BTreeMap<&'l ColumnName, Treatment>,
    /// Which rows.
    pub rows: Option<&'l RowFilter>,
}

/// What stands for every text that is masked.
pub const MASK: &str = "****";

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Treatment {
    /// It is not there.
    Hidden,
    /// It is there, and says nothing.
    Masked,
    /// It is there as hashes.
    Hashed,
    /// It is there as it is.
    Clear,
}

impl Treatment {
    /// The type of a column that is treated so; nothing for one that is not there.
    pub fn kind(self, kind: ColumnType) -> Option<ColumnType> {
        match self {
            Treatment::Hidden => None,
            Treatment::Hashed => Some(ColumnType::String),
            Treatment::Masked | Treatment::Clear => Some(kind),
        }
    }
}

impl<'l> View<'l> {
    /// What a zone sees of one of its tables.
    pub fn of(zone: &'l Zone, part: &'l ZoneTable, table: &'l Table) -> Self {
        let uncleared = match (part.mode, zone.uncleared) {
            // A grant shows a column or does not.
            (Mode::Share, _) | (_, Uncleared::Drop) => Treatment::Hidden,
            (Mode::Copy, Uncleared::Mask) => Treatment::Masked,
            (Mode::Copy, Uncleared::Hash) => Treatment::Hashed,
        };
        let treatment = |column: &ColumnName| {
            if !part.columns.has(column) {
                Treatment::Hidden
            } else if table.pii_of(column) > zone.clearance {
                uncleared
            } else {
                Treatment::Clear
            }
        };
        let names: BTreeSet<&ColumnName> = table.columns_ever().map(|column| &column.name).collect();
        let columns = names.into_iter().map(|name| (name, treatment(name))).collect();
        View { table, mode: part.mode, columns, rows: part.rows.as_ref() }
    }

    /// Whether it is the whole table as silver has it.
    pub fn is_whole(&self) -> bool {
        self.rows.is_none() && self.columns.values().all(|treatment| *treatment == Treatment::Clear)
    }

    /// What becomes of a column; one that no layout has is hidden.
    pub fn treatment(&self, column: &ColumnName) -> Treatment {
        self.columns.get(column).copied().unwrap_or(Treatment::Hidden)
    }

    /// The columns of the newest layout that are there, with the type they are there in.
    pub fn shown(&self) -> impl Iterator<Item = (&'l Column, Treatment, ColumnType)> {
        self.table.newest_layout().in_silver().filter_map(|column| {
            let treatment = self.treatment(&column.name);
            treatment.kind(column.kind).map(|kind| (column, treatment, kind))
        })
    }
}

impl Table {
    /// Every column that silver has or had of it, of all layouts; one of several layouts several times.
    pub fn columns_ever(&self) -> impl Iterator<Item = &Column> {
        self.layouts.iter().flat_map(|layout| layout.in_silver())
    }

    /// How much a column tells of a person: the most that any layout says.
    pub fn pii_of(&self, column: &ColumnName) -> Pii {
        let told = self.columns_ever().filter(|known| known.name == *column).map(|known| known.pii);
        told.max().unwrap_or_default()
    }

    /// The columns that tell more of a person than somebody is cleared for.
    pub fn uncleared(&self, clearance: Pii) -> BTreeSet<&ColumnName> {
        let names = self.columns_ever().map(|column| &column.name);
        names.filter(|name| self.pii_of(name) > clearance).collect()
    }
}

impl Lake {
    /// What a zone sees of each of its tables, in their order.
    pub fn views<'l>(&'l self, zone: &'l Zone) -> impl Iterator<Item = View<'l>> {
        zone.tables.iter().filter_map(move |part| Some(View::of(zone, part, self.table(&part.name)?)))
    }
}

impl Pick {
    /// The names it is made of, whichever way.
    pub fn names(&self) -> BTreeSet<&ColumnName> {
        match self {
            Pick::All => BTreeSet::new(),
            Pick::Only(these) | Pick::Except(these) => these.iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Csv, FilePattern, Layout, TableName, ZoneName};

    fn name(text: &str) -> ColumnName {
        ColumnName::new(text).unwrap()
    }

    fn column(text: &str, pii: Pii) -> Column {
        Column { pii, ..Column::new(name(text), ColumnType::Int64) }
    }

    /// Two layouts: `old` is not in the newest, and `email` was harmless in the first.
    fn table() -> Table {
        let layout = |columns| Layout { from: None, columns };
        let first = vec![column("id", Pii::None), column("old", Pii::High), column("email", Pii::None)];
        let newest = vec![column("id", Pii::None), column("email", Pii::High), column("city", Pii::Low)];
        Table {
            name: TableName::new("events").unwrap(),
            description: String::new(),
            files: FilePattern::new("*").unwrap(),
            csv: Csv::default(),
            bad_rows: Default::default(),
            unique: Vec::new(),
            arrival: crate::Arrival::default(),
            placement: Default::default(),
            layouts: vec![layout(first), layout(newest)],
        }
    }

    fn treatments(zone: &Zone, part: &ZoneTable) -> Vec<Treatment> {
        let table = table();
        let view = View::of(zone, part, &table);
        ["id", "old", "email", "city", "else"].map(|text| view.treatment(&name(text))).to_vec()
    }

    #[test]
    fn what_a_zone_is_not_cleared_for_is_treated_as_it_says() {
        use Treatment::{Clear, Hashed, Hidden, Masked};
        let part = ZoneTable::whole(TableName::new("events").unwrap());
        let mut zone = Zone::new(ZoneName::new("z").unwrap(), "", Vec::new());
        assert_eq!(treatments(&zone, &part), [Clear, Hidden, Hidden, Hidden, Hidden]);
        zone.clearance = Pii::Low;
        zone.uncleared = Uncleared::Mask;
        assert_eq!(treatments(&zone, &part), [Clear, Masked, Masked, Clear, Hidden]);
        zone.uncleared = Uncleared::Hash;
        assert_eq!(treatments(&zone, &part), [Clear, Hashed, Hashed, Clear, Hidden]);
        let share = ZoneTable { mode: Mode::Share, ..part.clone() };
        assert_eq!(treatments(&zone, &share), [Clear, Hidden, Hidden, Clear, Hidden]);
        let only = ZoneTable { columns: Pick::Only([name("email")].into()), ..part.clone() };
        assert_eq!(treatments(&zone, &only), [Hidden, Hidden, Hashed, Hidden, Hidden]);
        zone.clearance = Pii::High;
        assert_eq!(treatments(&zone, &part), [Clear, Clear, Clear, Clear, Hidden]);
        assert!(View::of(&zone, &part, &table()).is_whole());
        let rows = ZoneTable { rows: Some(RowFilter::new("id = 1").unwrap()), ..part };
        assert!(!View::of(&zone, &rows, &table()).is_whole());
    }

    #[test]
    fn the_catalog_is_shown_the_newest_layout() {
        let mut zone = Zone::new(ZoneName::new("z").unwrap(), "", Vec::new());
        zone.uncleared = Uncleared::Hash;
        let part = ZoneTable::whole(TableName::new("events").unwrap());
        let table = table();
        let view = View::of(&zone, &part, &table);
        let shown: Vec<_> = view.shown().map(|(column, _, kind)| (column.name.as_str(), kind)).collect();
        let wanted = [("id", ColumnType::Int64), ("email", ColumnType::String), ("city", ColumnType::String)];
        assert_eq!(shown, wanted);
    }
}
