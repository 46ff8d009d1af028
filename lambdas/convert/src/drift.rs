//! A header that is not the layout's, in a table that says what then becomes of the file.
//!
//! The rule, column by column, is written here and nowhere else:
//!
//! | the column is | `reorder` | `evolve` |
//! |---|---|---|
//! | at another place | read there | read there |
//! | in the layout only | the file is refused | null in all rows; refused if it is `required` |
//! | in the header only | the file is refused | left out of silver; bronze has it |
//! | named twice in the header | the file is refused | the file is refused |
//!
//! A name is the layout's if it is the same, and otherwise if it is the same but for upper and lower
//! case. A header that has no name of the layout at all is that of another file, and refused.
//!
//! What is new stays out, because the table's columns are the lake's to say: a column appears in silver
//! when a layout has it, and the files that had it already are converted again then.

use std::fmt;

use tarn_lake::{Column, ColumnName, ColumnType, Layout, SchemaChange};

use crate::ConvertError;

/// How the columns of a file differ from its layout's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// Columns of the layout that the file has not.
    pub missing: Vec<String>,
    /// Columns of the file that the layout has not, with at most 64 characters of each name.
    pub unknown: Vec<String>,
    /// Columns that the file has twice.
    pub twice: Vec<String>,
}

/// The layout that a file has by its header, and how it differs; `None` if it is the layout itself.
pub(crate) fn fit(
    layout: &Layout,
    header: &[String],
    rule: SchemaChange,
) -> Result<Option<(Layout, Drift)>, ConvertError> {
    let fields: Vec<&Column> = layout.fields().collect();
    let matched = matched(&fields, header);
    if matched.iter().copied().eq((0..fields.len()).map(Some)) {
        return Ok(None);
    }
    let drift = drift(&fields, header, &matched);
    let is_required = |(place, column): (usize, &&Column)| {
        column.required && !column.drop && !matched.contains(&Some(place))
    };
    let is_refused = match rule {
        SchemaChange::Strict => true,
        SchemaChange::Reorder => drift != Drift::default(),
        SchemaChange::Evolve => {
            !drift.twice.is_empty()
                || matched.iter().all(Option::is_none)
                || fields.iter().enumerate().any(is_required)
        }
    };
    if is_refused {
        return Err(ConvertError::SchemaChanged(drift));
    }
    Ok(Some((by_header(layout, &fields, &matched), drift)))
}

/// For each name of the header, the place of its column in the layout.
fn matched(fields: &[&Column], header: &[String]) -> Vec<Option<usize>> {
    let mut taken = vec![false; fields.len()];
    let mut matched: Vec<Option<usize>> = vec![None; header.len()];
    let same = |column: &Column, name: &str| column.name_in_file() == name;
    let alike = |column: &Column, name: &str| column.name_in_file().eq_ignore_ascii_case(name);
    for is_meant in [&same as &dyn Fn(&Column, &str) -> bool, &alike] {
        for (name, place) in header.iter().zip(&mut matched).filter(|(_, place)| place.is_none()) {
            let mut free = fields.iter().zip(&mut taken).enumerate().filter(|(_, (_, taken))| !**taken);
            if let Some((found, (_, taken))) = free.find(|(_, (column, _))| is_meant(column, name)) {
                (*place, *taken) = (Some(found), true);
            }
        }
    }
    matched
}

fn drift(fields: &[&Column], header: &[String], matched: &[Option<usize>]) -> Drift {
    const LONGEST_NAME: usize = 64;
    let strangers = header.iter().zip(matched).filter(|(_, place)| place.is_none()).map(|(name, _)| name);
    let is_known =
        |name: &&String| fields.iter().any(|column| column.name_in_file().eq_ignore_ascii_case(name));
    let (twice, unknown): (Vec<&String>, Vec<&String>) = strangers.partition(is_known);
    let shown = |names: Vec<&String>| -> Vec<String> {
        names.into_iter().map(|name| name.chars().take(LONGEST_NAME).collect()).collect()
    };
    let missing = fields.iter().enumerate().filter(|(place, _)| !matched.contains(&Some(*place)));
    Drift {
        missing: missing.map(|(_, column)| column.name_in_file().to_owned()).collect(),
        unknown: shown(unknown),
        twice: shown(twice),
    }
}

/// The layout's columns in the order of the header, with a dropped one for each name that it has not.
fn by_header(layout: &Layout, fields: &[&Column], matched: &[Option<usize>]) -> Layout {
    let mut number = 0;
    let column = |place: &Option<usize>| match place.and_then(|place| fields.get(place)) {
        Some(column) => Some((*column).clone()),
        None => stranger(layout, &mut number),
    };
    let others = layout.columns.iter().filter(|column| !column.source.is_field());
    let columns = matched.iter().filter_map(column);
    let columns: Vec<Column> = columns.collect();
    Layout { from: layout.from, columns: columns.into_iter().chain(others.cloned()).collect() }
}

/// A column under a name that no other has.
fn stranger(layout: &Layout, number: &mut usize) -> Option<Column> {
    loop {
        *number += 1;
        let name = ColumnName::new(format!("unknown_{number}")).ok()?;
        if layout.columns.iter().all(|column| column.name != name) {
            return Some(Column { drop: true, ..Column::new(name, ColumnType::String) });
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("the file lacks", &self.missing, ""),
            ("the file has", &self.unknown, ", which the layout has not"),
            ("the file has", &self.twice, " twice"),
        ];
        let parts = parts.iter().filter(|(_, names, _)| !names.is_empty());
        let parts: Vec<String> =
            parts.map(|(what, names, why)| format!("{what} {}{why}", list(names))).collect();
        f.write_str(if parts.is_empty() { "the columns stand in another order" } else { "" })?;
        f.write_str(&parts.join("; "))
    }
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    shown.join(", ")
}
