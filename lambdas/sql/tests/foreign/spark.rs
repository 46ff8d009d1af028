//! Models by Spark: the very script and request that a job gets, carried out by the Spark that EMR has.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::array::{Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use serde_json::json;
use tarn_core::ports::{Ended, SparkJob, SparkJobs};
use tarn_lake::Model;
use tarn_sql::{Built, By, Job, Outside, Spark, build, session};

use super::{ALL, Lake, model, python, script, things, tools, trade};

/// A Spark that lasts as long as this, over a lake in a folder.
struct Local {
    process: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    /// How many jobs it makes of one, as a service that forgets names would.
    times: usize,
}

impl Local {
    fn start(lake: &Lake, times: usize) -> Arc<Self> {
        let mut command = Command::new(tools().join("python"));
        let command = command.arg(script("spark.py")).arg(lake.path(""));
        let log = std::fs::File::create(lake.path("spark.log")).unwrap();
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().unwrap();
        let pipes = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Arc::new(Self { process, pipes: Mutex::new(pipes), times })
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[async_trait]
impl SparkJobs for Local {
    async fn run(&self, job: &SparkJob<'_>) -> tarn_core::Result<Ended> {
        let mut pipes = self.pipes.lock().unwrap();
        let mut said = String::new();
        for _ in 0..self.times {
            writeln!(pipes.0, "{} {}", job.script, job.request).unwrap();
            said.clear();
            pipes.1.read_line(&mut said).unwrap();
        }
        match said.trim() {
            "done" => Ok(Ended::Done),
            reason => Ok(Ended::Refused { reason: reason.into() }),
        }
    }
}

/// A lake, and a Spark that makes its models.
struct Sparkling {
    lake: Lake,
    spark: Spark,
}

impl Sparkling {
    fn new(lake: Lake, times: usize) -> Self {
        let spark = Spark { jobs: Local::start(&lake, times), bucket: "ops".into() };
        Self { lake, spark }
    }

    async fn tried(&self, model: &Model) -> Result<Built, String> {
        let outside =
            Some(Outside { by: By::Spark(&self.spark), run: "run-1", waits_until_millis: i64::MAX });
        let (renamed, settings) = (model.renamed.clone(), self.lake.settings());
        let job = Job { tables: &self.lake.tables, model, renamed, rebuild: false, outside, settings };
        build(&job, &self.lake.ports, &self.lake.places()).await.map_err(|error| error.to_string())
    }

    async fn build(&self, model: &Model) -> u64 {
        match self.tried(model).await {
            Ok(Built::Published(published)) => published.rows,
            other => {
                let log = std::fs::read_to_string(self.lake.path("spark.log")).unwrap();
                let wrong: Vec<&str> = log.lines().filter(|line| line.contains("Caused by")).collect();
                panic!("{}: {other:?}\n{}", model.name, wrong.join("\n"))
            }
        }
    }

    async fn count(&self, models: &[Model], sql: &str) -> i64 {
        use datafusion::arrow::array::AsArray;
        use datafusion::arrow::datatypes::Int64Type;
        use futures::TryStreamExt;
        let (lake, places) = (&self.lake, self.lake.places());
        let session =
            session(&lake.ports, &places, &lake.tables, models, sql, &lake.settings()).await.unwrap();
        let rows: Vec<RecordBatch> = session.query(sql).await.unwrap().stream.try_collect().await.unwrap();
        rows[0].column(0).as_primitive::<Int64Type>().value(0)
    }

    /// That two models have the same rows, and some.
    async fn are_alike(&self, models: &[Model], one: &str, other: &str) {
        for (one, other) in [(one, other), (other, one)] {
            let rows = self.count(models, &format!("select count(*) from {one}")).await;
            let sql = format!("select count(*) from (select * from {one} intersect select * from {other}) s");
            let distinct = format!("select count(*) from (select distinct * from {one}) s");
            assert!(rows > 0, "{one}");
            assert_eq!(self.count(models, &sql).await, self.count(models, &distinct).await, "{one}, {other}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_two_models_by_spark_have_the_rows_that_duckdb_gives() {
    let made = Sparkling::new(Lake::new(trade()), 1);
    python("trade.py", &[&made.lake.path("silver"), "10"]);
    std::fs::create_dir(made.lake.path("answers")).unwrap();
    let text = std::fs::read_to_string(script("questions.sql")).unwrap();
    for (nth, sql) in text.split(';').map(str::trim).filter(|sql| !sql.is_empty()).enumerate() {
        let tables = made.lake.tables.iter().map(|table| table.name.as_str());
        let inputs: Vec<&str> = tables.filter(|name| sql.contains(name)).collect();
        let name = format!("question_{:02}", nth + 1);
        let question = model(&name, sql, json!({"inputs": inputs, "format": "parquet", "engine": "spark"}));
        made.build(&question).await;
        let (all, file) = (format!("select * from {name}"), format!("answers/{:02}.parquet", nth + 1));
        made.lake.write_answer(&[question], &all, &file).await;
    }
    let (silver, questions) = (made.lake.path("silver"), script("questions.sql").display().to_string());
    let said = python("answers.py", &[&silver, &questions, &made.lake.path("answers"), "in any order"]);
    assert!(said.starts_with("22 queries, "), "{said}");
}

/// Every type, from files of silver and of gold; folders whose names look like patterns; columns that were renamed,
/// came later, became wider, or are not there; no files at all; and two jobs in the place of one.
#[tokio::test(flavor = "multi_thread")]
async fn what_spark_reads_and_writes_is_what_datafusion_does() {
    let places = ("places", "id int64; town string", &["town"][..]);
    let mut tables = things();
    tables.push(super::table_in_folders(places.0, places.1, places.2));
    tables.push(super::table("nothing", "id int64; at timestamp(ms)"));
    let made = Sparkling::new(Lake::new(tables), 2);
    let silver = made.lake.path("silver");
    python("things.py", &[&silver, "1"]);
    for (folder, id) in
        [("town=Bern", 10_001), ("town=a%2Fb [x]{1}*", 10_002), ("town=__HIVE_DEFAULT_PARTITION__", 10_003)]
    {
        land(&made.lake, &format!("silver/places/{folder}/part-1.parquet"), id);
    }
    let evolved = |sql: &str, more| model("evolved", sql, more);
    let new = json!({"materialise": "append", "new_files_of": "things"});
    made.lake.build(&evolved("select id, small, words, day from things", new.clone()), &[]).await;
    python("things.py", &[&silver, "2"]);
    let evolved = evolved("select id, cast(small as bigint) as small, words as text, price from things", new);
    made.lake.build(&evolved, &[("text", "words")]).await;

    let sql = format!(
        "select t.*, p.town, e.text, e.price as dear, e.small as wide, cast(t.moment as date) as \"on\", t.precise < timestamp \
         '2000-01-01 00:00:00' as old, row_number() over (order by t.small, t.id) as place, n.at as never from ({ALL}) t left join places p on p.id = t.id \
         join evolved e on e.id = t.id left join nothing n on n.id = t.id -- all of them"
    );
    let inputs = json!(["evolved", "nothing", "places", "things"]);
    let by = |name: &str, engine: &str, format: &str| {
        model(name, &sql, json!({"inputs": inputs, "engine": engine, "format": format}))
    };
    let (ours, theirs) = (by("ours", "datafusion", "iceberg"), by("theirs", "spark", "iceberg"));
    made.lake.build(&ours, &[]).await;
    assert_eq!(made.build(&theirs).await, 600);
    assert!(matches!(made.tried(&theirs).await, Ok(Built::Unchanged { .. })));
    let models = [ours, theirs, evolved];
    made.are_alike(&models, "ours", "theirs").await;
    let towns = "select count(distinct town) from theirs where town in ('Bern', 'a/b [x]{1}*')";
    assert_eq!(made.count(&models, towns).await, 2);

    // What is published is read by the next model, as Parquet too.
    let plain = by("plain", "spark", "parquet");
    made.build(&plain).await;
    let count = json!({"inputs": ["plain", "theirs"], "engine": "spark"});
    let last = model("last", "select p.* from plain p join theirs t on t.id = p.id", count);
    made.build(&last).await;
    made.are_alike(&[models[1].clone(), last], "theirs", "last").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_spark_refuses_is_told_and_nothing_is_published() {
    let made = Sparkling::new(Lake::new(things()), 1);
    python("things.py", &[&made.lake.path("silver"), "1"]);
    // What DataFusion plans and Spark does not know; and a value that is no number.
    for (sql, wanted) in [
        ("select arrow_typeof(id) as kind from things", "UNRESOLVED_ROUTINE"),
        ("select cast(words as bigint) as number from things", "CAST_INVALID_INPUT"),
    ] {
        let refused = model("refused", sql, json!({"engine": "spark"}));
        let error = made.tried(&refused).await.unwrap_err();
        assert!(error.contains("refused cannot be made") && error.contains(wanted), "{error}");
    }
    assert!(!std::path::Path::new(&made.lake.path("gold/refused")).exists());
}

fn land(lake: &Lake, path: &str, id: i64) {
    let batch = RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(vec![id])) as _)]).unwrap();
    let path = std::path::PathBuf::from(lake.path(path));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}
