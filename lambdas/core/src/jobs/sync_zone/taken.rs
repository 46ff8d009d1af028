//! Takes out of a zone what it may not have any more, for good: old versions too.

use std::collections::BTreeMap;

use tarn_lake::{Database, Zone};

use super::manifest::{self, Manifest, Notes};
use super::present::Present;
use super::{SyncZone, Synced};
use crate::Result;

/// Takes away every table that the notes tell of and that is no copy of the zone's, and where the bucket
/// was listed, every such folder of it. Of some nothing is left but old versions.
pub(super) async fn tables(
    job: &SyncZone<'_>,
    zone: &Zone,
    notes: &Notes,
    mut present: Present,
    synced: &mut Synced,
) -> Result<()> {
    let is_copy = |table: &str| zone.copies().any(|copy| copy.name.as_str() == table);
    let mut lost: BTreeMap<&str, Manifest> = BTreeMap::new();
    for table in notes.tables(job).filter(|table| !is_copy(table)) {
        let known = notes.load(job, table).await?.unwrap_or_default();
        if !known.gone {
            present.look(job).await?;
        }
        lost.insert(table, known);
    }
    let folders = present.rest();
    for folder in folders.keys().filter(|folder| !is_copy(folder)) {
        lost.entry(folder).or_default();
    }
    for (table, known) in lost {
        let objects = folders.get(table).map_or(0, Vec::len);
        if objects > 0 || !known.gone {
            table_away(job, table, objects, known, synced).await?;
        }
    }
    Ok(())
}

/// Its catalog entry goes first, so that nobody asks for what is going.
async fn table_away(
    job: &SyncZone<'_>,
    table: &str,
    objects: usize,
    known: Manifest,
    synced: &mut Synced,
) -> Result<()> {
    let database = job.names.database(&Database::Zone(job.zone.clone()));
    job.catalog.remove(&database, table).await?;
    let is_its =
        |key: &str, _| key == table || key.split_once('/').is_some_and(|(folder, _)| folder == table);
    let versions = versions(job, table, is_its).await?;
    synced.deleted += objects as u64;
    synced.taken.push(format!("the table {table} was taken away: {objects} objects, {versions} versions"));
    // What was kept from the zone is remembered, in case the table comes back.
    let gone = Manifest { gone: true, hidden: known.hidden, ..Manifest::default() };
    manifest::save(job, table, &gone).await
}

/// Deletes the versions under a prefix that are to go, by their key and whether they are the newest;
/// says how many there were.
pub(super) async fn versions(
    job: &SyncZone<'_>,
    prefix: &str,
    goes: impl Fn(&str, bool) -> bool,
) -> Result<usize> {
    let listed = job.store.list_versions(&job.bucket(), prefix).await?;
    let mut newest = BTreeMap::new();
    for version in &listed {
        let time = newest.entry(version.object.key.as_str()).or_insert(version);
        // Versions of a key are listed from the newest to the oldest, markers apart from them.
        if version.object.modified_millis > time.object.modified_millis {
            *time = version;
        }
    }
    let is_newest = |version: &crate::ports::ObjectVersion| {
        newest.get(version.object.key.as_str()).is_some_and(|newest| newest.version == version.version)
    };
    let going: Vec<(String, String)> = listed
        .iter()
        .filter(|version| goes(&version.object.key, is_newest(version) && !version.delete_marker))
        .map(|version| (version.object.key.clone(), version.version.clone()))
        .collect();
    if !going.is_empty() {
        job.store.delete_versions(&job.bucket(), &going).await?;
    }
    Ok(going.len())
}
