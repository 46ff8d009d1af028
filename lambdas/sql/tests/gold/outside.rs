//! Models by Athena. In its place stands an engine that runs the very text which Athena would get.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use serde_json::json;
use tarn_core::Kind;
use tarn_core::ports::{Ended, Statement, Statements};
use tarn_lake::Model;
use tarn_sql::{Athena, Built, By, Error, Job, Outside, build, session};

use crate::support::{DAY, Lake, NEW_YEAR, OPS, job, model, places, settings};

/// How a statement goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    Well,
    /// Not in time: it is done when it is asked for again.
    Slowly,
    Wrong,
    Broken,
}

/// Runs statements as a list says, and well when it is at its end.
struct Outsider {
    lake: Arc<Lake>,
    models: Vec<Model>,
    to_come: Mutex<Vec<Goes>>,
    begun: Mutex<BTreeMap<String, Ended>>,
    asked: Mutex<Vec<(String, String)>>,
}

impl Outsider {
    fn new(lake: &Arc<Lake>, models: &[&Model], mut to_come: Vec<Goes>) -> Arc<Self> {
        to_come.reverse();
        let models = models.iter().map(|model| (*model).clone()).collect();
        let (begun, asked) = Default::default();
        Arc::new(Self { lake: lake.clone(), models, to_come: Mutex::new(to_come), begun, asked })
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }

    async fn build(self: &Arc<Self>, model: &Model, run: &str) -> Result<Built, Error> {
        let athena = Athena {
            statements: self.clone() as Arc<dyn Statements>,
            bucket: OPS.into(),
            silver: "shop_silver".into(),
        };
        let outside = Some(Outside { by: By::Athena(&athena), run, waits_until_millis: i64::MAX });
        build(&Job { outside, ..job(&self.lake.tables, model) }, &self.lake.ports, &places()).await
    }

    /// Runs the query of `UNLOAD (query) TO 'folder' WITH ...` over all that the lake has.
    async fn unload(&self, text: &str) {
        let (query, rest) = text.strip_prefix("UNLOAD (").unwrap().rsplit_once(") TO 's3://ops/").unwrap();
        let (folder, with) = rest.split_once("' WITH ").unwrap();
        assert_eq!(with, "(format = 'PARQUET', compression = 'SNAPPY')");
        let context = SessionContext::new();
        for database in ["shop_silver", "shop_gold"] {
            context.sql(&format!("create schema {database}")).await.unwrap();
        }
        let tables = self.lake.tables.iter().map(|table| ("shop_silver", table.name.as_str()));
        let models = self.models.iter().map(|model| ("shop_gold", model.name.as_str()));
        for (database, name) in tables.chain(models) {
            let (schema, batches) = self.rows(&format!("select * from {name}")).await;
            let table = MemTable::try_new(schema, vec![batches]).unwrap();
            context.register_table(format!("{database}.{name}"), Arc::new(table)).unwrap();
        }
        let frame = context.sql(query).await.unwrap();
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
        for batch in frame.collect().await.unwrap() {
            writer.write(&batch).unwrap();
        }
        // As Athena calls files: no word tells that they are Parquet.
        let key = format!("{folder}20260101_000000_00001_abcde");
        self.lake.store.land(OPS, &key, writer.into_inner().unwrap()).unwrap();
    }

    async fn rows(&self, sql: &str) -> (datafusion::arrow::datatypes::SchemaRef, Vec<RecordBatch>) {
        let Lake { ports, tables, .. } = &*self.lake;
        let session = session(ports, &places(), tables, &self.models, sql, &settings()).await.unwrap();
        let rows = session.query(sql).await.unwrap();
        (rows.schema, rows.stream.try_collect().await.unwrap())
    }
}

#[async_trait]
impl Statements for Outsider {
    async fn run(&self, statement: &Statement<'_>) -> tarn_core::Result<Ended> {
        self.asked.lock().unwrap().push((statement.name.into(), statement.sql.into()));
        let known = self.begun.lock().unwrap().get(statement.name).cloned();
        if let Some(ended) = known {
            return Ok(ended);
        }
        let goes = self.to_come.lock().unwrap().pop().unwrap_or(Goes::Well);
        let ended = match goes {
            Goes::Wrong => Ended::Refused { reason: "SYNTAX_ERROR: line 1".into() },
            Goes::Broken => Ended::Broken { reason: "GENERIC_INTERNAL_ERROR".into() },
            Goes::Well | Goes::Slowly => {
                self.unload(statement.sql).await;
                Ended::Done
            }
        };
        self.begun.lock().unwrap().insert(statement.name.into(), ended.clone());
        match goes {
            Goes::Slowly => Err(tarn_core::Error::new(Kind::OutOfTime, "it takes long")),
            _ => Ok(ended),
        }
    }
}

fn filled() -> Arc<Lake> {
    let lake = Lake::new();
    lake.sell("1", &[(1, NEW_YEAR, "a", 10), (2, NEW_YEAR + 5, "b", 20), (3, NEW_YEAR + DAY, "a", 30)]);
    lake.shop("a", "Bern");
    lake.shop("b", "Basel");
    Arc::new(lake)
}

/// A column of each type, from silver, from its folders and from gold, with a comment at the end.
const EVERYTHING: &str = "\
with good as (select * from sales where id > 0)
select s.id, s.shop, h.city, s.at, cast(s.at as date) as day, s.price * 1.5 as dear,
       cast(s.price as decimal(12, 2)) as price, cast(s.id as int) as small, s.price / 4e0 as part,
       cast(1.5 as real) as single, s.price > 15 as much, cast(null as varchar) as nothing, t.total
from good s join shops h on h.name = s.shop join totals t on t.shop = s.shop -- all of them";

fn totals() -> Model {
    model("totals", &["sales"], "select shop, sum(price) as total from sales group by shop", json!({}))
}

fn everything(engine: &str) -> Model {
    let more = json!({"engine": engine, "partition_by": [{"column": "day", "transform": "identity"}]});
    model("everything", &["sales", "shops", "totals"], EVERYTHING, more)
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_types_are_those_of_datafusion() {
    let lake = filled();
    lake.published(&totals()).await;
    let other = Arc::new(lake.again(&[("shop_gold", "totals")]).await);
    other.published(&everything("datafusion")).await;
    let outsider = Outsider::new(&lake, &[&totals()], vec![]);
    let built = outsider.build(&everything("athena"), "run-1").await.unwrap();
    assert!(matches!(built, Built::Published(ref published) if published.rows == 3), "{built:?}");
    let sql = "select *, arrow_typeof(day), arrow_typeof(price), arrow_typeof(at), arrow_typeof(small) from everything";
    let rows = lake.rows(&[&everything("athena")], sql).await;
    assert_eq!(rows, other.rows(&[&everything("datafusion")], sql).await);
    assert!(rows[0].starts_with("1|a|Bern|2026-01-01T00:00:00|2026-01-01|"), "{rows:#?}");

    let again = outsider.build(&everything("athena"), "run-2").await.unwrap();
    assert!(matches!(again, Built::Unchanged { .. }), "{again:?}");
    let asked = outsider.asked();
    assert_eq!(asked.len(), 1, "what is not due asks nobody");
    let begins = "UNLOAD (WITH \"sales\" AS (SELECT * FROM \"shop_silver\".\"sales\"), \"shops\" AS (SELECT * FROM \
                  \"shop_silver\".\"shops\"), \"totals\" AS (SELECT * FROM \"shop_gold\".\"totals\") SELECT CAST(\"id\" AS \
                  bigint) AS \"id\", ";
    assert!(asked[0].1.starts_with(begins), "{}", asked[0].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_after_one_without_time_waits_for_the_same_statement() {
    let lake = filled();
    let dear =
        model("dear", &["sales"], "select id from sales where price > 15", json!({"engine": "athena"}));
    let outsider = Outsider::new(&lake, &[], vec![Goes::Slowly]);
    let Err(Error::Failed(late)) = outsider.build(&dear, "run-1").await else { panic!("it is not late") };
    assert_eq!(late.kind(), Kind::OutOfTime);
    outsider.build(&dear, "run-1").await.unwrap();
    assert_eq!(lake.rows(&[&dear], "select * from dear").await, ["2", "3"]);
    let asked = outsider.asked();
    assert_eq!((asked.len(), &asked[0]), (2, &asked[1]));
    assert!((32..=128).contains(&asked[0].0.len()), "{}", asked[0].0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_broke_is_asked_again_and_what_is_refused_is_not() {
    let lake = filled();
    let dear =
        model("dear", &["sales"], "select id from sales where price > 15", json!({"engine": "athena"}));
    let refused = Outsider::new(&lake, &[], vec![Goes::Wrong]);
    let Err(Error::Failed(error)) = refused.build(&dear, "run-1").await else { panic!("it is refused") };
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("dear cannot be made: SYNTAX_ERROR: line 1"), "{error}");
    assert_eq!((refused.asked().len(), lake.keys().len()), (1, 0));

    let broken = Outsider::new(&lake, &[], vec![Goes::Broken, Goes::Broken]);
    broken.build(&dear, "run-2").await.unwrap();
    assert_eq!(lake.rows(&[&dear], "select * from dear").await, ["2", "3"]);
    let mut names: Vec<String> = broken.asked().into_iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3, "each has a name and a folder of its own");

    let for_ever = Outsider::new(&lake, &[], vec![Goes::Broken; 9]);
    lake.sell("2", &[(4, NEW_YEAR, "c", 40)]);
    assert!(for_ever.build(&dear, "run-3").await.is_err());
    assert_eq!(for_ever.asked().len(), 3);
}
