//! Orders as plans show them, and answers that no order changes.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Result, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::SessionContext;
use futures::stream;
use tarn_core::testing::Dice;

use super::rules;

/// Rows in memory that say of themselves how many they are, and which values they have.
#[derive(Debug)]
struct Known {
    rows: StreamingTable,
    says: Statistics,
}

/// They tell the planner of physical plans nothing: what it makes of rows that are known exactly
/// overflows where nulls are.
#[derive(Debug)]
struct Rows(RecordBatch, SchemaRef);

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.1
    }
    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = stream::iter([Ok(self.0.clone())]);
        Box::pin(RecordBatchStreamAdapter::new(self.1.clone(), rows))
    }
}

impl Known {
    fn new(rows: RecordBatch, says: Statistics) -> Arc<Self> {
        let schema = rows.schema();
        let rows = StreamingTable::try_new(schema.clone(), vec![Arc::new(Rows(rows, schema))]).unwrap();
        Arc::new(Self { rows, says })
    }
}

#[async_trait]
impl TableProvider for Known {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }
    fn table_type(&self) -> TableType {
        TableType::Base
    }
    fn statistics(&self) -> Option<Statistics> {
        Some(self.says.clone())
    }
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.rows.scan(state, projection, filters, limit).await
    }
}

fn context(with_rule: bool) -> SessionContext {
    let builder = SessionStateBuilder::new().with_default_features();
    let builder = if with_rule { builder.with_optimizer_rules(rules()) } else { builder };
    SessionContext::new_with_state(builder.build())
}

fn schema(columns: &[&str]) -> SchemaRef {
    let field = |name: &&str| Field::new(*name, DataType::Int64, true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// A table of so many rows, whose columns each have values from 0 to one less than that.
fn says(rows: usize, values: &[i64]) -> Statistics {
    let column = |values: &i64| ColumnStatistics {
        min_value: Precision::Inexact(ScalarValue::Int64(Some(0))),
        max_value: Precision::Inexact(ScalarValue::Int64(Some(values - 1))),
        ..ColumnStatistics::new_unknown()
    };
    Statistics {
        num_rows: Precision::Inexact(rows),
        total_byte_size: Precision::Absent,
        column_statistics: values.iter().map(column).collect(),
    }
}

fn trade() -> SessionContext {
    let context = context(true);
    let tables: [(&str, &[&str], usize, &[i64]); 4] = [
        ("lines", &["l_order", "l_price"], 6_000_000, &[1_500_000, 1_000]),
        ("orders", &["o_key", "o_customer"], 1_500_000, &[1_500_000, 150_000]),
        ("customers", &["c_key", "c_nation"], 150_000, &[150_000, 25]),
        ("nations", &["n_key", "n_name"], 25, &[25, 25]),
    ];
    for (name, columns, rows, values) in tables {
        let none = RecordBatch::new_empty(schema(columns));
        context.register_table(name, Known::new(none, says(rows, values))).unwrap();
    }
    context
}

async fn planned(sql: &str) -> String {
    trade().sql(sql).await.unwrap().into_optimized_plan().unwrap().display_indent().to_string()
}

/// The tables of a query in the order that its plan names them.
async fn ordered(sql: &str) -> Vec<String> {
    let shown = planned(sql).await;
    let scanned = shown.lines().filter_map(|line| line.trim().strip_prefix("TableScan: "));
    scanned.filter_map(|rest| rest.split([' ', ',']).next()).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_table_with_the_condition_comes_first() {
    let found = ordered(
        "select sum(l_price) from lines, orders, customers, nations
         where l_order = o_key and o_customer = c_key and c_nation = n_key and n_name = 3",
    );
    assert_eq!(found.await, ["nations", "customers", "orders", "lines"]);
}

#[tokio::test]
async fn what_is_sought_is_sought_in_its_own_table() {
    let found = ordered(
        "select c_key, sum(l_price) from customers, orders, lines
         where c_key = o_customer and o_key = l_order
           and o_key in (select l_order from lines group by l_order having sum(l_price) > 300)
         group by c_key",
    );
    let found = found.await;
    let at = |name: &str| found.iter().position(|found| found == name).unwrap();
    assert_eq!(at("orders") + 1, at("lines"), "beside what is sought in it: {found:?}");
}

#[tokio::test]
async fn what_is_sought_is_sought_last_where_joins_leave_few_rows() {
    let shown = planned(
        "select c_key, count(*) from orders, lines, customers, nations
         where c_key = o_customer and o_key = l_order and c_nation = n_key and n_name = 3 and l_price > 5
           and exists (select 1 from lines as l2 where l2.l_order = lines.l_order and l2.l_price <> lines.l_price)
           and not exists (select 1 from lines as l3 where l3.l_order = lines.l_order and l3.l_price < lines.l_price)
         group by c_key",
    )
    .await;
    let joins: Vec<&str> =
        shown.lines().filter_map(|line| line.trim().split_once(" Join:")).map(|(kind, _)| kind).collect();
    assert_eq!(joins, ["LeftAnti", "LeftSemi", "Inner", "Inner", "Inner"], "{shown}");
}

/// Some tables of few rows with few values and nulls, and a query that joins them in some way.
fn random(dice: &mut Dice) -> (Vec<RecordBatch>, String) {
    let count = 3 + dice.below(3);
    let table = |nth: usize, dice: &mut Dice| {
        let rows = dice.below(20);
        let mut column = || -> Int64Array {
            (0..rows).map(|_| (dice.below(9) > 0).then(|| dice.below(4) as i64)).collect()
        };
        let columns = [Arc::new(column()) as _, Arc::new(column()) as _];
        let schema = schema(&[&format!("a{nth}"), &format!("b{nth}")]);
        RecordBatch::try_new(schema, columns.to_vec()).unwrap()
    };
    let tables: Vec<RecordBatch> = (0..count).map(|nth| table(nth, dice)).collect();
    let column = |nth: usize, dice: &mut Dice| format!("{}{nth}", ["a", "b"][dice.below(2)]);
    let mut conditions = Vec::new();
    for nth in 1..count {
        let other = dice.below(nth);
        conditions.push(format!("{} = {}", column(nth, dice), column(other, dice)));
        match dice.below(14) {
            0 => conditions.push(format!("{} < {}", column(nth, dice), column(other, dice))),
            1 => conditions.push(format!("({} = 1 or {} = 2)", column(nth, dice), column(other, dice))),
            2 => conditions.push(format!("a{nth} + b{other} = {}", column(0, dice))),
            3 => conditions.push(format!("{} > 0", column(nth, dice))),
            4 => conditions.push(format!("{} in (select a0 from t0 where b0 > 1)", column(nth, dice))),
            5 => conditions.push(format!(
                "not exists (select 1 from t1 as x where x.a1 = {} and x.b1 <> {})",
                column(nth, dice),
                column(other, dice)
            )),
            6 => conditions.push(format!("{} not in (select a0 from t0 where b0 > 2)", column(nth, dice))),
            _ => {}
        }
    }
    let from: Vec<String> = (0..count).map(|nth| format!("t{nth}")).collect();
    let sql = format!("select * from {} where {}", from.join(", "), conditions.join(" and "));
    (tables, sql)
}

async fn answer(tables: &[RecordBatch], sql: &str, with_rule: bool) -> Vec<String> {
    let context = context(with_rule);
    for (nth, batch) in tables.iter().enumerate() {
        let known = Known::new(batch.clone(), says(batch.num_rows(), &[4, 4]));
        context.register_table(format!("t{nth}"), known).unwrap();
    }
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    let shown = pretty_format_batches(&batches).unwrap().to_string();
    // Behind a line, the names and another line; of no batches nothing but lines.
    let mut rows: Vec<String> =
        shown.lines().skip(3).filter(|line| line.starts_with('|')).map(str::to_owned).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn no_order_changes_an_answer() {
    let mut rows = 0;
    for seed in 0..150 {
        let (tables, sql) = random(&mut Dice::of(seed));
        let (with, without) = (answer(&tables, &sql, true).await, answer(&tables, &sql, false).await);
        assert_eq!(with, without, "{sql}");
        rows += with.len();
    }
    assert!(rows > 1_000, "{rows}");
}
