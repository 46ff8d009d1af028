//! A lake in memory, rows to put into it, and rows to expect of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use tarn_core::ports::{Clock, ObjectStore, Pointers};
use tarn_core::testing::{ManualClock, MemoryPointers, MemoryScratch, MemoryStore};
use tarn_lake::{Model, Table};
use tarn_sql::{Built, Error, Job, Place, Places, Ports, Published, Rows, Settings, build, session};

pub const SILVER: &str = "silver";
pub const GOLD: &str = "gold";
pub const OPS: &str = "ops";

/// A lake: silver, gold, pointers, tables and models.
pub struct Lake {
    pub store: Arc<MemoryStore>,
    pub pointers: Arc<MemoryPointers>,
    pub clock: ManualClock,
    pub tables: Vec<Table>,
    pub ports: Ports,
}

/// A row of sales: number, when in milliseconds, shop, kind.
pub type Sale = (i64, i64, &'static str, i64);

impl Lake {
    /// One with a table `sales` and a table `shops`, both empty.
    pub fn new() -> Self {
        // Iceberg's builder looks at the clock on the wall, too.
        let clock = ManualClock::default();
        let store = Arc::new(MemoryStore::new(clock.clone(), [SILVER, GOLD, OPS].map(str::to_owned)));
        let pointers = Arc::new(MemoryPointers::default());
        let ports = ports(store.clone(), pointers.clone(), &clock);
        let tables = vec![
            table(
                "sales",
                &[("id", "int64"), ("at", "timestamp(ms)"), ("shop", "string"), ("price", "int64")],
                &[],
            ),
            table("shops", &[("name", "string"), ("city", "string")], &["city"]),
        ];
        Self { store, pointers, clock, tables, ports }
    }

    /// The same lake again, to do something else with.
    pub async fn again(&self, published: &[(&str, &str)]) -> Self {
        let other = Self { tables: self.tables.clone(), ..Self::new() };
        let passed = self.clock.now_millis() - other.clock.now_millis();
        other.clock.advance(Duration::from_millis(passed as u64));
        for bucket in [SILVER, GOLD] {
            for (key, bytes) in self.store.contents(bucket) {
                other.store.land(bucket, &key, bytes).unwrap();
            }
        }
        for (database, model) in published {
            for publication in self.pointers.published(database, model) {
                let now = other.pointers.pointer(database, model).await.unwrap();
                other.pointers.swap(now.as_ref(), &publication).await.unwrap();
            }
        }
        other
    }

    /// Puts a file of sales into silver.
    pub fn sell(&self, file: &str, rows: &[Sale]) {
        let batch = RecordBatch::try_from_iter([
            ("id", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))) as ArrayRef),
            ("at", Arc::new(TimestampMillisecondArray::from_iter_values(rows.iter().map(|row| row.1)))),
            ("shop", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.2)))),
            ("price", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.3)))),
        ]);
        self.land(&format!("sales/{file}.parquet"), &batch.unwrap());
    }

    /// Puts a shop into the folder of its city.
    pub fn shop(&self, name: &str, city: &str) {
        let batch =
            RecordBatch::try_from_iter([("name", Arc::new(StringArray::from(vec![name])) as ArrayRef)]);
        self.land(&format!("shops/city={city}/{name}.parquet"), &batch.unwrap());
    }

    pub fn land(&self, key: &str, batch: &RecordBatch) {
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        self.store.land(SILVER, key, writer.into_inner().unwrap()).unwrap();
    }

    pub async fn build(&self, model: &Model) -> Result<Built, Error> {
        build(&job(&self.tables, model), &self.ports, &places()).await
    }

    /// Builds what must be due and good.
    pub async fn published(&self, model: &Model) -> Published {
        match self.build(model).await.unwrap() {
            Built::Published(published) => published,
            other => panic!("{}: {other:?}", model.name),
        }
    }

    /// The rows of a query, sorted, each as text.
    pub async fn rows(&self, models: &[&Model], sql: &str) -> Vec<String> {
        let models: Vec<Model> = models.iter().map(|model| (*model).clone()).collect();
        let session = session(&self.ports, &places(), &self.tables, &models, sql, &settings()).await.unwrap();
        let mut rows = texts(session.query(sql).await.unwrap()).await;
        rows.sort();
        rows
    }

    /// Keys of gold.
    pub fn keys(&self) -> Vec<String> {
        self.store.contents(GOLD).into_keys().collect()
    }
}

pub fn ports(store: Arc<dyn ObjectStore>, pointers: Arc<dyn Pointers>, clock: &ManualClock) -> Ports {
    Ports {
        store,
        pointers,
        clock: Arc::new(clock.clone()),
        scratch: Arc::new(MemoryScratch),
        random: Arc::new(unlike_any_other),
    }
}

/// Bytes that no other call of this process gets, whichever lake it is for.
fn unlike_any_other() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[8..].copy_from_slice(&mixed.to_be_bytes());
    bytes
}

pub fn job<'a>(tables: &'a [Table], model: &'a Model) -> Job<'a> {
    Job { tables, model, renamed: Default::default(), rebuild: false, outside: None, settings: settings() }
}

pub fn settings() -> Settings {
    Settings::new(256 << 20, std::env::temp_dir())
}

pub fn places() -> Places {
    let gold = Place { bucket: GOLD.into(), root: "s3://gold".into(), database: "shop_gold".into() };
    Places { silver: SILVER.into(), gold }
}

pub fn table(name: &str, columns: &[(&str, &str)], folders: &[&str]) -> Table {
    let column =
        |(name, kind): &(&str, &str)| json!({"name": name, "type": kind, "format": "iso", "required": false});
    let columns: Vec<Value> = columns.iter().map(column).collect();
    let mut table = json!({
        "name": name,
        "description": "",
        "files": "*",
        "csv": {"delimiter": ",", "header": true, "nulls": []},
        "layouts": [{"from": null, "columns": columns}],
    });
    if !folders.is_empty() {
        table["placement"] = json!({"partition_by": folders, "max_partitions": 256, "cluster_by": []});
    }
    serde_json::from_value(table).unwrap()
}

/// A model of those inputs; `more` is what else its header says.
pub fn model(name: &str, inputs: &[&str], sql: &str, more: Value) -> Model {
    let mut model = json!({"name": name, "sql": sql, "inputs": inputs, "materialise": "replace"});
    let (Value::Object(model_of), Value::Object(more)) = (&mut model, more) else { panic!("no object") };
    model_of.extend(more);
    serde_json::from_value(model).unwrap()
}

/// Rows as text, columns with a bar between them.
pub async fn texts(rows: Rows) -> Vec<String> {
    let batches: Vec<RecordBatch> = rows.stream.try_collect().await.unwrap();
    let mut texts = Vec::new();
    for batch in &batches {
        let options = FormatOptions::default().with_null("-");
        let columns: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            texts.push(cells.join("|"));
        }
    }
    texts
}

/// The words of a fault.
pub fn fault(result: Result<Built, Error>) -> String {
    match result {
        Err(Error::Fault(fault)) => fault.to_string(),
        other => panic!("{other:?}"),
    }
}

pub const DAY: i64 = 86_400_000;
/// 2026-01-01.
pub const NEW_YEAR: i64 = 1_767_225_600_000;
