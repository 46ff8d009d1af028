//! The upkeep of a gold table: small files together, old snapshots gone, and files that nothing names.

use std::time::Duration;

use tarn_core::ports::{Object, Publication, Swapped, Target};
use tarn_lake::Model;

use crate::build::{Places, Ports, hex};
use crate::fault::Result;
use crate::iceberg::{
    Attempt, Found, Home, Layout, Staged, Table, compacted, expire, find, orphans, small_files,
};
use crate::session::{Session, Settings};

/// What stays, and what is worth the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How long a snapshot stays.
    pub keep: Duration,
    /// So many of the newest stay, however old.
    pub keep_newest: usize,
    /// How old a file must be that nothing names: older than any worker that may still name it.
    pub orphans_after: Duration,
    /// Files below this size are put together.
    pub small_bytes: u64,
    /// Whether files are deleted, or only counted.
    pub delete: bool,
}

impl Default for Rules {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self { keep: day * 7, keep_newest: 5, orphans_after: day * 3, small_bytes: 32 << 20, delete: true }
    }
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Small files that were put together.
    pub compacted: usize,
    /// The files that they became.
    pub into: usize,
    /// Snapshots that went.
    pub expired: usize,
    /// Files that nothing named.
    pub orphans: usize,
    /// Their bytes.
    pub orphan_bytes: u64,
    /// Whether somebody else published meanwhile, so that something is left for the next time.
    pub overtaken: bool,
}

/// Keeps a model's table. Nothing is deleted of a table that nothing was published of.
pub async fn maintain(
    ports: &Ports,
    places: &Places,
    model: &Model,
    rules: &Rules,
    settings: &Settings,
) -> Result<Upkeep> {
    let home = Home::new(ports.store.clone(), &places.gold, &model.name);
    let keeper = Keeper { ports, places, model, rules, settings, home };
    let mut upkeep = Upkeep::default();
    keeper.compact(&mut upkeep).await?;
    keeper.expire(&mut upkeep).await?;
    keeper.sweep(&mut upkeep).await?;
    Ok(upkeep)
}

struct Keeper<'a> {
    ports: &'a Ports,
    places: &'a Places,
    model: &'a Model,
    rules: &'a Rules,
    settings: &'a Settings,
    home: Home,
}

impl Keeper<'_> {
    async fn found(&self) -> Result<Found> {
        find(&self.home, self.ports.pointers.as_ref(), &self.places.gold.database).await
    }

    async fn compact(&self, upkeep: &mut Upkeep) -> Result<()> {
        let Found::Iceberg(table) = self.found().await? else { return Ok(()) };
        let state = table.state().await?;
        let small = small_files(&state, self.rules.small_bytes);
        if small.is_empty() {
            return Ok(());
        }
        let session = Session::new(self.settings, self.ports.store.clone())?;
        let (name, snapshot_id) = self.attempt();
        let attempt = Attempt { name: &name, snapshot_id, now_millis: self.ports.clock.now_millis() };
        let scratch = self.ports.scratch.as_ref();
        let (staged, into) = compacted(&session, &table, &state, &small, scratch, &attempt).await?;
        if self.publish(&table, staged, upkeep).await? {
            (upkeep.compacted, upkeep.into) = (small.len(), into);
        }
        Ok(())
    }

    async fn expire(&self, upkeep: &mut Upkeep) -> Result<()> {
        let Found::Iceberg(table) = self.found().await? else { return Ok(()) };
        let (name, snapshot_id) = self.attempt();
        let now_millis = self.ports.clock.now_millis();
        let attempt = Attempt { name: &name, snapshot_id, now_millis };
        let before = now_millis - self.rules.keep.as_millis() as i64;
        let Some((staged, count)) = expire(&table, before, self.rules.keep_newest, &attempt).await? else {
            return Ok(());
        };
        if self.publish(&table, staged, upkeep).await? {
            upkeep.expired = count;
        }
        Ok(())
    }

    /// Listed first and read afterwards: what is published in between is named.
    async fn sweep(&self, upkeep: &mut Upkeep) -> Result<()> {
        let listed = self.ports.store.list(&self.places.gold.bucket, &format!("{}/", self.home.name)).await?;
        let before = self.ports.clock.now_millis() - self.rules.orphans_after.as_millis() as i64;
        let gone = match self.found().await? {
            Found::Nothing => return Ok(()),
            Found::Iceberg(table) => orphans(&table, listed, before).await?,
            Found::Parquet(_, folder) => {
                let is_old =
                    |object: &Object| object.modified_millis < before && !object.key.starts_with(&folder);
                listed.into_iter().filter(is_old).collect()
            }
        };
        upkeep.orphans = gone.len();
        upkeep.orphan_bytes = gone.iter().map(|object| object.size_bytes).sum();
        if self.rules.delete {
            self.delete(&gone).await?;
        }
        Ok(())
    }

    async fn delete(&self, gone: &[Object]) -> Result<()> {
        let bucket = &self.places.gold.bucket;
        for object in gone {
            let versions = self.ports.store.versions_of(bucket, &object.key).await?;
            let all: Vec<_> = versions.into_iter().map(|found| (found.object.key, found.version)).collect();
            self.ports.store.delete_versions(bucket, &all).await?;
        }
        Ok(())
    }

    /// Whether it was published. After an error that is unknown, and the next time sees to it: neither
    /// of the two changes a row.
    async fn publish(&self, table: &Table, staged: Staged, upkeep: &mut Upkeep) -> Result<bool> {
        let columns = Layout::there(&staged.metadata)?.columns;
        let publication = Publication {
            database: self.places.gold.database.clone(),
            table: self.model.name.to_string(),
            description: self.model.description.clone(),
            location: table.home.location.clone(),
            columns: columns.iter().map(|column| (column.name.to_string(), column.kind.glue())).collect(),
            target: Target::Iceberg(staged.path),
        };
        let swapped = self.ports.pointers.swap(Some(&table.pointer), &publication).await?;
        upkeep.overtaken |= swapped == Swapped::Lost;
        Ok(swapped == Swapped::Done)
    }

    fn attempt(&self) -> (String, i64) {
        let random = (self.ports.random)();
        let (name, number) = random.split_at(8);
        let number = i64::from_be_bytes(number.try_into().unwrap_or_default());
        (format!("upkeep-{}", hex(name)), (number & i64::MAX).max(1))
    }
}
