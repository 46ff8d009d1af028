//! A builder of models that runs no SQL: it notes what it was asked for, and fails where it was told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use tarn_lake::Model;

use super::locked;
use crate::ports::{Build, Builder, Built, Keeper, Kept};
use crate::{Error, Kind, Result};

/// Makes of every model one row, unless it made the same model of the same SQL before.
#[derive(Debug, Default)]
pub struct MemoryBuilder {
    made: Mutex<BTreeMap<String, String>>,
    broken: Mutex<BTreeSet<String>>,
    changed: Mutex<BTreeSet<String>>,
    calls: Mutex<Vec<String>>,
}

impl MemoryBuilder {
    /// From now on this model fails.
    pub fn breaks(&self, model: &str) {
        locked(&self.broken).insert(model.to_owned());
    }

    /// The next time, a file that this model took is another one.
    pub fn finds_changed(&self, model: &str) {
        locked(&self.changed).insert(model.to_owned());
    }

    /// The models that were asked for, in order.
    pub fn calls(&self) -> Vec<String> {
        locked(&self.calls).clone()
    }
}

#[async_trait]
impl Builder for MemoryBuilder {
    async fn build(&self, build: &Build<'_>) -> Result<Built> {
        let name = build.model.name.to_string();
        locked(&self.calls).push(name.clone());
        if locked(&self.broken).contains(&name) {
            return Err(Error::new(Kind::Invalid, format!("the test `unique` of {name} failed: 2 rows")));
        }
        let before = locked(&self.made).insert(name.clone(), build.model.sql.clone());
        match before.as_ref() == Some(&build.model.sql) {
            true => Ok(Built::Unchanged),
            false => Ok(Built::Anew { rows: 1, changed_inputs: locked(&self.changed).remove(&name).into() }),
        }
    }
}

#[async_trait]
impl Keeper for MemoryBuilder {
    async fn keep(&self, model: &Model, _: bool, _: i64) -> Result<Kept> {
        let name = model.name.to_string();
        locked(&self.calls).push(name.clone());
        match locked(&self.broken).contains(&name) {
            true => Err(Error::new(Kind::Internal, "the files cannot be read")),
            false => Ok(Kept { compacted: 2, into: 1, ..Kept::default() }),
        }
    }
}
