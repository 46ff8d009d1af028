//! A lake with one zone, silver in memory, and a pass of the zone's sync function.

use std::collections::BTreeMap;
use std::io::Cursor;

use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use tarn_convert::{JsonLinesRejects, Spec, convert};
use tarn_core::jobs::{SyncZone, Synced};
use tarn_core::ports::{Catalog, Clock, ObjectStore};
use tarn_core::testing::{
    FailAt, Fault, ManualClock, MemoryCatalog, MemoryScratch, MemoryStore, names, small_lake,
};
use tarn_core::{Result, RunId, RunKeys, ZoneItem};
use tarn_lake::{
    Bucket, Column, ColumnName, Csv, Lake, Layout, Names, Pick, Pii, RowFilter, TableName, Zone, ZoneName,
    ZoneTable,
};
use tarn_project::Rewriter;

pub struct World {
    pub names: Names,
    pub clock: ManualClock,
    pub store: MemoryStore,
    pub catalog: MemoryCatalog,
    pub lake: Lake,
}

impl World {
    /// The zone has all of `events` and nothing else.
    pub fn new() -> Self {
        let (names, clock) = (names(), ManualClock::default());
        let mut lake = small_lake();
        let zone = ZoneName::new("team").unwrap();
        lake.zones = vec![Zone::new(zone.clone(), "", vec![TableName::new("events").unwrap()])];
        for table in &mut lake.tables {
            table.layouts = vec![Layout { from: None, columns: columns() }];
        }
        let buckets = Bucket::OWN.into_iter().chain([Bucket::Zone(zone)]);
        let store = MemoryStore::new(clock.clone(), buckets.map(|bucket| names.bucket(&bucket)));
        Self { names, clock, store, catalog: MemoryCatalog::default(), lake }
    }

    pub fn zone(&mut self) -> &mut Zone {
        &mut self.lake.zones[0]
    }

    pub fn part(&mut self) -> &mut ZoneTable {
        &mut self.lake.zones[0].tables[0]
    }

    pub fn mark(&mut self, column: &str, pii: Pii) {
        let columns = &mut self.lake.tables[0].layouts[0].columns;
        columns.iter_mut().find(|known| known.name.as_str() == column).unwrap().pii = pii;
    }

    pub fn rows(&mut self, condition: &str) {
        self.part().rows = Some(RowFilter::new(condition).unwrap());
    }

    pub fn except(&mut self, column: &str) {
        self.part().columns = Pick::Except([name(column)].into());
    }

    pub fn own(&self) -> String {
        self.names.bucket(&Bucket::Zone(self.lake.zones[0].name.clone()))
    }

    pub fn silver(&self) -> String {
        self.names.bucket(&Bucket::Silver)
    }

    /// Puts rows into silver as the convert function does: under a fingerprint, replacing what is there.
    pub async fn put(&self, key: &str, rows: &str) {
        self.put_bytes(key, parquet(rows)).await;
    }

    pub async fn put_bytes(&self, key: &str, bytes: Vec<u8>) {
        let fingerprint = format!("{:?}", &bytes[..bytes.len().min(9_000)]);
        self.store.replace(&self.silver(), key, bytes.into(), &fingerprint).await.unwrap();
    }

    /// As who has written to a table in silver.
    pub async fn has_changed(&self, table: &str) {
        let (ops, key) = (self.names.bucket(&Bucket::Ops), format!("changes/{table}.json"));
        self.store.replace(&ops, &key, b"{}".to_vec().into(), "").await.unwrap();
    }

    pub async fn pass(&self) -> Synced {
        self.try_pass().await.unwrap()
    }

    pub async fn try_pass(&self) -> Result<Synced> {
        self.pass_over(&self.store, &self.catalog, i64::MAX).await
    }

    /// A pass that fails at its n-th call; whether the call came.
    pub async fn struck(&self, nth: u32, fault: Fault) -> (Result<Synced>, bool) {
        let faults = FailAt::new(nth, fault);
        let (store, catalog) = (faults.before(&self.store), faults.before(&self.catalog));
        let result = self.pass_over(&store, &catalog, i64::MAX).await;
        (result, faults.has_struck())
    }

    pub async fn pass_over(
        &self,
        store: &dyn ObjectStore,
        catalog: &dyn Catalog,
        deadline: i64,
    ) -> Result<Synced> {
        let run = RunId::new("run").unwrap();
        let lake = serde_json::to_vec(&self.lake).unwrap();
        self.store.replace(&self.names.bucket(&Bucket::Ops), &RunKeys(&run).lake(), lake.into(), "").await?;
        let zone = &self.lake.zones[0].name;
        let item = ZoneItem { run, zone: zone.clone(), function: String::new() };
        let (names, clock): (_, &dyn Clock) = (&self.names, &self.clock);
        let (scratch, projector) = (&MemoryScratch, &Rewriter);
        SyncZone { names, zone, store, catalog, clock, scratch, projector }.run(&item, deadline).await
    }

    /// The keys in the zone.
    pub fn keys(&self) -> Vec<String> {
        self.store.contents(&self.own()).into_keys().collect()
    }

    /// The rows of every object of the zone.
    pub fn seen(&self) -> BTreeMap<String, Vec<String>> {
        self.store.contents(&self.own()).into_iter().map(|(key, bytes)| (key, rows_of(bytes))).collect()
    }

    /// Whether the text stands in any version of any object of the zone.
    pub async fn is_anywhere(&self, text: &str) -> bool {
        let own = self.own();
        for version in self.store.list_versions(&own, "").await.unwrap() {
            let source = tarn_core::SourceVersion {
                bucket: own.clone(),
                key: version.object.key,
                version: version.version,
                size_bytes: version.object.size_bytes,
                landed_millis: 0,
            };
            let mut bytes = Vec::new();
            if !version.delete_marker {
                self.store.open(&source).await.unwrap().read_to_end(&mut bytes).unwrap();
            }
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                return true;
            }
        }
        false
    }

    /// The columns that the zone's catalog has of a table.
    pub fn registered(&self, table: &str) -> Option<Vec<String>> {
        let tables = self.catalog.tables();
        let found = tables.into_iter().find(|found| found.name == table)?;
        Some(found.columns.into_iter().map(|(name, kind)| format!("{name} {kind}")).collect())
    }
}

pub fn name(text: &str) -> ColumnName {
    ColumnName::new(text).unwrap()
}

/// `id`, `email`, `city`.
pub fn columns() -> Vec<Column> {
    [("id", "int64"), ("email", "string"), ("city", "string")]
        .map(|(column, kind)| Column::new(name(column), kind.parse().unwrap()))
        .to_vec()
}

/// Rows of `id,email,city` as silver has them.
pub fn parquet(rows: &str) -> Vec<u8> {
    let csv = Csv { header: false, ..Csv::default() };
    let layout = Layout { from: None, columns: columns() };
    let text: String = rows.split(' ').map(|row| format!("{row}\n")).collect();
    let mut parquet = Vec::new();
    let rejects = &mut JsonLinesRejects::new(std::io::sink());
    convert(&Spec::new(&csv, &layout), Cursor::new(text), &mut parquet, rejects).unwrap();
    parquet
}

fn rows_of(bytes: Bytes) -> Vec<String> {
    let reader = SerializedFileReader::new(bytes).unwrap();
    reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
}
