//! Foreign readers judge a lake in a folder: DuckDB answers the same questions, PyIceberg and DuckDB
//! read what models wrote.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

mod spark;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use tarn_core::ports::{Pointers, Target};
use tarn_lake::{ColumnName, Model, Table};
use tarn_local::{FolderPointers, FolderScratch, FolderStore, SystemClock};
use tarn_sql::{Built, Job, Place, Places, Ports, Settings, build, session};
use tempfile::TempDir;

/// A lake in a folder, which lasts as long as this.
struct Lake {
    root: TempDir,
    ports: Ports,
    pointers: Arc<FolderPointers>,
    tables: Vec<Table>,
}

impl Lake {
    fn new(tables: Vec<Table>) -> Self {
        let root = TempDir::new().unwrap();
        let folders = ["silver", "gold", "ops"]
            .map(|name| (name.to_owned(), PathBuf::from(name)))
            .into_iter()
            .collect();
        let store = Arc::new(FolderStore::new(root.path(), folders, Duration::ZERO).unwrap());
        let staged = root.path().join(".tarn/staged");
        let pointers = Arc::new(FolderPointers::new(root.path(), staged.clone()).unwrap());
        let ports = Ports {
            store,
            pointers: pointers.clone(),
            clock: Arc::new(SystemClock),
            scratch: Arc::new(FolderScratch::new(staged)),
            random: Arc::new(random),
        };
        Self { root, ports, pointers, tables }
    }

    fn path(&self, below: &str) -> String {
        self.root.path().join(below).display().to_string()
    }

    fn places(&self) -> Places {
        let root = format!("file://{}", self.path("gold"));
        Places {
            silver: "silver".into(),
            gold: Place { bucket: "gold".into(), root, database: "gold".into() },
        }
    }

    fn settings(&self) -> Settings {
        Settings::new(256 << 20, self.root.path())
    }

    /// Builds what is due; the snapshot.
    async fn build(&self, model: &Model, renamed: &[(&str, &str)]) -> String {
        let renamed = renamed.iter().map(|(new, old)| (column(new), column(old))).collect();
        let settings = self.settings();
        let job = Job { tables: &self.tables, model, renamed, rebuild: false, outside: None, settings };
        match build(&job, &self.ports, &self.places()).await.unwrap() {
            Built::Published(published) => published.version,
            other => panic!("{}: {other:?}", model.name),
        }
    }

    /// Writes a query's rows into a file, in their order.
    async fn write_answer(&self, models: &[Model], sql: &str, file: &str) {
        let session =
            session(&self.ports, &self.places(), &self.tables, models, sql, &self.settings()).await.unwrap();
        let rows = session.query(sql).await.unwrap_or_else(|error| panic!("{file}: {error}"));
        let schema = rows.schema.clone();
        let batches: Vec<RecordBatch> = rows.stream.try_collect().await.unwrap();
        let file = std::fs::File::create(self.path(file)).unwrap();
        let mut writer = ArrowWriter::try_new(file, schema, None).unwrap();
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        writer.close().unwrap();
    }

    /// What a judge needs to know of a table.
    async fn case(&self, model: &Model, sql: &str, snapshots: &[(String, &str)], filters: &[&str]) -> Value {
        let pointer = self.pointers.pointer("gold", model.name.as_str()).await.unwrap().unwrap();
        let Target::Iceberg(metadata) = pointer.target else { panic!("{pointer:?}") };
        let snapshot = |(id, sql): &(String, &str)| json!({"id": id.parse::<i64>().unwrap(), "sql": sql});
        let word = |field: &tarn_lake::PartitionField| match field.transform {
            tarn_lake::Transform::Bucket(count) => format!("bucket[{count}]"),
            tarn_lake::Transform::Truncate(width) => format!("truncate[{width}]"),
            other => format!("{other:?}").to_lowercase(),
        };
        json!({
            "name": model.name,
            "metadata": metadata,
            "sql": sql,
            "snapshots": snapshots.iter().map(snapshot).collect::<Vec<_>>(),
            "filters": filters,
            "partitions": model.partition_by.iter().map(word).collect::<Vec<_>>(),
        })
    }
}

fn column(name: &str) -> ColumnName {
    ColumnName::new(name).unwrap()
}

fn random() -> [u8; 16] {
    use std::hash::{BuildHasher, RandomState};
    let half = || RandomState::new().hash_one(std::time::Instant::now()).to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&half());
    bytes[8..].copy_from_slice(&half());
    bytes
}

fn tools() -> PathBuf {
    let tools = std::env::var_os("TARN_TEST_TOOLS");
    tools.expect("TARN_TEST_TOOLS is not set: run the tests through scripts/test, which installs them").into()
}

/// A file that lies beside this one.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(name)
}

/// Runs a script that lies beside this file, and gives what it says.
fn python(name: &str, args: &[&str]) -> String {
    let script = script(name);
    let done = Command::new(tools().join("python")).arg(&script).args(args).output().unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{}: {said}{wrong}", script.display());
    said.into_owned()
}

fn table(name: &str, columns: &str) -> Table {
    let column = |words: &str| {
        let (name, kind) = words.trim().split_once(' ').unwrap();
        json!({"name": name, "type": kind, "format": "iso", "required": false})
    };
    let columns: Vec<Value> = columns.split(';').map(column).collect();
    let csv = json!({"delimiter": ",", "header": true, "nulls": []});
    let layouts = json!([{"from": null, "columns": columns}]);
    let table = json!({"name": name, "description": "", "files": "*", "csv": csv, "layouts": layouts});
    serde_json::from_value(table).unwrap()
}

/// The same, with columns that are folders.
fn table_in_folders(name: &str, columns: &str, folders: &[&str]) -> Table {
    let mut table = serde_json::to_value(table(name, columns)).unwrap();
    table["placement"] = json!({"partition_by": folders, "max_partitions": 256, "cluster_by": []});
    serde_json::from_value(table).unwrap()
}

fn model(name: &str, sql: &str, more: Value) -> Model {
    let mut model = json!({"name": name, "sql": sql, "inputs": ["things"], "materialise": "replace"});
    let (Value::Object(of), Value::Object(more)) = (&mut model, more) else { panic!("no object") };
    of.extend(more);
    serde_json::from_value(model).unwrap()
}

fn trade() -> Vec<Table> {
    let tables = [
        ("region", "r_key int64; r_name string"),
        ("nation", "n_key int64; n_name string; n_region int64"),
        ("supplier", "s_key int64; s_name string; s_nation int64; s_balance decimal(12,2); s_comment string"),
        (
            "customer",
            "c_key int64; c_name string; c_nation int64; c_phone string; c_balance decimal(12,2); c_segment string",
        ),
        (
            "part",
            "p_key int64; p_name string; p_maker string; p_brand string; p_type string; p_size int32; \
             p_container string; p_price decimal(12,2)",
        ),
        ("partsupp", "ps_part int64; ps_supplier int64; ps_available int32; ps_cost decimal(12,2)"),
        (
            "orders",
            "o_key int64; o_customer int64; o_status string; o_total decimal(12,2); o_date date; \
             o_priority string; o_comment string",
        ),
        (
            "lineitem",
            "l_order int64; l_part int64; l_supplier int64; l_line int32; l_quantity decimal(12,2); \
             l_price decimal(12,2); l_discount decimal(12,2); l_tax decimal(12,2); l_returned string; \
             l_status string; l_shipped date; l_committed date; l_received date; l_instruct string; l_mode string",
        ),
    ];
    tables.into_iter().map(|(name, columns)| table(name, columns)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_two_questions_have_the_answers_that_duckdb_gives() {
    let lake = Lake::new(trade());
    python("trade.py", &[&lake.path("silver"), "10"]);
    std::fs::create_dir(lake.path("answers")).unwrap();
    let queries = script("questions.sql");
    let text = std::fs::read_to_string(&queries).unwrap();
    let texts: Vec<&str> = text.split(';').filter(|text| !text.trim().is_empty()).collect();
    assert_eq!(texts.len(), 22);
    for (nth, sql) in texts.into_iter().enumerate() {
        lake.write_answer(&[], sql, &format!("answers/{:02}.parquet", nth + 1)).await;
    }
    let said =
        python("answers.py", &[&lake.path("silver"), queries.to_str().unwrap(), &lake.path("answers")]);
    let values: u64 =
        said.trim().trim_start_matches("22 queries, ").trim_end_matches(" values").parse().unwrap();
    assert!(values > 1_000, "{said}");
}

const ALL: &str =
    "select id, yes, small, real, float, price, exact, huge, day, moment, precise, words, bytes from things";

fn things() -> Vec<Table> {
    vec![table(
        "things",
        "id int64; yes bool; small int32; real float32; float float64; price decimal(9,2); exact decimal(16,3); \
         huge decimal(38,10); day date; moment timestamp(ms); precise timestamp(us); words string; bytes binary",
    )]
}

#[tokio::test(flavor = "multi_thread")]
async fn pyiceberg_reads_what_models_wrote() {
    let lake = Lake::new(things());
    let silver = lake.path("silver");
    let (first, both) = ("id < 20000", "true");
    let of = |sql: &str, rows: &str| format!("{sql} where {rows}");
    python("things.py", &[&silver, "1"]);

    let plain = model("plain", ALL, json!({}));
    let fields = |fields: &[(&str, Value)]| -> Value {
        fields.iter().map(|(column, transform)| json!({"column": column, "transform": transform})).collect()
    };
    let times = model("times", ALL, json!({"partition_by": fields(&[("moment", json!("month"))])}));
    let hashes = fields(&[("id", json!({"bucket": 3})), ("words", json!({"truncate": 2}))]);
    let hashes = model("hashes", ALL, json!({"partition_by": hashes}));
    let exact =
        fields(&[("price", json!({"bucket": 4})), ("precise", json!("year")), ("yes", json!("identity"))]);
    let exact = model("exact", ALL, json!({"partition_by": exact}));
    let days = fields(&[("day", json!("identity")), ("precise", json!("hour"))]);
    let days =
        model("days", "select id, day, precise from things where id % 4 = 0", json!({"partition_by": days}));
    let new = json!({"materialise": "append", "new_files_of": "things"});
    let log = model("log", ALL, new.clone());
    let merged_sql =
        "select id % 500 as key, max(small) as small, max(words) as words from things group by 1";
    let merged = model("merged", merged_sql, json!({"materialise": "merge", "key": ["key"]}));
    let evolved = model("evolved", "select id, small, words, day from things", new.clone());

    let mut old = Vec::new();
    for model in [&plain, &times, &hashes, &exact, &days, &log, &merged, &evolved] {
        old.push(lake.build(model, &[]).await);
    }
    python("things.py", &[&silver, "2"]);
    let evolved_sql = "select cast(small as bigint) as small, id, words as text, price from things";
    let evolved = model("evolved", evolved_sql, new);
    for model in [&plain, &times, &hashes, &exact, &days, &log, &merged] {
        lake.build(model, &[]).await;
    }
    lake.build(&evolved, &[("text", "words")]).await;

    let before = of(ALL, first);
    let all = of(ALL, both);
    let filters = ["id > 15000", "small is null", "words = 'ab'", "day = '1970-01-01'", "price < 0"];
    let snapshot = |nth: usize| vec![(old[nth].clone(), before.as_str())];
    let mut cases = Vec::new();
    for (nth, model) in [&plain, &times, &hashes, &exact].into_iter().enumerate() {
        cases.push(lake.case(model, &all, &snapshot(nth), &filters).await);
    }
    let some = "select id, day, precise from things where id % 4 = 0";
    let some_before = "select id, day, precise from things where id % 4 = 0 and id < 20000";
    cases.push(lake.case(&days, some, &[(old[4].clone(), some_before)], &["day = '1970-01-01'"]).await);
    cases.push(lake.case(&log, &all, &snapshot(5), &filters).await);
    cases.push(lake.case(&merged, merged_sql, &[], &["key = 3"]).await);
    let evolved_now = "select cast(small as bigint) as small, id, words as text, \
                       case when id < 20000 then null else price end as price from things";
    let evolved_before = "select id, small, words, day from things where id < 20000";
    let snapshots = [(old[7].clone(), evolved_before)];
    cases.push(
        lake.case(&evolved, evolved_now, &snapshots, &["text = 'ab'", "small > 0", "price is null"]).await,
    );

    let file = lake.path("cases.json");
    std::fs::write(&file, serde_json::to_vec(&cases).unwrap()).unwrap();
    let said = python("tables.py", &[&silver, &file]);
    let (values, bounds) = said.trim().trim_end_matches(" bounds").split_once(" values, ").unwrap();
    assert!(values.parse::<u64>().unwrap() > 50_000 && bounds.parse::<u64>().unwrap() > 1_000, "{said}");
}
