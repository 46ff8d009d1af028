//! Keys that a table may have and that the engine does not act on yet. They are refused, at
//! `tarn check` and again here: a key that is read and ignored would give wrong rows in silence.

use tarn_lake::Table;

/// The keys of a table that the engine would ignore.
pub fn unsupported(table: &Table) -> Vec<&'static str> {
    let mut keys = Vec::new();
    if !table.placement.is_plain() {
        keys.push("partition_by, cluster_by");
    }
    keys
}
