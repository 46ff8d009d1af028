//! Keys that a table may have and that the engine does not act on yet. They are refused, at
//! `tarn check` and again here: a key that is read and ignored would give wrong rows in silence.

use tarn_lake::{BadRows, Csv, Layout, Table};

/// The keys of a table that the engine would ignore.
pub fn unsupported(table: &Table) -> Vec<&'static str> {
    let mut keys = unsupported_format(&table.csv);
    if table.layouts.iter().any(has_column_nulls) {
        keys.push("nulls of a column");
    }
    if table.bad_rows != BadRows::default() {
        keys.push("on_bad_row, max_bad_rows, max_bad_share");
    }
    keys
}

/// The keys of a format that the engine would ignore.
pub(crate) fn unsupported_format(csv: &Csv) -> Vec<&'static str> {
    let plain = Csv::default();
    let differs = [
        ("format", csv.format != plain.format),
        ("quote", csv.quote != plain.quote),
        ("escape", csv.escape != plain.escape),
        ("comment", csv.comment != plain.comment),
        ("decimal_comma", csv.decimal_comma != plain.decimal_comma),
    ];
    differs.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
}

pub(crate) fn has_column_nulls(layout: &Layout) -> bool {
    layout.columns.iter().any(|column| !column.nulls.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_would_ignore_is_named() {
        assert!(unsupported_format(&Csv::default()).is_empty());
        let odd = Csv { comment: Some('#'), decimal_comma: true, ..Csv::default() };
        assert_eq!(unsupported_format(&odd), ["comment", "decimal_comma"]);
    }
}
