//! The steps of a run in the order of the state machine, by the same jobs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tarn_core::jobs::{
    Account, AccountRequest, BuildModel, Called, Commit, Convert, Ends, Failed, Modelled, PlanRequest,
    PlanRun, RunInput, RunRequest, SyncZone,
};
use tarn_core::ports::{Builder, Clock, Converter, ObjectStore, Projector};
use tarn_core::{
    Error, Kind, ModelItem, Portions, Result, RunId, RunKeys, RunReport, SourceId, StepFailure, TableItem,
    Work, WorkItem, ZoneItem,
};
use tarn_lake::{Bucket, Lake, TableName};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use crate::{Ports, share};

/// For how long a lease is asked. It ends with its process in any case, as the lock does.
const LEASE: Duration = Duration::from_secs(24 * 3_600);

/// Is told what a run does.
pub trait Observer: Send + Sync {
    /// A step begins.
    fn step(&self, step: Step);
    /// A file was worked on.
    fn file(&self, item: &WorkItem, outcome: &Result<Called>);
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
    /// Making models.
    Model,
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
    /// What makes models.
    pub builder: Arc<dyn Builder>,
    /// What makes the parts of files that zones may have.
    pub projector: Arc<dyn Projector>,
    /// Cores of the machine.
    pub cores: usize,
    /// How files are portioned out.
    pub portions: Portions,
    /// Only these tables are taken, due or not; `None` for all that are due.
    pub tables: Option<Vec<TableName>>,
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
        let portions = self.portions;
        let plan = PlanRun { names, store, ledger, clock, portions }.run(&self.request(run)).await?;

        let mut ends = Ends {
            known: HashMap::new(),
            died: "its worker died; the next run tries again",
            never_began: "the run was ended before its turn; the next run takes it",
        };
        let failure = self.publish(run, &plan.levels, &mut ends.known).await.err();
        self.observer.step(Step::Account);
        let job = Account { names, store, ledger, clock, ends: &ends };
        let report = job.run(&RunRequest { run: run.clone() }).await?;
        ledger.compact()?;
        // Also those of runs that were killed: whoever has the lock works alone.
        store.remove_all(&names.bucket(&Bucket::Ops), RunKeys::SPLITS)?;
        Ok(Ended { report, failure })
    }

    fn request(&self, run: &RunId) -> PlanRequest {
        PlanRequest { run: run.clone(), input: RunInput { tables: self.tables.clone() } }
    }

    /// The lake as it is now, where PlanRun looks for it.
    async fn deploy(&self, lake: &Lake) -> Result<()> {
        let document = serde_json::to_vec_pretty(lake)
            .map_err(|error| Error::caused(Kind::Internal, "the lake cannot be written as JSON", error))?;
        let ops = self.ports.names.bucket(&Bucket::Ops);
        self.ports.store.replace(&ops, RunKeys::DEPLOYED_LAKE, document.into(), "").await
    }

    async fn publish(&self, run: &RunId, levels: &[u32], ends: &mut HashMap<SourceId, String>) -> Result<()> {
        let keys = RunKeys(run);
        let work: Vec<Work> = self.lines(&keys.work()).await?;
        let gathers: Vec<Work> = self.lines(&keys.gathers()).await?;
        let files = work.iter().chain(&gathers).flat_map(Work::files);
        let (files, bytes) =
            files.fold((0, 0), |(files, bytes), item| (files + 1, bytes + item.source.size_bytes));
        self.observer.step(Step::Convert { files, bytes });
        self.convert(self.lines(&keys.surveys()).await?, ends).await?;
        self.convert(work.into_iter().flat_map(alone).collect(), ends).await?;
        self.convert(gathers, ends).await?;

        let Ports { names, store, catalog, clock, scratch, .. } = &*self.ports;
        self.observer.step(Step::Commit);
        for item in self.lines::<TableItem>(&keys.tables()).await? {
            Commit { names, store, catalog }.run(&item).await?;
        }
        if !levels.is_empty() {
            self.observer.step(Step::Model);
        }
        for level in levels {
            for item in self.lines::<ModelItem>(&keys.models(*level)).await? {
                self.model(&item).await?;
            }
        }
        self.observer.step(Step::Sync);
        for item in self.lines::<ZoneItem>(&keys.zones()).await? {
            let (zone, projector) = (&item.zone, &*self.projector);
            let job = SyncZone { names, zone, store, catalog, clock, scratch, projector };
            job.run(&item, deadline(clock)).await?;
        }
        Ok(())
    }

    /// Makes a model. One that fails is noted for the account and stops no other.
    async fn model(&self, item: &ModelItem) -> Result<()> {
        let Ports { names, store, ledger, clock, .. } = &*self.ports;
        let job = BuildModel { names, store, builder: &*self.builder };
        let Err(error) = job.run(item, deadline(clock)).await else { return Ok(()) };
        let failed = StepFailure {
            step: Modelled::STEP.into(),
            what: item.model.to_string(),
            error: error.kind().name().into(),
            cause: error.chain(),
        };
        let ends = &Ends::in_an_account();
        let note = AccountRequest::Note(Failed { run: item.run.clone(), failed });
        Account { names, store, ledger, clock, ends }.answer(&note).await.map(|_| ())
    }

    /// Makes all calls, as many side by side as there are threads for. `ends` gets what those files
    /// ended with that could not be converted.
    async fn convert(&self, work: Vec<Work>, ends: &mut HashMap<SourceId, String>) -> Result<()> {
        let all = share::all(self.cores);
        let parts = Arc::new(Semaphore::new(all));
        let mut conversions = JoinSet::new();
        let mut begun = HashMap::new();
        for work in work {
            let share = share::of(bytes_of(&work), all);
            let held = parts.clone().acquire_many_owned(share.parts).await;
            let held = held.map_err(|error| Error::caused(Kind::Internal, "sharing threads", error))?;
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let id = file_of(&work).map(|item| item.source.id());
            let (ports, observer, engine) =
                (self.ports.clone(), self.observer.clone(), (self.engines)(share.threads));
            let task = conversions.spawn(async move {
                let outcome = convert(&ports, &*engine, &work).await;
                let failure = outcome.as_ref().err().map(Error::chain);
                tell(&*observer, &work, outcome);
                drop(held);
                failure
            });
            begun.insert(task.id(), id);
        }
        while let Some(ended) = conversions.join_next_with_id().await {
            let (task, failure) = match ended {
                Ok((task, failure)) => (task, failure),
                Err(error) => (error.id(), Some(last_words(error))),
            };
            if let (Some(id), Some(failure)) = (begun.remove(&task).flatten(), failure) {
                ends.insert(id, failure);
            }
        }
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

/// A call costs nothing here, so every file has one of its own.
fn alone(work: Work) -> Vec<Work> {
    match work {
        Work::Files(items) => items.into_iter().map(|item| Work::Files(vec![item])).collect(),
        other => vec![other],
    }
}

/// What a call has to read. Parts are put together on one thread.
fn bytes_of(work: &Work) -> u64 {
    match work {
        Work::Files(items) => items.iter().map(|item| item.source.size_bytes).sum(),
        Work::Part(split) => split.range().end - split.range().start,
        Work::Survey(_) | Work::Gather(_) => 0,
    }
}

/// The file that a call works for; each has one here.
fn file_of(work: &Work) -> Option<&WorkItem> {
    match work {
        Work::Files(items) => items.first(),
        Work::Survey(split) | Work::Part(split) | Work::Gather(split) => Some(&split.item),
    }
}

/// Tells of a file once: where it was converted, or its parts were put together.
fn tell(observer: &dyn Observer, work: &Work, outcome: Result<Called>) {
    let whole = match work {
        Work::Files(_) => true,
        Work::Part(_) => false,
        Work::Gather(_) => outcome.is_err(),
        Work::Survey(_) => return,
    };
    let is_told = |called: &Called| whole || called.files() > 0;
    if let Some(item) = file_of(work).filter(|_| outcome.as_ref().map_or(whole, is_told)) {
        observer.file(item, &outcome);
    }
}

/// What a worker said when it panicked.
fn last_words(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "its worker was stopped".into() };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("its worker died of a fault in tarn, please report it: {}", text.unwrap_or_default())
}

async fn convert(ports: &Ports, converter: &dyn Converter, work: &Work) -> Result<Called> {
    let Ports { names, store, ledger, scratch, clock, .. } = ports;
    Convert { names, store, ledger, clock, scratch, converter }.call(work, deadline(clock)).await
}

fn deadline(clock: &dyn Clock) -> i64 {
    clock.now_millis() + LEASE.as_millis() as i64
}
