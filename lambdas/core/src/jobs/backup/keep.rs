//! Which sets stay: the newest good ones, as many as the lake says, and the one just made in any case.

use std::collections::BTreeSet;

use tarn_lake::{Bucket, Lake};

use super::{Backup, millis_of, sets};
use crate::jobs::documents;
use crate::{Result, RunKeys};

/// A set without a manifest that is older is nobody's: no function lives as long, and who makes one
/// from the command line does not take two days.
const DEAD_MILLIS: i64 = 2 * 24 * 3_600_000;

impl Backup<'_> {
    /// Finds what is too much, and removes it unless all is kept; what that was.
    pub(super) async fn tidy(&self, newest: &str, keep_all: bool) -> Result<Vec<String>> {
        let doomed = self.too_many(newest).await?;
        if !keep_all {
            for id in &doomed {
                self.remove(id).await?;
            }
        }
        Ok(doomed)
    }

    /// Good sets beyond those that are kept, and what has been there without a manifest for long. A set
    /// whose manifest cannot be read stays, for a person to look at.
    async fn too_many(&self, newest: &str) -> Result<Vec<String>> {
        let ops = self.names.bucket(&Bucket::Ops);
        let lake: Lake = documents::read(self.store, &ops, RunKeys::DEPLOYED_LAKE).await?;
        let keep = lake.environment.backup.keep.max(1) as usize;
        let listed = sets(&self.shelf()).await?;
        let good: Vec<&str> =
            listed.iter().filter(|it| it.manifest.is_some()).map(|it| it.id.as_str()).collect();
        let old = good.iter().rev().skip(keep).filter(|id| **id != newest).map(|id| (*id).to_owned());
        let known: BTreeSet<&str> = listed.iter().map(|it| it.id.as_str()).collect();
        let dead = self.begun(&ops).await?.into_iter().filter(|id| !known.contains(id.as_str()));
        let is_dead = |id: &String| {
            millis_of(id).is_some_and(|began| began.saturating_add(DEAD_MILLIS) < self.clock.now_millis())
        };
        let mut doomed: Vec<String> = old.chain(dead.filter(is_dead)).collect();
        doomed.sort();
        Ok(doomed)
    }

    /// Every set that was ever begun.
    async fn begun(&self, ops: &str) -> Result<BTreeSet<String>> {
        let listed = self.store.list(ops, RunKeys::BACKUPS).await?;
        let id = |key: &str| Some(key.strip_prefix(RunKeys::BACKUPS)?.split_once('/')?.0.to_owned());
        Ok(listed.iter().filter_map(|object| id(&object.key)).collect())
    }

    /// Removes all versions of all parts. The manifest goes first: what is half removed is no set.
    async fn remove(&self, id: &str) -> Result<()> {
        let ops = self.names.bucket(&Bucket::Ops);
        let prefix = format!("{}{id}/", RunKeys::BACKUPS);
        let versions = self.store.list_versions(&ops, &prefix).await?;
        let all = versions.into_iter().map(|version| (version.object.key, version.version));
        let (manifest, parts): (Vec<_>, Vec<_>) = all.partition(|(key, _)| key.ends_with(super::MANIFEST));
        self.store.delete_versions(&ops, &manifest).await?;
        self.store.delete_versions(&ops, &parts).await
    }
}
