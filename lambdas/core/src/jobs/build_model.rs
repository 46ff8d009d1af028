//! Makes a model of gold, unless one that it reads could not be made in this run.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Lake, Model, Names, TableName};

use super::documents;
use crate::ports::{Build, Builder, Built, ObjectStore};
use crate::{Error, Kind, ModelItem, Result, RunKeys};

/// The job.
#[derive(Clone, Copy)]
pub struct BuildModel<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Reads the run's lake, notes what became of models.
    pub store: &'a dyn ObjectStore,
    /// Runs the SQL and publishes the rows.
    pub builder: &'a dyn Builder,
}

/// What became of a model in a run. One that failed has no such note: its worker may have died, and
/// whoever called it notes the failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Modelled {
    /// Made anew.
    Built {
        /// Rows that were written.
        rows: u64,
        /// Files that it took before and that are others now: it appends, and does not take them again.
        #[serde(default, skip_serializing_if = "is_none_of_them")]
        changed_inputs: u64,
    },
    /// Up to date already.
    Unchanged,
    /// Not made.
    Skipped {
        /// Which one that it reads was not made.
        reason: String,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_none_of_them(count: &u64) -> bool {
    *count == 0
}

impl Modelled {
    /// The step in the notes of failures.
    pub const STEP: &'static str = "Model";
}

impl BuildModel<'_> {
    /// Makes the model of the run's lake. What a call before did stands: its answer was lost.
    pub async fn run(&self, item: &ModelItem, deadline_millis: i64) -> Result<Modelled> {
        let ops = self.names.bucket(&Bucket::Ops);
        let notes = self.notes(item).await?;
        if let Some(known) = self.known(item, &item.model, &notes).await? {
            return Ok(known);
        }
        let lake = documents::lake_of(self.store, &ops, &item.run).await?;
        let model = lake.model(&item.model).ok_or_else(|| {
            Error::new(Kind::Invalid, format!("the lake of run {} has no model {}", item.run, item.model))
        })?;
        let modelled = match self.obstacle(item, &lake, model, &notes).await? {
            Some(reason) => Modelled::Skipped { reason },
            None => {
                let build = Build { lake: &lake, model, run: &item.run, deadline_millis };
                match self.builder.build(&build).await? {
                    Built::Anew { rows, changed_inputs } => Modelled::Built { rows, changed_inputs },
                    Built::Unchanged => Modelled::Unchanged,
                }
            }
        };
        documents::write(self.store, &ops, &RunKeys(&item.run).modelled_as(&item.model), &modelled).await?;
        Ok(modelled)
    }

    /// Why the model cannot be made: the first of its inputs that was not.
    async fn obstacle(
        &self,
        item: &ModelItem,
        lake: &Lake,
        model: &Model,
        notes: &Notes,
    ) -> Result<Option<String>> {
        for input in model.inputs.iter().filter(|input| lake.model(input).is_some()) {
            match self.known(item, input, notes).await? {
                Some(Modelled::Built { .. } | Modelled::Unchanged) => {}
                Some(Modelled::Skipped { .. }) => {
                    return Ok(Some(format!("`{input}`, which it reads, was skipped")));
                }
                None => return Ok(Some(format!("`{input}`, which it reads, failed"))),
            }
        }
        Ok(None)
    }

    /// The keys of the notes of the run. What is not among them is not read: whoever may not list what
    /// is missing is told that it is forbidden.
    async fn notes(&self, item: &ModelItem) -> Result<Notes> {
        let ops = self.names.bucket(&Bucket::Ops);
        let notes = self.store.list(&ops, &RunKeys(&item.run).modelled()).await?;
        Ok(notes.into_iter().map(|note| note.key).collect())
    }

    async fn known(&self, item: &ModelItem, model: &TableName, notes: &Notes) -> Result<Option<Modelled>> {
        let key = RunKeys(&item.run).modelled_as(model);
        if !notes.contains(&key) {
            return Ok(None);
        }
        documents::read(self.store, &self.names.bucket(&Bucket::Ops), &key).await.map(Some)
    }
}

type Notes = BTreeSet<String>;
