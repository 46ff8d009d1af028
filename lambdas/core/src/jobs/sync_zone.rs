//! Brings a zone's copy up to date: the tables it may have, and their catalog entries after them.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Database, Lake, Names, Table, Zone, ZoneName};

use super::{commit, documents};
use crate::ports::{Catalog, Object, ObjectStore};
use crate::{Error, Kind, Result, ZoneItem};

/// Copies under way at once. Server-side copies wait on S3, not on this process.
const COPIES_AT_ONCE: usize = 16;

/// The job. It serves one zone, with rights on that zone only.
#[derive(Clone, Copy)]
pub struct SyncZone<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// The zone this function serves.
    pub zone: &'a ZoneName,
    /// Reads silver, writes the zone's bucket.
    pub store: &'a dyn ObjectStore,
    /// Where the zone's tables are registered.
    pub catalog: &'a dyn Catalog,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// Objects copied.
    pub copied: u64,
    /// Objects that were up to date.
    pub unchanged: u64,
    /// Bytes copied.
    pub bytes: u64,
}

impl SyncZone<'_> {
    /// Copies what the zone lacks of the tables it may have, then registers them.
    pub async fn run(&self, item: &ZoneItem) -> Result<Synced> {
        if item.zone != *self.zone {
            let what = format!("this function serves zone {}, not {}", self.zone, item.zone);
            return Err(Error::new(Kind::Invalid, what));
        }
        let ops = self.names.bucket(&Bucket::Ops);
        let lake = documents::lake_of(self.store, &ops, &item.run).await?;
        let mut synced = Synced::default();
        for table in tables_of(&lake, self.zone)? {
            self.sync_table(table, &mut synced).await?;
            let bucket = Bucket::Zone(self.zone.clone());
            let database = Database::Zone(self.zone.clone());
            let wanted = commit::catalog_table(self.names, table, &database, &bucket);
            let done = commit::register(self.catalog, &wanted).await?;
            let own = self.names.bucket(&Bucket::Zone(self.zone.clone()));
            commit::register_partitions(self.store, self.catalog, &own, table, &wanted, done).await?;
        }
        Ok(synced)
    }

    async fn sync_table(&self, table: &Table, synced: &mut Synced) -> Result<()> {
        let silver = self.names.bucket(&Bucket::Silver);
        let own = self.names.bucket(&Bucket::Zone(self.zone.clone()));
        let prefix = format!("{}/", table.name);
        let wanted = self.store.list(&silver, &prefix).await?;
        let present = self.store.list(&own, &prefix).await?;
        let missing = outdated(&wanted, &present);
        synced.unchanged += (wanted.len() - missing.len()) as u64;
        synced.copied += missing.len() as u64;
        synced.bytes += missing.iter().map(|object| object.size_bytes).sum::<u64>();
        let copy = |object: &Object| {
            let (key, silver, own) = (object.key.clone(), silver.clone(), own.clone());
            async move { self.store.copy_newest((&silver, &key), (&own, &key)).await }
        };
        stream::iter(missing.into_iter().map(copy)).buffer_unordered(COPIES_AT_ONCE).try_collect::<()>().await
    }
}

/// The zone's tables, as the lake has them.
fn tables_of<'l>(lake: &'l Lake, zone: &ZoneName) -> Result<Vec<&'l Table>> {
    let gone = || Error::new(Kind::Invalid, format!("the run's lake has no zone {zone}"));
    let zone: &Zone = lake.zone(zone).ok_or_else(gone)?;
    let lost = |name| Error::new(Kind::Invalid, format!("the run's lake has no table {name}"));
    zone.tables.iter().map(|name| lake.table(name).ok_or_else(|| lost(name))).collect()
}

/// What is missing, of another size, or older than its original. Names are derived from the
/// source, so the same name with the same size and a younger copy holds the same rows.
fn outdated<'o>(wanted: &'o [Object], present: &[Object]) -> Vec<&'o Object> {
    let present: HashMap<&str, &Object> =
        present.iter().map(|object| (object.key.as_str(), object)).collect();
    let is_outdated = |original: &&Object| match present.get(original.key.as_str()) {
        None => true,
        Some(copy) => {
            copy.size_bytes != original.size_bytes || copy.modified_millis < original.modified_millis
        }
    };
    wanted.iter().filter(is_outdated).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, size_bytes: u64, modified_millis: i64) -> Object {
        Object { key: key.into(), size_bytes, modified_millis }
    }

    #[test]
    fn new_changed_and_older_copies_are_outdated() {
        let wanted = [object("a", 1, 10), object("b", 2, 10), object("c", 3, 10), object("d", 4, 10)];
        let present = [object("a", 1, 11), object("b", 9, 11), object("c", 3, 9)];
        let keys: Vec<&str> = outdated(&wanted, &present).iter().map(|o| o.key.as_str()).collect();
        assert_eq!(keys, ["b", "c", "d"]);
    }
}
