//! Which version of a key counts, in a table with `on_overwrite`.
//!
//! Of the versions that landing lists, one is chosen: the newest in a table that replaces, the oldest
//! in one that rejects. An empty version and one that was refused for what is in it are passed over, so
//! that a broken delivery takes no rows away, and a corrected one can follow a broken one.
//!
//! The others are skipped, not quarantined, because that may end: should the chosen one be refused,
//! the next run chooses another. It depends on what lies in landing and what became of it, and not on
//! when runs came by.

use std::collections::HashMap;

use tarn_lake::{Lake, OnOverwrite, Table, TableName};

use crate::{Outcome, Record, SourceId, SourceVersion, Status};

/// A newer version has its place.
pub(crate) const REPLACED: &str = "REPLACED";
/// An older version has its place.
pub(crate) const REJECTED: &str = "REJECTED_OVERWRITE";

/// It is a copy of a version whose rows are in silver: a restoration found it.
pub(crate) const COPY: &str = "COPY";
/// It may be such a copy, and nothing is left to compare it with.
pub(crate) const PERHAPS_COPY: &str = "PERHAPS_COPY";

/// How a source stands among the versions of its key, where they are more than one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the one, and those before it were refused.
    Chosen,
    /// Another version is.
    Outdone {
        /// The table.
        table: TableName,
        /// What becomes of the source.
        outcome: Outcome,
    },
}

/// The standing of all sources that have one; a source without one is chosen. Versions of one key
/// stand in the order of their age, the newest first.
pub(crate) fn standings(
    lake: &Lake,
    sources: &[SourceVersion],
    known: &HashMap<SourceId, Record>,
) -> HashMap<SourceId, Standing> {
    if lake.tables.iter().all(|table| !table.arrival.on_overwrite.is_shared()) {
        return HashMap::new();
    }
    let mut keys: HashMap<&str, Vec<&SourceVersion>> = HashMap::new();
    for source in sources {
        keys.entry(&source.key).or_default().push(source);
    }
    let several = keys.into_iter().filter(|(_, versions)| versions.len() > 1);
    let of_table = several.filter_map(|(key, versions)| Some((table_of(lake, key)?, versions)));
    of_table.flat_map(|(table, versions)| of_key(table, &versions, known)).collect()
}

/// The table of a key, if it is one that does not take all versions.
fn table_of<'l>(lake: &'l Lake, key: &str) -> Option<&'l Table> {
    let mut matching = lake.tables.iter().filter(|table| table.files.matches(key).is_some());
    let table = matching.next().filter(|table| table.arrival.on_overwrite.is_shared())?;
    matching.next().is_none().then_some(table)
}

fn of_key(
    table: &Table,
    versions: &[&SourceVersion],
    known: &HashMap<SourceId, Record>,
) -> Vec<(SourceId, Standing)> {
    let is_refused = |id: &SourceId| known.get(id).is_some_and(|record| record.status == Status::Quarantined);
    let ids = versions.iter().map(|source| (*source, source.id()));
    let open: Vec<_> = ids.filter(|(source, id)| source.size_bytes > 0 && !is_refused(id)).collect();
    let is_replacing = table.arrival.on_overwrite == OnOverwrite::Replace;
    let Some((chosen, _)) = (if is_replacing { open.first() } else { open.last() }) else {
        return Vec::new();
    };
    let standing = |source: &SourceVersion| match source == *chosen {
        true => Standing::Chosen,
        false if is_replacing => outdone(table, replaced(source, &chosen.version)),
        false => outdone(table, rejected(source, &table.name)),
    };
    open.iter().map(|(source, id)| (id.clone(), standing(source))).collect()
}

fn outdone(table: &Table, outcome: Outcome) -> Standing {
    Standing::Outdone { table: table.name.clone(), outcome }
}

/// What becomes of a source whose key has a newer version.
pub(crate) fn replaced(source: &SourceVersion, by: &str) -> Outcome {
    Outcome {
        class: REPLACED.into(),
        reason: format!("version {by} of the file has its place (`on_overwrite = \"replace\"`)"),
        bytes_in: source.size_bytes,
        ..Outcome::default()
    }
}

/// What becomes of a source whose key has an older version.
pub(crate) fn rejected(source: &SourceVersion, table: &TableName) -> Outcome {
    let reason = format!(
        "an older version of the file was there first, and table `{table}` takes no other (`on_overwrite = \
         \"reject\"`); send it under another name"
    );
    Outcome { class: REJECTED.into(), reason, bytes_in: source.size_bytes, ..Outcome::default() }
}

/// Whether a source that was skipped is worth another look.
pub(crate) fn is_open_again(record: &Record, standing: Option<&Standing>) -> bool {
    match standing {
        Some(Standing::Outdone { outcome, .. }) => record.outcome.class != outcome.class,
        // Without a refused one before it, what was there first is in silver, and landing has lost it.
        None => ![REJECTED, COPY, PERHAPS_COPY].contains(&record.outcome.class.as_str()),
        // Its rows are in silver, under the version that landing had before a restoration.
        Some(Standing::Chosen) => ![COPY, PERHAPS_COPY].contains(&record.outcome.class.as_str()),
    }
}
