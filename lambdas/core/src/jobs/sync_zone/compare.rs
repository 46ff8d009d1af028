//! What is to be done, from both listings and the notes; and whether so much may vanish.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Entry;
use crate::ports::Object;
use crate::{Error, Kind, Result};

/// What is to be done with the objects of a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes<'o> {
    /// Up to date, by the notes.
    pub unchanged: Vec<&'o Object>,
    /// There, but nothing is noted of them: their fingerprints must tell.
    pub unsure: Vec<&'o Object>,
    /// New, or of another write than the one that was copied.
    pub missing: Vec<&'o Object>,
    /// Objects of the zone whose original is gone.
    pub gone: Vec<&'o Object>,
}

/// Compares what silver has with what the zone has. `known` are the notes, made by the same rule.
pub(super) fn compare<'o>(
    originals: &'o [Object],
    present: &'o [Object],
    known: &BTreeMap<String, Entry>,
) -> Changes<'o> {
    let there: BTreeMap<&str, &Object> = present.iter().map(|object| (object.key.as_str(), object)).collect();
    let mut changes = Changes::default();
    for original in originals {
        let copy = there.get(original.key.as_str());
        let size_bytes = copy.map_or(0, |copy| copy.size_bytes);
        let list = match (known.get(&original.key), copy) {
            (Some(entry), _) if entry.tag == original.tag && entry.size_bytes == size_bytes => {
                &mut changes.unchanged
            }
            (None, Some(_)) => &mut changes.unsure,
            _ => &mut changes.missing,
        };
        list.push(original);
    }
    let wanted: BTreeSet<&str> = originals.iter().map(|object| object.key.as_str()).collect();
    changes.gone = present.iter().filter(|object| !wanted.contains(object.key.as_str())).collect();
    changes
}

/// How much would vanish, and how much may.
pub(super) struct Guard<'g> {
    /// The zone's name.
    pub zone: &'g str,
    /// The table's.
    pub table: &'g str,
    /// Objects that silver has.
    pub originals: usize,
    /// Objects that the zone has.
    pub present: usize,
    /// Objects of the zone whose original is gone.
    pub gone: usize,
    /// Which share may.
    pub max_deletions: f64,
    /// Whether the configuration says why: the table's folders are others, so all of its objects are
    /// called otherwise; or the zone may see another part, and what cannot be made anew has to go.
    pub explained: bool,
}

impl Guard<'_> {
    /// Refuses to delete where it looks like an accident.
    pub fn check(&self) -> Result<()> {
        let Self { zone, table, originals, present, gone, max_deletions, explained } = self;
        let why = match (gone, originals) {
            (0, _) => return Ok(()),
            _ if *explained => return Ok(()),
            (_, 0) => format!(
                "silver has no object of the table {table}, and zone {zone} has {present}: that looks like an \
                 accident. If the table is meant to be empty, take it out of the zone for one run"
            ),
            _ if *gone as f64 <= *present as f64 * max_deletions => return Ok(()),
            _ => format!(
                "{gone} of {present} objects of the table {table} would vanish from zone {zone}, and \
                 `max_deletions` lets {max_deletions} of them go. If that is right, raise it for one run"
            ),
        };
        Err(Error::new(Kind::Invalid, format!("{why}; nothing of it was deleted")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, size_bytes: u64, tag: &str) -> Object {
        Object { key: key.into(), size_bytes, modified_millis: 0, tag: tag.into() }
    }

    fn keys(objects: &[&Object]) -> Vec<String> {
        objects.iter().map(|object| object.key.clone()).collect()
    }

    #[test]
    fn both_sides_and_the_notes_tell_what_is_to_be_done() {
        let originals = [
            object("same", 1, "t"),
            object("written-again", 1, "u"),
            object("cut-short", 1, "t"),
            object("not-noted", 1, "t"),
            object("new", 1, "t"),
            object("without-rows", 1, "t"),
            object("lost", 1, "t"),
        ];
        let present = [
            object("cut-short", 9, ""),
            object("same", 5, ""),
            object("written-again", 5, ""),
            object("not-noted", 1, ""),
            object("gone", 1, ""),
        ];
        let entry = |size_bytes| Entry { tag: "t".into(), size_bytes };
        let known = [("same", 5), ("written-again", 5), ("cut-short", 5), ("without-rows", 0), ("lost", 5)];
        let known = known.into_iter().map(|(key, size)| (key.to_owned(), entry(size))).collect();
        let changes = compare(&originals, &present, &known);
        assert_eq!(keys(&changes.unchanged), ["same", "without-rows"]);
        assert_eq!(keys(&changes.missing), ["written-again", "cut-short", "new", "lost"]);
        assert_eq!(keys(&changes.unsure), ["not-noted"]);
        assert_eq!(keys(&changes.gone), ["gone"]);
    }

    #[test]
    fn so_much_may_vanish_and_no_more() {
        let guard = Guard {
            zone: "z",
            table: "t",
            originals: 7,
            present: 10,
            gone: 3,
            max_deletions: 0.3,
            explained: false,
        };
        assert!(guard.check().is_ok());
        let more = Guard { gone: 4, ..guard };
        let told = more.check().unwrap_err().to_string();
        assert!(told.starts_with("4 of 10 objects of the table t would vanish from zone z"), "{told}");
        assert!(Guard { explained: true, ..more }.check().is_ok());
        let empty = Guard { originals: 0, max_deletions: 1.0, ..more };
        assert!(empty.check().unwrap_err().to_string().contains("looks like an accident"));
        assert!(Guard { gone: 0, ..empty }.check().is_ok());
    }
}
