//! Whose turn it is: which tables a run takes, when not every run takes all.
//!
//! What a run took is noted when its account is made, with the time at which the run began. A run that
//! dies before has taken nothing, and the next one finds the same tables due. A file that was taken once
//! and failed is taken again by every run, due or not: a table's rest is for what is new.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tarn_lake::{Frequency, Lake, Table, TableName};

use super::documents;
use crate::ports::ObjectStore;
use crate::{Error, Kind, Result, RunId, Tally};

/// Below it, a document for each table that not every run takes.
const TAKEN: &str = "taken/";

/// When a table was taken last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Taken {
    run: RunId,
    began_millis: i64,
}

/// Files that a run left for a later one, since their table is not due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The table.
    pub table: TableName,
    /// How often it is taken.
    pub frequency: Frequency,
    /// The files.
    pub files: Tally,
    /// From when on a run takes them, in milliseconds since 1970.
    pub until_millis: i64,
}

/// What a run takes.
pub(super) struct Due<'a> {
    lake: &'a Lake,
    /// Only these, due or not.
    only: Option<&'a [TableName]>,
    /// When tables were taken last.
    taken: HashMap<TableName, i64>,
    now_millis: i64,
}

/// What a run does with new files of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Takes,
    /// It has been taken in this period, which ends then.
    Waits {
        until_millis: i64,
    },
    /// It was not asked for.
    LeavesOut,
}

impl<'a> Due<'a> {
    /// Reads when tables were taken, where that matters.
    pub async fn read(
        store: &dyn ObjectStore,
        ops: &str,
        lake: &'a Lake,
        only: Option<&'a [TableName]>,
        now_millis: i64,
    ) -> Result<Self> {
        if let Some(unknown) = only.into_iter().flatten().find(|name| lake.table(name).is_none()) {
            let what = format!("the lake has no table `{unknown}`, which the run was to take");
            return Err(Error::new(Kind::Invalid, what));
        }
        let taken = if only.is_none() { taken(store, ops, lake).await? } else { HashMap::new() };
        Ok(Self { lake, only, taken, now_millis })
    }

    /// What becomes of new files of a table.
    pub fn turn(&self, table: &Table) -> Turn {
        if let Some(only) = self.only {
            return if only.contains(&table.name) { Turn::Takes } else { Turn::LeavesOut };
        }
        let period = table.arrival.frequency.period(&self.lake.schedule, self.now_millis);
        match (period, self.taken.get(&table.name)) {
            (Some(period), Some(taken)) if *taken >= period.start_millis => {
                Turn::Waits { until_millis: period.end_millis }
            }
            _ => Turn::Takes,
        }
    }

    /// Whether files that belong to no table, or to none that is known, are this run's business.
    pub fn takes_strangers(&self) -> bool {
        self.only.is_none()
    }

    /// The tables that count as taken once the run has made its account.
    pub fn takes(&self) -> Vec<TableName> {
        let rests = |table: &&Table| !table.arrival.frequency.is_on_arrival();
        let taken = self.lake.tables.iter().filter(rests).filter(|table| self.turn(table) == Turn::Takes);
        taken.map(|table| table.name.clone()).collect()
    }
}

async fn taken(store: &dyn ObjectStore, ops: &str, lake: &Lake) -> Result<HashMap<TableName, i64>> {
    let mut taken = HashMap::new();
    if lake.tables.iter().all(|table| table.arrival.frequency.is_on_arrival()) {
        return Ok(taken);
    }
    // Where nothing was taken yet there is nothing to read, and who may not list is told "forbidden".
    let there = store.list(ops, TAKEN).await?;
    for table in &lake.tables {
        let key = key(&table.name);
        if there.iter().any(|object| object.key == key) {
            let known: Taken = documents::read(store, ops, &key).await?;
            taken.insert(table.name.clone(), known.began_millis);
        }
    }
    Ok(taken)
}

/// Notes that a run has taken tables. A run that began earlier and ends later changes nothing.
pub(super) async fn note(
    store: &dyn ObjectStore,
    ops: &str,
    run: &RunId,
    began_millis: i64,
    tables: &[TableName],
) -> Result<()> {
    if tables.is_empty() {
        return Ok(());
    }
    let there = store.list(ops, TAKEN).await?;
    for table in tables {
        let key = key(table);
        if there.iter().any(|object| object.key == key) {
            let known: Taken = documents::read(store, ops, &key).await?;
            if known.began_millis >= began_millis {
                continue;
            }
        }
        documents::write(store, ops, &key, &Taken { run: run.clone(), began_millis }).await?;
    }
    Ok(())
}

fn key(table: &TableName) -> String {
    format!("{TAKEN}{table}.json")
}
