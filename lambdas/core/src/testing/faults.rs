//! Calls that fail on purpose: the n-th call of whatever port, before or after it took effect.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use tarn_lake::CellsFilter;

use crate::ports::{
    AccountSettings, Administration, Build, Builder, Built, Catalog, CatalogEntry, CatalogPartition,
    CatalogTable, Content, CrawlerState, Crawlers, Created, Executions, Filters, Ledger, Locations, Object,
    ObjectStore, ObjectVersion, Pointer, Pointers, Publication, Registry, Right, Rights, Started, Stored,
    Swapped, TableColumn, Tags,
};
use crate::{
    Claim, Error, Kind, Lease, Outcome, Record, Result, RunId, Selection, SourceId, SourceVersion, Status,
};

/// What happens to the n-th call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is refused and has no effect.
    Refused,
    /// It has its effect, and the answer is lost.
    AnswerLost,
    /// The process dies before the call: it and every later call fail.
    DiesBefore,
    /// The process dies after the call: it has its effect, and every later call fails.
    DiesAfter,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 4] = [Fault::Refused, Fault::AnswerLost, Fault::DiesBefore, Fault::DiesAfter];

    fn leaves_an_effect(self) -> bool {
        matches!(self, Fault::AnswerLost | Fault::DiesAfter)
    }

    fn is_deadly(self) -> bool {
        matches!(self, Fault::DiesBefore | Fault::DiesAfter)
    }
}

/// Counts the calls of all ports that it is put before, and fails the n-th, from 1.
#[derive(Debug)]
pub struct FailAt {
    nth: u32,
    fault: Fault,
    calls: AtomicU32,
}

impl FailAt {
    /// Fails the n-th call.
    pub fn new(nth: u32, fault: Fault) -> Self {
        Self { nth, fault, calls: AtomicU32::new(0) }
    }

    /// A layer before a port.
    pub fn before<'a, P: ?Sized>(&'a self, port: &'a P) -> Failing<'a, P> {
        Failing { port, faults: self }
    }

    /// Whether the n-th call came.
    pub fn has_struck(&self) -> bool {
        self.calls.load(Ordering::SeqCst) >= self.nth
    }

    async fn pass<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let is_struck = number == self.nth;
        let is_dead = number > self.nth && self.fault.is_deadly();
        if !is_struck && !is_dead {
            return call.await;
        }
        if is_struck && self.fault.leaves_an_effect() {
            let _ = call.await;
        }
        Err(Error::new(Kind::Unavailable, format!("call {number} was made to fail: {:?}", self.fault)))
    }
}

/// A port whose calls pass through a [`FailAt`].
#[derive(Debug, Clone, Copy)]
pub struct Failing<'a, P: ?Sized> {
    port: &'a P,
    faults: &'a FailAt,
}

#[async_trait]
impl<P: ObjectStore + ?Sized> ObjectStore for Failing<'_, P> {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>> {
        self.faults.pass(self.port.list(bucket, prefix)).await
    }
    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>> {
        self.faults.pass(self.port.list_versions(bucket, prefix)).await
    }
    async fn read(&self, bucket: &str, key: &str) -> Result<Bytes> {
        self.faults.pass(self.port.read(bucket, key)).await
    }
    async fn open(&self, source: &SourceVersion) -> Result<Box<dyn Read + Send>> {
        self.faults.pass(self.port.open(source)).await
    }
    async fn open_range(&self, source: &SourceVersion, range: Range<u64>) -> Result<Box<dyn Read + Send>> {
        self.faults.pass(self.port.open_range(source, range)).await
    }
    async fn create(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<Created> {
        self.faults.pass(self.port.create(bucket, key, content, fingerprint)).await
    }
    async fn fingerprint(&self, bucket: &str, key: &str) -> Result<Option<String>> {
        self.faults.pass(self.port.fingerprint(bucket, key)).await
    }
    async fn stored(&self, bucket: &str, key: &str) -> Result<Stored> {
        self.faults.pass(self.port.stored(bucket, key)).await
    }
    async fn replace_if(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        fingerprint: &str,
        tag: &str,
    ) -> Result<bool> {
        self.faults.pass(self.port.replace_if(bucket, key, content, fingerprint, tag)).await
    }
    async fn replace(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<()> {
        self.faults.pass(self.port.replace(bucket, key, content, fingerprint)).await
    }
    async fn copy(&self, from: &SourceVersion, bucket: &str, key: &str) -> Result<()> {
        self.faults.pass(self.port.copy(from, bucket, key)).await
    }
    async fn copy_newest(&self, from: (&str, &str), to: (&str, &str)) -> Result<()> {
        self.faults.pass(self.port.copy_newest(from, to)).await
    }
    async fn delete_versions(&self, bucket: &str, versions: &[(String, String)]) -> Result<()> {
        self.faults.pass(self.port.delete_versions(bucket, versions)).await
    }
    async fn abort_uploads(&self, bucket: &str) -> Result<usize> {
        self.faults.pass(self.port.abort_uploads(bucket)).await
    }
    async fn bucket_exists(&self, bucket: &str) -> Result<bool> {
        self.faults.pass(self.port.bucket_exists(bucket)).await
    }
}

#[async_trait]
impl<P: Ledger + ?Sized> Ledger for Failing<'_, P> {
    async fn records(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Record>> {
        self.faults.pass(self.port.records(ids)).await
    }
    async fn lease(&self, lease: &Lease) -> Result<Claim> {
        self.faults.pass(self.port.lease(lease)).await
    }
    async fn settle(
        &self,
        id: &SourceId,
        run: &RunId,
        attempt: u32,
        status: Status,
        outcome: &Outcome,
    ) -> Result<()> {
        self.faults.pass(self.port.settle(id, run, attempt, status, outcome)).await
    }
    async fn retire(&self, id: &SourceId, outcome: &Outcome) -> Result<()> {
        self.faults.pass(self.port.retire(id, outcome)).await
    }
    async fn note(&self, record: &Record) -> Result<()> {
        self.faults.pass(self.port.note(record)).await
    }
    async fn select(&self, selection: &Selection) -> Result<Vec<Record>> {
        self.faults.pass(self.port.select(selection)).await
    }
    async fn reopen(&self, record: &Record, now_millis: i64, by: &str) -> Result<()> {
        self.faults.pass(self.port.reopen(record, now_millis, by)).await
    }
    async fn restore(&self, record: &Record, there: Option<&Record>) -> Result<()> {
        self.faults.pass(self.port.restore(record, there)).await
    }
}

#[async_trait]
impl<P: Catalog + ?Sized> Catalog for Failing<'_, P> {
    async fn table(&self, database: &str, name: &str) -> Result<Option<CatalogTable>> {
        self.faults.pass(self.port.table(database, name)).await
    }
    async fn create(&self, table: &CatalogTable) -> Result<()> {
        self.faults.pass(self.port.create(table)).await
    }
    async fn update(&self, table: &CatalogTable) -> Result<()> {
        self.faults.pass(self.port.update(table)).await
    }
    async fn partitions(&self, database: &str, name: &str) -> Result<BTreeSet<Vec<String>>> {
        self.faults.pass(self.port.partitions(database, name)).await
    }
    async fn put_partitions(&self, table: &CatalogTable, partitions: &[CatalogPartition]) -> Result<()> {
        self.faults.pass(self.port.put_partitions(table, partitions)).await
    }
    async fn remove_partitions(&self, database: &str, name: &str, partitions: &[Vec<String>]) -> Result<()> {
        self.faults.pass(self.port.remove_partitions(database, name, partitions)).await
    }
    async fn remove(&self, database: &str, name: &str) -> Result<()> {
        self.faults.pass(self.port.remove(database, name)).await
    }
}

#[async_trait]
impl<P: Builder + ?Sized> Builder for Failing<'_, P> {
    async fn build(&self, build: &Build<'_>) -> Result<Built> {
        self.faults.pass(self.port.build(build)).await
    }
}

#[async_trait]
impl<P: Pointers + ?Sized> Pointers for Failing<'_, P> {
    async fn pointer(&self, database: &str, table: &str) -> Result<Option<Pointer>> {
        self.faults.pass(self.port.pointer(database, table)).await
    }
    async fn swap(&self, from: Option<&Pointer>, publication: &Publication) -> Result<Swapped> {
        self.faults.pass(self.port.swap(from, publication)).await
    }
}

#[async_trait]
impl<P: Registry + ?Sized> Registry for Failing<'_, P> {
    async fn entries(&self, database: &str) -> Result<Vec<CatalogEntry>> {
        self.faults.pass(self.port.entries(database)).await
    }
    async fn folders(&self, database: &str, name: &str) -> Result<Vec<CatalogPartition>> {
        self.faults.pass(self.port.folders(database, name)).await
    }
    async fn put(&self, entry: &CatalogEntry) -> Result<()> {
        self.faults.pass(self.port.put(entry)).await
    }
    async fn put_folders(&self, entry: &CatalogEntry, partitions: &[CatalogPartition]) -> Result<()> {
        self.faults.pass(self.port.put_folders(entry, partitions)).await
    }
}

#[async_trait]
impl<P: Crawlers + ?Sized> Crawlers for Failing<'_, P> {
    async fn start(&self, crawler: &str) -> Result<()> {
        self.faults.pass(self.port.start(crawler)).await
    }
    async fn state(&self, crawler: &str) -> Result<CrawlerState> {
        self.faults.pass(self.port.state(crawler)).await
    }
}

#[async_trait]
impl<P: Executions + ?Sized> Executions for Failing<'_, P> {
    async fn start(&self, run: &RunId) -> Result<Started> {
        self.faults.pass(self.port.start(run)).await
    }
}

#[async_trait]
impl<P: Administration + ?Sized> Administration for Failing<'_, P> {
    async fn settings(&self) -> Result<AccountSettings> {
        self.faults.pass(self.port.settings()).await
    }
    async fn replace(&self, settings: &AccountSettings) -> Result<()> {
        self.faults.pass(self.port.replace(settings)).await
    }
}

#[async_trait]
impl<P: Locations + ?Sized> Locations for Failing<'_, P> {
    async fn role_of(&self, location: &str) -> Result<Option<String>> {
        self.faults.pass(self.port.role_of(location)).await
    }
    async fn register(&self, location: &str, role: &str) -> Result<()> {
        self.faults.pass(self.port.register(location, role)).await
    }
    async fn deregister(&self, location: &str) -> Result<()> {
        self.faults.pass(self.port.deregister(location)).await
    }
}

#[async_trait]
impl<P: Rights + ?Sized> Rights for Failing<'_, P> {
    async fn granted(&self) -> Result<BTreeSet<Right>> {
        self.faults.pass(self.port.granted()).await
    }
    async fn granted_on(&self, filter: &CellsFilter) -> Result<BTreeSet<Right>> {
        self.faults.pass(self.port.granted_on(filter)).await
    }
    async fn grant(&self, rights: &BTreeSet<Right>) -> Result<()> {
        self.faults.pass(self.port.grant(rights)).await
    }
    async fn revoke(&self, rights: &BTreeSet<Right>) -> Result<()> {
        self.faults.pass(self.port.revoke(rights)).await
    }
}

#[async_trait]
impl<P: Tags + ?Sized> Tags for Failing<'_, P> {
    async fn values(&self, key: &str) -> Result<Option<BTreeSet<String>>> {
        self.faults.pass(self.port.values(key)).await
    }
    async fn create_key(&self, key: &str, values: &BTreeSet<String>) -> Result<()> {
        self.faults.pass(self.port.create_key(key, values)).await
    }
    async fn add_values(&self, key: &str, values: &BTreeSet<String>) -> Result<()> {
        self.faults.pass(self.port.add_values(key, values)).await
    }
    async fn remove_values(&self, key: &str, values: &BTreeSet<String>) -> Result<()> {
        self.faults.pass(self.port.remove_values(key, values)).await
    }
    async fn delete_key(&self, key: &str) -> Result<()> {
        self.faults.pass(self.port.delete_key(key)).await
    }
    async fn assigned(
        &self,
        key: &str,
        columns: &BTreeSet<TableColumn>,
    ) -> Result<BTreeMap<TableColumn, String>> {
        self.faults.pass(self.port.assigned(key, columns)).await
    }
    async fn assign(&self, key: &str, value: &str, columns: &BTreeSet<TableColumn>) -> Result<()> {
        self.faults.pass(self.port.assign(key, value, columns)).await
    }
    async fn unassign(&self, key: &str, value: &str, columns: &BTreeSet<TableColumn>) -> Result<()> {
        self.faults.pass(self.port.unassign(key, value, columns)).await
    }
}

#[async_trait]
impl<P: Filters + ?Sized> Filters for Failing<'_, P> {
    async fn found(&self, filter: &CellsFilter) -> Result<Option<CellsFilter>> {
        self.faults.pass(self.port.found(filter)).await
    }
    async fn create(&self, filter: &CellsFilter) -> Result<()> {
        self.faults.pass(self.port.create(filter)).await
    }
    async fn replace(&self, filter: &CellsFilter) -> Result<()> {
        self.faults.pass(self.port.replace(filter)).await
    }
    async fn delete(&self, filter: &CellsFilter) -> Result<()> {
        self.faults.pass(self.port.delete(filter)).await
    }
}
