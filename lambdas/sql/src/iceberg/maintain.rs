//! What goes: snapshots that are old, and files that no snapshot names.

use std::collections::HashSet;

use iceberg::spec::{SnapshotRef, TableMetadata, TableMetadataBuilder};
use tarn_core::Result as CoreResult;
use tarn_core::ports::Object;

use super::commit::write_metadata;
use super::layout::last_changed;
use super::{Attempt, Home, Staged, State, TAKEN, Table};
use crate::fault::Result;

/// Metadata without the snapshots that are older than a moment, but with the newest so many, and how
/// many went; nothing if all stay.
pub(crate) async fn expire(
    table: &Table,
    before_millis: i64,
    newest: usize,
    attempt: &Attempt<'_>,
) -> Result<Option<(Staged, usize)>> {
    let old = old_snapshots(&table.metadata, before_millis, newest);
    if old.is_empty() {
        return Ok(None);
    }
    let builder = TableMetadataBuilder::new_from_metadata(table.metadata.clone(), Some(table.path.clone()));
    let built = builder.remove_snapshots(&old).build()?.metadata;
    let metadata = last_changed(built, attempt.now_millis.max(table.metadata.last_updated_ms() + 1))?;
    let staged = write_metadata(&table.home, Some(table), metadata, attempt).await?;
    Ok(Some((staged, old.len())))
}

fn old_snapshots(metadata: &TableMetadata, before_millis: i64, newest: usize) -> Vec<i64> {
    let mut snapshots: Vec<&SnapshotRef> = metadata.snapshots().collect();
    snapshots.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.sequence_number()));
    let is_current = |snapshot: &SnapshotRef| metadata.current_snapshot_id() == Some(snapshot.snapshot_id());
    let old = snapshots.into_iter().skip(newest).filter(|snapshot| snapshot.timestamp_ms() < before_millis);
    old.filter(|snapshot| !is_current(snapshot)).map(|snapshot| snapshot.snapshot_id()).collect()
}

/// Of objects that were listed before the table was read, those that nothing in it names and that were
/// written before a moment.
pub(crate) async fn orphans(table: &Table, listed: Vec<Object>, before_millis: i64) -> Result<Vec<Object>> {
    let named = named(table).await?;
    let is_orphan = |object: &Object| object.modified_millis < before_millis && !named.contains(&object.key);
    Ok(listed.into_iter().filter(is_orphan).collect())
}

/// The keys of everything that a reader of any snapshot may look for.
async fn named(table: &Table) -> Result<HashSet<String>> {
    let home = &table.home;
    let mut named = HashSet::from([home.pointed(&table.path)?]);
    for log in table.metadata.metadata_log() {
        named.insert(key(home, &log.metadata_file)?);
    }
    for snapshot in table.metadata.snapshots() {
        named.insert(home.key(snapshot.manifest_list())?);
        if let Some(taken) = snapshot.summary().additional_properties.get(TAKEN) {
            named.insert(home.key(&home.path(taken))?);
        }
        let state = State::of(home, snapshot).await?;
        for (manifest, _, entries) in &state.manifests {
            named.insert(home.key(&manifest.manifest_path)?);
            for entry in entries {
                named.insert(home.key(entry.file_path())?);
            }
        }
    }
    Ok(named)
}

fn key(home: &Home, path: &str) -> CoreResult<String> {
    home.key(path).or_else(|_| home.pointed(path))
}
