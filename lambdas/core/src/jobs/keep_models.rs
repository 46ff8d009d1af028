//! Keeps the tables of models, once a week: small files together, old snapshots gone, and files that
//! nothing names any more.
//!
//! Runs go on meanwhile. Whoever publishes first wins, and what upkeep had ready is done again next time.

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Lake, Model, Names, TableName};

use super::documents;
use crate::ports::{Clock, Keeper, Kept, ObjectStore};
use crate::{Error, Kind, Result, RunKeys};

/// A model is not begun with less time than this.
const RESERVE_MILLIS: i64 = 60_000;

/// Turns of a week; so many milliseconds are one.
const WEEK_MILLIS: i64 = 7 * 86_400_000;

/// The job.
#[derive(Clone, Copy)]
pub struct KeepModels<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Has the lake that stands.
    pub store: &'a dyn ObjectStore,
    /// Knows the tables.
    pub keeper: &'a dyn Keeper,
    /// Tells how much time is left, and whose turn it is to be first.
    pub clock: &'a dyn Clock,
}

/// What it is called with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpkeepRequest {
    /// Only to count the files that nothing names: in a protected environment no function may remove any.
    #[serde(default)]
    pub leave_files: bool,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upkept {
    /// The models that were kept, and what was done for each.
    pub models: Vec<(TableName, Kept)>,
    /// The models that the time did not suffice for. Another one is first next week.
    pub left: Vec<TableName>,
}

impl KeepModels<'_> {
    /// Keeps one table after the other. One that cannot be kept keeps no other from it, and is told at
    /// the end as an error, so that somebody learns of it.
    pub async fn run(&self, request: &UpkeepRequest, deadline_millis: i64) -> Result<Upkept> {
        let lake: Lake =
            documents::read(self.store, &self.names.bucket(&Bucket::Ops), RunKeys::DEPLOYED_LAKE).await?;
        let (mut done, mut failed) = (Upkept::default(), Vec::new());
        for model in in_turn(&lake.models, self.clock.now_millis()) {
            if deadline_millis - self.clock.now_millis() < RESERVE_MILLIS {
                done.left.push(model.name.clone());
                continue;
            }
            match self.keeper.keep(model, !request.leave_files, deadline_millis).await {
                Ok(kept) => done.models.push((model.name.clone(), kept)),
                Err(error) => failed.push(format!("{}: {}", model.name, error.chain())),
            }
        }
        match failed.is_empty() {
            true => Ok(done),
            false => Err(Error::new(Kind::Invalid, format!("no upkeep of {}", failed.join("; ")))),
        }
    }
}

/// Every week another one is first: none is always the one that the time does not suffice for.
fn in_turn(models: &[Model], now_millis: i64) -> impl Iterator<Item = &Model> {
    let count = models.len().max(1);
    let first = usize::try_from(now_millis / WEEK_MILLIS).unwrap_or_default() % count;
    models.iter().cycle().skip(first).take(models.len())
}
