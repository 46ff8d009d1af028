//! Takes out of a zone what it may not have any more, for good: old versions too.

use std::collections::{BTreeMap, BTreeSet};

use tarn_lake::{Database, Zone};

use super::manifest::{self, Manifest, Notes};
use super::{SyncZone, Synced};
use crate::Result;
use crate::ports::Object;

/// Takes away every folder of the bucket that is no copy of the zone's. `present` is what lies there,
/// by folders; the notes tell of tables that left old versions only.
pub(super) async fn tables(
    job: &SyncZone<'_>,
    zone: &Zone,
    notes: &Notes,
    present: BTreeMap<String, Vec<Object>>,
    synced: &mut Synced,
) -> Result<()> {
    let mut lost: BTreeSet<&str> = notes.tables(job).chain(present.keys().map(String::as_str)).collect();
    for copy in zone.copies() {
        lost.remove(copy.name.as_str());
    }
    for table in lost {
        let known = notes.load(job, table).await?;
        let objects = present.get(table).map_or(0, Vec::len);
        if objects == 0 && known.as_ref().is_some_and(|known| known.gone) {
            continue;
        }
        table_away(job, table, objects, known.unwrap_or_default(), synced).await?;
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
