//! The steps of a run in the order of the state machine, by the same jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tarn_core::jobs::{Account, Commit, Convert, Converted, PlanRun, RunRequest, SyncZone};
use tarn_core::ports::{Clock, Converter, ObjectStore};
use tarn_core::{
    Error, Kind, Portions, Result, RunId, RunKeys, RunReport, TableItem, Work, WorkItem, ZoneItem,
};
use tarn_lake::{Bucket, Lake};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::{Ports, share};

/// For how long a lease is asked. It ends with its process in any case, as the lock does.
const LEASE: Duration = Duration::from_secs(24 * 3_600);

/// Is told what a run does.
pub trait Observer: Send + Sync {
    /// A step begins.
    fn step(&self, step: Step);
    /// A file was worked on.
    fn file(&self, item: &WorkItem, outcome: &Result<Converted>);
}

/// A step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Looking what is new.
    Plan,
    /// Converting so many files of so many bytes.
    Convert {
        /// Files on the work list.
        files: u64,
        /// Their bytes in landing.
        bytes: u64,
    },
    /// Registering tables.
    Commit,
    /// Bringing zones up to date.
    Sync,
    /// Balancing the account.
    Account,
}

/// Makes an engine that has so many threads.
pub type Engines = dyn Fn(usize) -> Arc<dyn Converter> + Send + Sync;

/// A run to be made.
pub struct Run {
    /// What it works on.
    pub ports: Arc<Ports>,
    /// What converts.
    pub engines: Arc<Engines>,
    /// Cores of the machine.
    pub cores: usize,
    /// Once it is set, no further file is begun.
    pub stop: Arc<AtomicBool>,
    /// Who is told.
    pub observer: Arc<dyn Observer>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Its account.
    pub report: RunReport,
    /// What kept a table or a zone from being brought up to date.
    pub failure: Option<Error>,
}

impl Run {
    /// Makes the run. As in the state machine, a file that cannot be converted stops nothing, and
    /// once there is a plan the account is made in any case.
    pub async fn make(&self, run: &RunId, lake: &Lake) -> Result<Ended> {
        self.observer.step(Step::Plan);
        self.deploy(lake).await?;
        let Ports { names, store, ledger, clock, .. } = &*self.ports;
        let portions = Portions::default();
        PlanRun { names, store, ledger, clock, portions }.run(&RunRequest { run: run.clone() }).await?;

        let failure = self.publish(run).await.err();
        self.observer.step(Step::Account);
        let report = Account { names, store, ledger, clock }.run(&RunRequest { run: run.clone() }).await?;
        ledger.compact()?;
        Ok(Ended { report, failure })
    }

    /// The lake as it is now, where PlanRun looks for it.
    async fn deploy(&self, lake: &Lake) -> Result<()> {
        let document = serde_json::to_vec_pretty(lake)
            .map_err(|error| Error::caused(Kind::Internal, "the lake cannot be written as JSON", error))?;
        let ops = self.ports.names.bucket(&Bucket::Ops);
        self.ports.store.replace(&ops, RunKeys::DEPLOYED_LAKE, document.into(), "").await
    }

    async fn publish(&self, run: &RunId) -> Result<()> {
        let keys = RunKeys(run);
        let work: Vec<Work> = self.lines(&keys.work()).await?;
        // A call costs nothing here, so every file has one of its own.
        let work: Vec<WorkItem> = work.into_iter().flat_map(|Work::Files(items)| items).collect();
        let bytes = work.iter().map(|item| item.source.size_bytes).sum();
        self.observer.step(Step::Convert { files: work.len() as u64, bytes });
        self.convert(work).await?;

        let Ports { names, store, catalog, .. } = &*self.ports;
        self.observer.step(Step::Commit);
        for item in self.lines::<TableItem>(&keys.tables()).await? {
            Commit { names, store, catalog }.run(&item).await?;
        }
        self.observer.step(Step::Sync);
        for item in self.lines::<ZoneItem>(&keys.zones()).await? {
            SyncZone { names, zone: &item.zone, store, catalog }.run(&item).await?;
        }
        Ok(())
    }

    /// Converts all files, as many side by side as there are threads for.
    async fn convert(&self, work: Vec<WorkItem>) -> Result<()> {
        let all = share::all(self.cores);
        let parts = Arc::new(Semaphore::new(all));
        let mut conversions = JoinSet::new();
        for item in work {
            let share = share::of(item.source.size_bytes, all);
            let held = parts.clone().acquire_many_owned(share.parts).await;
            let held = held.map_err(|error| Error::caused(Kind::Internal, "sharing threads", error))?;
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let (ports, observer, engine) =
                (self.ports.clone(), self.observer.clone(), (self.engines)(share.threads));
            conversions.spawn(async move {
                let outcome = convert(&ports, &*engine, &item).await;
                observer.file(&item, &outcome);
                drop(held);
            });
        }
        // One that failed or panicked is found by the account.
        while conversions.join_next().await.is_some() {}
        Ok(())
    }

    async fn lines<T: DeserializeOwned>(&self, key: &str) -> Result<Vec<T>> {
        let ops = self.ports.names.bucket(&Bucket::Ops);
        let bytes = self.ports.store.read(&ops, key).await?;
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let unreadable = |error| Error::caused(Kind::Invalid, format!("{key} is not what tarn wrote"), error);
        lines.map(|line| serde_json::from_slice(line).map_err(unreadable)).collect()
    }
}

async fn convert(ports: &Ports, converter: &dyn Converter, item: &WorkItem) -> Result<Converted> {
    let Ports { names, store, ledger, scratch, clock, .. } = ports;
    let deadline = clock.now_millis() + LEASE.as_millis() as i64;
    Convert { names, store, ledger, clock, scratch, converter }.run(item, deadline).await
}
