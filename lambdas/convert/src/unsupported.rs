//! Keys that a table may have and that the engine does not act on yet. They are refused, at
//! `tarn check` and again here: a key that is read and ignored would give wrong rows in silence.

use tarn_lake::{Column, Csv, Table};

/// The keys of a table that the engine would ignore.
pub fn unsupported(table: &Table) -> Vec<&'static str> {
    let mut keys = unsupported_format(&table.csv);
    if table.layouts.iter().flat_map(|layout| &layout.columns).any(has_rules) {
        keys.push("rules of a column");
    }
    if !table.unique.is_empty() {
        keys.push("unique");
    }
    if !table.placement.is_plain() {
        keys.push("partition_by, cluster_by");
    }
    keys
}

/// The keys of a format that the engine would ignore.
pub(crate) fn unsupported_format(csv: &Csv) -> Vec<&'static str> {
    let plain = Csv::default();
    if csv.format == plain.format { Vec::new() } else { vec!["format"] }
}

fn has_rules(column: &Column) -> bool {
    !column.quality.is_none() || column.from.is_some() || column.drop
}
