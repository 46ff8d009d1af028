//! The stand-ins behind a turn before each call, a watch over what they are asked to do, and a bug
//! where one is planted.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::ops::Range;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use tarn_core::ports::{
    Catalog, CatalogPartition, CatalogTable, Content, Created, Ledger, Object, ObjectStore, ObjectVersion,
    Stored,
};
use tarn_core::testing::{MemoryCatalog, MemoryLedger, MemoryStore};
use tarn_core::{
    Claim, Lease, Outcome, Record, Result, RunId, RunKeys, Selection, SourceId, SourceVersion, Status,
};

use crate::scheduler::turn;

/// A mistake in what the jobs stand on, that the simulation must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A silver object is written only after its source was settled.
    MarkBeforeWrite,
    /// Every attempt writes an object of its own.
    RandomNames,
    /// Whoever settles is believed, also without the newest lease.
    NoFencing,
    /// A lease is given to everybody who asks, also over what is done, and names are random too, as with
    /// an idempotency decorator that has lost its record.
    NoLease,
    /// Whoever puts parts together takes one that is not there for one without rows.
    MissingParts,
    /// The janitor takes whatever is not settled for refused.
    SweepsOpen,
    /// A replacement is written over whatever is there meanwhile.
    HeldAgainstNothing,
    /// Of the versions of a key, the oldest is taken for the newest.
    OldestWins,
    /// Nobody reads which folders others have announced.
    Unannounced,
}

/// What one process means to write later: it dies with it.
pub type Late = Mutex<Vec<(String, Bytes, String)>>;

/// The store behind turns.
pub struct Store<'a> {
    pub inner: &'a MemoryStore,
    pub silver: &'a str,
    pub bug: Option<Bug>,
    pub late: &'a Late,
    /// How many objects got a name of their own.
    pub written: &'a Mutex<u64>,
    /// What every source should look like.
    pub sent: &'a Mutex<Vec<(SourceVersion, String)>>,
    pub broken: &'a Mutex<HashSet<String>>,
}

impl Store<'_> {
    /// The key that an object really gets.
    fn key(&self, bucket: &str, key: &str) -> String {
        let is_random = matches!(self.bug, Some(Bug::RandomNames | Bug::NoLease));
        if bucket != self.silver || !is_random {
            return key.to_owned();
        }
        let mut written = self.written.lock().unwrap();
        *written += 1;
        key.replace("part-", &format!("part-{written}-"))
    }

    /// Content with all its bytes, so that it can be looked at.
    async fn whole(&self, content: Content) -> Result<Content> {
        match content {
            Content::Joined(pieces) => self.inner.read_pieces(&pieces).await.map(Content::Bytes),
            content => Ok(content),
        }
    }

    /// Nobody may ever see a part of a file.
    fn watch(&self, bucket: &str, key: &str, content: &Content, fingerprint: &str) {
        if bucket == self.silver
            && !key.starts_with("_keys/")
            && let Err(what) = is_whole(&self.sent.lock().unwrap(), key, content, fingerprint)
        {
            self.broken.lock().unwrap().insert(what);
        }
    }

    fn makes_up_parts(&self, key: &str) -> bool {
        self.bug == Some(Bug::MissingParts) && key.starts_with(RunKeys::SPLITS)
    }

    fn writes_late(&self, bucket: &str) -> bool {
        bucket == self.silver && self.bug == Some(Bug::MarkBeforeWrite)
    }
}

#[async_trait]
impl ObjectStore for Store<'_> {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>> {
        turn().await;
        let mut listed = self.inner.list(bucket, prefix).await?;
        if self.makes_up_parts(prefix) {
            let made_up = (0..9).map(|nth| format!("{prefix}part-{nth:05}.json"));
            listed.extend(made_up.map(|key| Object {
                key,
                size_bytes: 1,
                modified_millis: 1,
                tag: String::new(),
            }));
            listed.sort_by(|a, b| a.key.cmp(&b.key));
        }
        Ok(listed)
    }
    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>> {
        turn().await;
        self.inner.list_versions(bucket, prefix).await
    }
    async fn versions_of(&self, bucket: &str, key: &str) -> Result<Vec<ObjectVersion>> {
        turn().await;
        let mut versions = self.inner.versions_of(bucket, key).await?;
        if self.bug == Some(Bug::OldestWins) {
            versions.reverse();
        }
        Ok(versions)
    }
    async fn stored(&self, bucket: &str, key: &str) -> Result<Stored> {
        turn().await;
        self.inner.stored(bucket, key).await
    }
    async fn replace_if(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        fingerprint: &str,
        tag: &str,
    ) -> Result<bool> {
        turn().await;
        let content = self.whole(content).await?;
        self.watch(bucket, key, &content, fingerprint);
        if self.bug == Some(Bug::HeldAgainstNothing) {
            return self.inner.replace(bucket, key, content, fingerprint).await.map(|()| true);
        }
        self.inner.replace_if(bucket, key, content, fingerprint, tag).await
    }
    async fn read(&self, bucket: &str, key: &str) -> Result<Bytes> {
        turn().await;
        match self.inner.read(bucket, key).await {
            Err(_) if self.makes_up_parts(key) && key.contains("/part-") => Ok(made_up(key)),
            read => read,
        }
    }
    async fn open(&self, source: &SourceVersion) -> Result<Box<dyn Read + Send>> {
        turn().await;
        self.inner.open(source).await
    }
    async fn open_range(&self, source: &SourceVersion, range: Range<u64>) -> Result<Box<dyn Read + Send>> {
        turn().await;
        self.inner.open_range(source, range).await
    }
    async fn create(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<Created> {
        turn().await;
        if self.bug == Some(Bug::Unannounced) && key.starts_with("_keys/") {
            return Ok(Created::New);
        }
        let key = self.key(bucket, key);
        let content = self.whole(content).await?;
        self.watch(bucket, &key, &content, fingerprint);
        if self.writes_late(bucket) {
            let bytes = content.into_bytes().unwrap();
            self.late.lock().unwrap().push((key, bytes, fingerprint.to_owned()));
            return Ok(Created::New);
        }
        self.inner.create(bucket, &key, content, fingerprint).await
    }
    async fn fingerprint(&self, bucket: &str, key: &str) -> Result<Option<String>> {
        turn().await;
        self.inner.fingerprint(bucket, key).await
    }
    async fn replace(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<()> {
        turn().await;
        let content = self.whole(content).await?;
        self.watch(bucket, key, &content, fingerprint);
        self.inner.replace(bucket, key, content, fingerprint).await
    }
    async fn copy(&self, from: &SourceVersion, bucket: &str, key: &str) -> Result<()> {
        turn().await;
        self.inner.copy(from, bucket, key).await
    }
    async fn copy_newest(&self, from: (&str, &str), to: (&str, &str)) -> Result<()> {
        turn().await;
        self.inner.copy_newest(from, to).await
    }
    async fn delete_versions(&self, bucket: &str, versions: &[(String, String)]) -> Result<()> {
        turn().await;
        self.inner.delete_versions(bucket, versions).await
    }
    async fn abort_uploads(&self, bucket: &str) -> Result<usize> {
        turn().await;
        self.inner.abort_uploads(bucket).await
    }
    async fn bucket_exists(&self, bucket: &str) -> Result<bool> {
        turn().await;
        self.inner.bucket_exists(bucket).await
    }
}

/// A part that was never converted, as one without rows.
fn made_up(key: &str) -> Bytes {
    let note = r#"{"refused":false,"rows":0,"bad_rows":0,"nulled_values":0,"faulty_rows":0,"rejects":false}"#;
    Bytes::from_static(if key.ends_with(".json") { note.as_bytes() } else { b"" })
}

/// Whether an object of silver has all rows of its source, or those of its folder. The name tells whose
/// they are, or the fingerprint does.
fn is_whole(
    sent: &[(SourceVersion, String)],
    key: &str,
    content: &Content,
    fingerprint: &str,
) -> std::result::Result<(), String> {
    let Content::Bytes(bytes) = content else { return Ok(()) };
    let is_its = |source: &SourceVersion| {
        let id = source.id();
        key.contains(id.as_str()) || fingerprint.ends_with(id.as_str())
    };
    let (_, text) = sent.iter().find(|(source, _)| is_its(source)).unwrap();
    let written = String::from_utf8_lossy(bytes);
    let folder = key.split('/').find_map(|part| part.strip_prefix("digit="));
    let is_due = |row: &&str| !row.starts_with('!') && folder.is_none_or(|letter| row.starts_with(letter));
    let (found, due) = (written.lines().skip(1), text.lines().filter(is_due));
    if found.eq(due) {
        Ok(())
    } else {
        Err(format!("{key} was to be seen with a part of its file: {written}"))
    }
}

/// The ledger, and what it once said: what is settled for good must stay so.
pub struct Watched<'a> {
    pub inner: &'a MemoryLedger,
    pub bug: Option<Bug>,
    pub store: &'a MemoryStore,
    pub silver: &'a str,
    pub late: &'a Late,
    pub settled: &'a Mutex<HashMap<SourceId, Status>>,
    pub broken: &'a Mutex<HashSet<String>>,
}

impl Watched<'_> {
    async fn look(&self, id: &SourceId) -> Option<Record> {
        self.inner.records(std::slice::from_ref(id)).await.unwrap().remove(id)
    }

    /// Notes what is settled for good, and a breach where it was settled otherwise before.
    async fn watch(&self, id: &SourceId) {
        let Some(record) = self.look(id).await else { return };
        let mut settled = self.settled.lock().unwrap();
        if let Some(before) = settled.get(id)
            && *before != record.status
        {
            let what = format!("{} was {before:?} and is {:?}", record.key, record.status);
            self.broken.lock().unwrap().insert(what);
        }
        if matches!(record.status, Status::Done | Status::Quarantined) {
            settled.insert(id.clone(), record.status);
        }
    }
}

#[async_trait]
impl Ledger for Watched<'_> {
    async fn records(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Record>> {
        turn().await;
        self.inner.records(ids).await
    }

    async fn lease(&self, lease: &Lease) -> Result<Claim> {
        turn().await;
        if self.bug == Some(Bug::NoLease) {
            self.inner.forget(&lease.source_id);
        }
        let claim = self.inner.lease(lease).await;
        self.watch(&lease.source_id).await;
        claim
    }

    async fn settle(
        &self,
        id: &SourceId,
        run: &RunId,
        attempt: u32,
        status: Status,
        outcome: &Outcome,
    ) -> Result<()> {
        turn().await;
        let settled = match self.bug {
            Some(Bug::NoFencing) => self.inner.overrule(id, run, status, outcome),
            _ => self.inner.settle(id, run, attempt, status, outcome).await,
        };
        self.watch(id).await;
        if self.bug == Some(Bug::MarkBeforeWrite) {
            turn().await;
            let late = std::mem::take(&mut *self.late.lock().unwrap());
            for (key, bytes, fingerprint) in late {
                self.store.create(self.silver, &key, Content::Bytes(bytes), &fingerprint).await?;
            }
        }
        settled
    }

    async fn retire(&self, id: &SourceId, outcome: &Outcome) -> Result<()> {
        turn().await;
        self.settled.lock().unwrap().remove(id);
        self.inner.retire(id, outcome).await
    }

    async fn note(&self, record: &Record) -> Result<()> {
        turn().await;
        let noted = self.inner.note(record).await;
        self.watch(&record.source_id).await;
        noted
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Record>> {
        turn().await;
        self.inner.select(selection).await
    }

    async fn reopen(&self, record: &Record, now_millis: i64, by: &str) -> Result<()> {
        turn().await;
        self.inner.reopen(record, now_millis, by).await
    }

    async fn restore(&self, record: &Record, there: Option<&Record>) -> Result<()> {
        turn().await;
        self.inner.restore(record, there).await
    }
}

/// The ledger as a janitor sees it who confuses what is open with what was refused.
pub struct Forgetful<'a> {
    pub inner: &'a Watched<'a>,
    pub forgets: bool,
}

#[async_trait]
impl Ledger for Forgetful<'_> {
    async fn records(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Record>> {
        let mut records = self.inner.records(ids).await?;
        let open = records.values_mut().filter(|record| self.forgets && record.status != Status::Done);
        open.for_each(|record| record.status = Status::Quarantined);
        Ok(records)
    }
    async fn lease(&self, _: &Lease) -> Result<Claim> {
        panic!("a janitor leases nothing")
    }
    async fn settle(&self, _: &SourceId, _: &RunId, _: u32, _: Status, _: &Outcome) -> Result<()> {
        panic!("a janitor settles nothing")
    }
    async fn retire(&self, _: &SourceId, _: &Outcome) -> Result<()> {
        panic!("a janitor retires nothing")
    }
    async fn note(&self, _: &Record) -> Result<()> {
        panic!("a janitor notes nothing")
    }
    async fn select(&self, _: &Selection) -> Result<Vec<Record>> {
        panic!("a janitor asks for what it found")
    }
    async fn reopen(&self, _: &Record, _: i64, _: &str) -> Result<()> {
        panic!("a janitor opens nothing")
    }
    async fn restore(&self, _: &Record, _: Option<&Record>) -> Result<()> {
        panic!("a janitor restores nothing")
    }
}

/// The catalog behind turns.
pub struct Turns<'a>(pub &'a MemoryCatalog);

#[async_trait]
impl Catalog for Turns<'_> {
    async fn table(&self, database: &str, name: &str) -> Result<Option<CatalogTable>> {
        turn().await;
        self.0.table(database, name).await
    }
    async fn create(&self, table: &CatalogTable) -> Result<()> {
        turn().await;
        self.0.create(table).await
    }
    async fn update(&self, table: &CatalogTable) -> Result<()> {
        turn().await;
        self.0.update(table).await
    }
    async fn partitions(&self, database: &str, name: &str) -> Result<BTreeSet<Vec<String>>> {
        turn().await;
        self.0.partitions(database, name).await
    }
    async fn put_partitions(&self, table: &CatalogTable, partitions: &[CatalogPartition]) -> Result<()> {
        turn().await;
        self.0.put_partitions(table, partitions).await
    }
    async fn remove_partitions(&self, database: &str, name: &str, partitions: &[Vec<String>]) -> Result<()> {
        turn().await;
        self.0.remove_partitions(database, name, partitions).await
    }
    async fn remove(&self, database: &str, name: &str) -> Result<()> {
        turn().await;
        self.0.remove(database, name).await
    }
}
