//! A small lake over stand-ins, and its pipeline in the order of the state machine.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tarn_core::jobs::{
    Account, AccountRequest, BuildModel, Called, Commit, Committed, Convert, Converted, Ends, Failed,
    Modelled, PlanRequest, PlanRun, Planned, RunInput, RunRequest, SyncZone, Synced,
};
use tarn_core::ports::{Builder, Catalog, Clock, Converter, Ledger, ObjectStore};
use tarn_core::testing::{
    FailAt, Failing, Fault, LineConverter, ManualClock, MemoryBuilder, MemoryCatalog, MemoryLedger,
    MemoryScratch, MemoryStore, SameFile, names, small_lake,
};
use tarn_core::{
    ModelItem, Plan, Portions, Record, Result, RunId, RunKeys, RunReport, SourceVersion, Status, StepFailure,
    TableItem, Work, WorkItem, ZoneItem,
};
use tarn_lake::{Bucket, ColumnName, Lake, Names, Placement, TableName, ZoneName};

/// What a convert function has until it is stopped.
pub const INVOCATION: Duration = Duration::from_secs(900);

/// Longer than any lease.
pub const PAST_EVERY_LEASE: Duration = Duration::from_secs(3_600);

/// The call of a conversion, counted from 1, by which it has the lease and has written nothing.
pub const BEFORE_READING: u32 = 3;

/// The call of a conversion by which everything is written and nothing is settled.
pub const BEFORE_SETTLING: u32 = 6;

/// The small lake with folders by `what` in the table `events`.
pub fn partitioned_lake() -> Lake {
    let mut lake = small_lake();
    let what = ColumnName::new("what").unwrap();
    lake.tables[0].placement = Placement { partition_by: vec![what], ..Placement::default() };
    lake
}

/// The small lake, deployed.
pub struct World {
    pub names: Names,
    pub clock: ManualClock,
    pub store: MemoryStore,
    pub ledger: MemoryLedger,
    pub catalog: MemoryCatalog,
    pub builder: MemoryBuilder,
    pub portions: Portions,
}

impl World {
    pub fn new() -> Self {
        Self::at(ManualClock::default())
    }

    pub fn at(clock: ManualClock) -> Self {
        Self::in_it(clock, names())
    }

    /// The same under other names; another lake is to be deployed there.
    pub fn named(names: Names) -> Self {
        Self::in_it(ManualClock::default(), names)
    }

    fn in_it(clock: ManualClock, names: Names) -> Self {
        let zones = small_lake().zones.into_iter().map(|zone| Bucket::Zone(zone.name));
        let buckets =
            Bucket::OWN.into_iter().chain([Bucket::Gold]).chain(zones).map(|bucket| names.bucket(&bucket));
        let store = MemoryStore::new(clock.clone(), buckets);
        let (ledger, catalog, builder, portions) = Default::default();
        let world = Self { names, clock, store, ledger, catalog, builder, portions };
        world.deploy(&small_lake());
        world
    }

    /// The same, where a file of 40 bytes is large and a range has 16.
    pub fn splitting() -> Self {
        let portions = Portions { split_from_bytes: 40, range_bytes: 16, ..Portions::default() };
        Self { portions, ..Self::new() }
    }

    /// The same with folders by `what` in the table `events`.
    pub fn partitioned() -> Self {
        let world = Self::new();
        world.deploy(&partitioned_lake());
        world
    }

    pub fn deploy(&self, lake: &Lake) {
        let bytes = serde_json::to_vec(lake).unwrap();
        self.store.land(&self.names.bucket(&Bucket::Ops), RunKeys::DEPLOYED_LAKE, bytes).unwrap();
    }

    pub fn land(&self, key: &str, text: &str) -> SourceVersion {
        let landing = self.names.bucket(&Bucket::Landing);
        self.store.land(&landing, key, text.as_bytes().to_vec()).unwrap()
    }

    pub fn contents(&self, bucket: &Bucket) -> BTreeMap<String, Bytes> {
        self.store.contents(&self.names.bucket(bucket))
    }

    /// The contents of a bucket as text, without the keys.
    pub fn texts(&self, bucket: &Bucket) -> Vec<String> {
        let contents = self.contents(bucket);
        contents.into_values().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).collect()
    }

    pub async fn record(&self, source: &SourceVersion) -> Record {
        let mut found = self.ledger.records(&[source.id()]).await.unwrap();
        found.remove(&source.id()).unwrap_or_else(|| panic!("there is no record of {}", source.key))
    }

    /// The files of a run's work list, whatever calls they share.
    pub async fn work_list(&self, run: &str) -> Vec<WorkItem> {
        let run = id(run);
        let keys = RunKeys(&run);
        let mut files = Vec::new();
        for key in [keys.gathers(), keys.work()] {
            let lines: Vec<Work> = self.lines(&key).await.unwrap();
            files.extend(lines.iter().flat_map(Work::files).cloned());
        }
        files
    }

    pub async fn calls(&self, run: &str) -> Vec<Work> {
        self.lines(&RunKeys(&id(run)).work()).await.unwrap()
    }

    pub async fn plan_of(&self, run: &str) -> Plan {
        self.lines(&RunKeys(&id(run)).plan()).await.map(only).unwrap()
    }

    pub async fn lines<T: DeserializeOwned>(&self, key: &str) -> Result<Vec<T>> {
        self.pipeline().lines(key).await
    }

    /// A worker that dies before its n-th call.
    pub async fn die_converting(&self, item: &WorkItem, nth: u32) {
        let faults = FailAt::new(nth, Fault::DiesBefore);
        self.failing(&self.layers(&faults)).convert(item).await.unwrap_err();
        assert_eq!(self.record(&item.source).await.status, Status::Leased);
    }

    pub fn pipeline(&self) -> Pipeline<'_> {
        let Self { names, clock, store, ledger, catalog, builder, portions } = self;
        Pipeline { names, clock, store, ledger, catalog, builder, portions: *portions }
    }

    /// The layers to put into [`World::failing`].
    pub fn layers<'a>(&'a self, faults: &'a FailAt) -> Layers<'a> {
        Layers {
            store: faults.before(&self.store),
            ledger: faults.before(&self.ledger),
            catalog: faults.before(&self.catalog),
            builder: faults.before(&self.builder),
        }
    }

    pub fn failing<'a>(&'a self, layers: &'a Layers<'a>) -> Pipeline<'a> {
        let Layers { store, ledger, catalog, builder } = layers;
        let Self { names, clock, portions, .. } = self;
        Pipeline { names, clock, store, ledger, catalog, builder, portions: *portions }
    }
}

/// The ports of a world, each behind a fault.
pub struct Layers<'a> {
    store: Failing<'a, MemoryStore>,
    ledger: Failing<'a, MemoryLedger>,
    catalog: Failing<'a, MemoryCatalog>,
    builder: Failing<'a, MemoryBuilder>,
}

/// The jobs over some ports.
pub struct Pipeline<'a> {
    pub names: &'a Names,
    pub clock: &'a dyn Clock,
    pub store: &'a dyn ObjectStore,
    pub ledger: &'a dyn Ledger,
    pub catalog: &'a dyn Catalog,
    pub builder: &'a dyn Builder,
    pub portions: Portions,
}

impl Pipeline<'_> {
    pub async fn plan(&self, run: &str) -> Result<Planned> {
        let Self { names, clock, store, ledger, .. } = *self;
        let portions = self.portions;
        PlanRun { names, store, ledger, clock, portions }.run(&id(run).into()).await
    }

    /// The same for some tables only, due or not.
    pub async fn plan_only(&self, run: &str, tables: &[&str]) -> Result<Planned> {
        let Self { names, clock, store, ledger, portions, .. } = *self;
        let tables = tables.iter().map(|table| TableName::new(*table).unwrap()).collect();
        let request = PlanRequest { run: id(run), input: RunInput { tables: Some(tables) } };
        PlanRun { names, store, ledger, clock, portions }.run(&request).await
    }

    pub async fn convert(&self, item: &WorkItem) -> Result<Converted> {
        self.converting(&LineConverter).run(item, self.deadline_millis()).await
    }

    /// What a call does for a line of the work list.
    pub async fn call(&self, work: &Work) -> Result<Called> {
        self.converting(&LineConverter).call(work, self.deadline_millis()).await
    }

    pub fn converting<'c>(&'c self, converter: &'c dyn Converter) -> Convert<'c> {
        let Self { names, clock, store, ledger, .. } = *self;
        Convert { names, store, ledger, clock, scratch: &MemoryScratch, converter }
    }

    pub fn deadline_millis(&self) -> i64 {
        self.clock.now_millis() + INVOCATION.as_millis() as i64
    }

    pub async fn commit(&self, run: &str, table: &str) -> Result<Committed> {
        let Self { names, store, catalog, .. } = *self;
        let item = TableItem { run: id(run), table: TableName::new(table).unwrap() };
        Commit { names, store, catalog }.run(&item).await
    }

    pub async fn model(&self, item: &ModelItem) -> Result<Modelled> {
        let Self { names, store, builder, .. } = *self;
        BuildModel { names, store, builder }.run(item, self.deadline_millis()).await
    }

    /// What the state machine does with a model that failed.
    async fn note(&self, item: &ModelItem, error: tarn_core::Error) -> Result<()> {
        let Self { names, store, ledger, clock, .. } = *self;
        let (step, what) = (Modelled::STEP.into(), item.model.to_string());
        let failed = StepFailure { step, what, error: error.kind().name().into(), cause: error.chain() };
        let ends = &Ends::in_an_account();
        let note = AccountRequest::Note(Failed { run: item.run.clone(), failed });
        Account { names, store, ledger, clock, ends }.answer(&note).await.map(|_| ())
    }

    pub async fn sync(&self, run: &str, zone: &str) -> Result<Synced> {
        let zone = ZoneName::new(zone).unwrap();
        let Self { names, store, catalog, clock, .. } = *self;
        let item = ZoneItem { run: id(run), zone: zone.clone(), function: names.sync_function(&zone) };
        let (scratch, projector) = (&MemoryScratch, &SameFile);
        let job = SyncZone { names, zone: &zone, store, catalog, clock, scratch, projector };
        job.run(&item, clock.now_millis() + INVOCATION.as_millis() as i64).await
    }

    pub async fn account(&self, run: &str) -> Result<RunReport> {
        let Self { names, store, ledger, clock, .. } = *self;
        let ends = &Ends::in_an_account();
        Account { names, store, ledger, clock, ends }.run(&RunRequest { run: id(run) }).await
    }

    /// What the function answers to an event, as the state machine sees both.
    pub async fn accounted(&self, event: &serde_json::Value) -> serde_json::Value {
        let Self { names, store, ledger, clock, .. } = *self;
        let request = serde_json::from_value(event.clone()).unwrap();
        let ends = &Ends::in_an_account();
        let answer = Account { names, store, ledger, clock, ends }.answer(&request).await.unwrap();
        serde_json::to_value(answer).unwrap()
    }

    /// The whole pipeline. As in the state machine, a file that cannot be converted stops nothing,
    /// and any other failure ends the run.
    pub async fn run(&self, run: &str) -> Result<RunReport> {
        self.run_with_tries(run, 1).await
    }

    /// The same, with every step tried more than once before it counts as failed.
    pub async fn run_with_tries(&self, run: &str, tries: u32) -> Result<RunReport> {
        let (this, id) = (self, id(run));
        let keys = RunKeys(&id);
        let planned = tried(tries, async || this.plan(run).await).await?;
        for list in [keys.surveys(), keys.work(), keys.gathers()] {
            for work in tried(tries, async || this.lines::<Work>(&list).await).await? {
                let _ = tried(tries, async || this.call(&work).await).await;
            }
        }
        for item in tried(tries, async || this.lines::<TableItem>(&keys.tables()).await).await? {
            tried(tries, async || this.commit(run, item.table.as_str()).await).await?;
        }
        for level in planned.levels {
            for item in tried(tries, async || this.lines::<ModelItem>(&keys.models(level)).await).await? {
                if let Err(error) = tried(tries, async || this.model(&item).await).await {
                    this.note(&item, error).await?;
                }
            }
        }
        for item in tried(tries, async || this.lines::<ZoneItem>(&keys.zones()).await).await? {
            tried(tries, async || this.sync(run, item.zone.as_str()).await).await?;
        }
        tried(tries, async || this.account(run).await).await
    }

    /// Reads JSON documents that stand one after the other, as lines or alone.
    pub async fn lines<T: DeserializeOwned>(&self, key: &str) -> Result<Vec<T>> {
        let bytes = self.store.read(&self.names.bucket(&Bucket::Ops), key).await?;
        Ok(serde_json::Deserializer::from_slice(&bytes).into_iter().map(|item| item.unwrap()).collect())
    }
}

/// Does a step until it goes well, at most so many times.
async fn tried<T>(tries: u32, step: impl AsyncFn() -> Result<T>) -> Result<T> {
    let mut result = step().await;
    for _ in 1..tries {
        if result.is_ok() {
            break;
        }
        result = step().await;
    }
    result
}

pub fn only<T>(all: Vec<T>) -> T {
    assert_eq!(all.len(), 1);
    all.into_iter().next().unwrap()
}

pub fn id(run: &str) -> RunId {
    RunId::new(run).unwrap()
}
