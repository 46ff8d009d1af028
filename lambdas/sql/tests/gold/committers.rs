//! Several workers on one model, and answers that are lost on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::json;
use tarn_core::ports::{Pointer, Pointers, Publication, Swapped};
use tarn_core::testing::MemoryPointers;
use tarn_core::{Error, Kind, Result};
use tarn_lake::Model;
use tarn_sql::{Built, build};
use tokio::sync::Barrier;

use crate::support::{Lake, NEW_YEAR, job, model, places, ports};

fn models() -> Vec<Model> {
    let sql = "select id, price from sales";
    let day = json!([{"column": "at", "transform": "day"}]);
    vec![
        model("m", &["sales"], sql, json!({})),
        model("m", &["sales"], sql, json!({"materialise": "append", "new_files_of": "sales"})),
        model("m", &["sales"], sql, json!({"materialise": "merge", "key": ["id"]})),
        model(
            "m",
            &["sales"],
            "select id, price, at from sales",
            json!({"materialise": "partition", "partition_by": day}),
        ),
        model("m", &["sales"], sql, json!({"format": "parquet"})),
    ]
}

/// Holds the first swap of each of so many workers back until all of them want to.
struct AllAtOnce {
    pointers: Arc<MemoryPointers>,
    together: Barrier,
    waited: AtomicUsize,
    workers: usize,
}

#[async_trait]
impl Pointers for AllAtOnce {
    async fn pointer(&self, database: &str, table: &str) -> Result<Option<Pointer>> {
        self.pointers.pointer(database, table).await
    }
    async fn swap(&self, from: Option<&Pointer>, publication: &Publication) -> Result<Swapped> {
        if self.waited.fetch_add(1, Ordering::SeqCst) < self.workers {
            self.together.wait().await;
        }
        self.pointers.swap(from, publication).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_workers_that_commit_at_once_one_publishes_and_no_row_is_doubled() {
    for model in models() {
        let lake = Lake::new();
        lake.sell("1", &[(1, NEW_YEAR, "a", 10), (2, NEW_YEAR, "b", 20)]);
        lake.published(&model).await;
        lake.sell("2", &[(3, NEW_YEAR, "a", 30)]);
        let pointers = AllAtOnce {
            pointers: lake.pointers.clone(),
            together: Barrier::new(3),
            waited: AtomicUsize::new(0),
            workers: 3,
        };
        let ports = ports(lake.store.clone(), Arc::new(pointers), &lake.clock);
        let job = job(&lake.tables, &model);
        let places = places();
        let one = || build(&job, &ports, &places);
        let (a, b, c) = tokio::join!(one(), one(), one());
        let built = [a.unwrap(), b.unwrap(), c.unwrap()];
        let published = built.iter().filter(|built| matches!(built, Built::Published(_))).count();
        assert_eq!(published, 1, "{:?}: {built:?}", model.materialise);
        assert_eq!(lake.pointers.published("shop_gold", "m").len(), 2);
        assert_eq!(lake.rows(&[&model], "select id, price from m").await, ["1|10", "2|20", "3|30"]);
    }
}

/// Lets another worker, who sees a file more, publish right before the first swap.
struct Overtaken {
    lake: Arc<Lake>,
    model: Model,
    done: AtomicBool,
}

#[async_trait]
impl Pointers for Overtaken {
    async fn pointer(&self, database: &str, table: &str) -> Result<Option<Pointer>> {
        self.lake.pointers.pointer(database, table).await
    }
    async fn swap(&self, from: Option<&Pointer>, publication: &Publication) -> Result<Swapped> {
        if !self.done.swap(true, Ordering::SeqCst) {
            self.lake.sell("2", &[(2, NEW_YEAR, "b", 20)]);
            self.lake.published(&self.model).await;
        }
        self.lake.pointers.swap(from, publication).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_inputs_are_older_begins_again() {
    for model in models() {
        let lake = Arc::new(Lake::new());
        lake.sell("1", &[(1, NEW_YEAR, "a", 10)]);
        let overtaken = Overtaken { lake: lake.clone(), model: model.clone(), done: AtomicBool::new(false) };
        let ports = ports(lake.store.clone(), Arc::new(overtaken), &lake.clock);
        let built = build(&job(&lake.tables, &model), &ports, &places()).await.unwrap();
        assert!(matches!(built, Built::Unchanged { .. }), "{:?}: {built:?}", model.materialise);
        let rows = lake.rows(&[&model], "select id, price from m").await;
        assert_eq!(rows, ["1|10", "2|20"], "{:?}", model.materialise);
    }
}

/// Moves the pointer and says that it does not know.
struct Unknown {
    pointers: Arc<MemoryPointers>,
    /// Whether the pointer is moved at all.
    moved: bool,
    /// How many answers are lost.
    left: AtomicUsize,
}

#[async_trait]
impl Pointers for Unknown {
    async fn pointer(&self, database: &str, table: &str) -> Result<Option<Pointer>> {
        self.pointers.pointer(database, table).await
    }
    async fn swap(&self, from: Option<&Pointer>, publication: &Publication) -> Result<Swapped> {
        let is_lost =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if !is_lost || self.moved {
            let swapped = self.pointers.swap(from, publication).await?;
            if !is_lost {
                return Ok(swapped);
            }
        }
        Err(Error::new(Kind::Unavailable, "the answer was lost"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_looked_for_and_nothing_is_done_twice() {
    for model in models() {
        for moved in [true, false] {
            let lake = Lake::new();
            lake.sell("1", &[(1, NEW_YEAR, "a", 10), (2, NEW_YEAR, "b", 20)]);
            let unknown = Unknown { pointers: lake.pointers.clone(), moved, left: AtomicUsize::new(2) };
            let ports = ports(lake.store.clone(), Arc::new(unknown), &lake.clock);
            let built = build(&job(&lake.tables, &model), &ports, &places()).await.unwrap();
            assert!(matches!(built, Built::Published(_)), "{built:?}");
            assert_eq!(lake.pointers.published("shop_gold", "m").len(), 1);
            assert_eq!(lake.rows(&[&model], "select id, price from m").await, ["1|10", "2|20"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_learns_the_outcome_gives_up_and_the_next_run_finds_it() {
    let lake = Lake::new();
    lake.sell("1", &[(1, NEW_YEAR, "a", 10)]);
    let model = models().remove(1);
    let unknown = Unknown { pointers: lake.pointers.clone(), moved: false, left: AtomicUsize::new(99) };
    let ports = ports(lake.store.clone(), Arc::new(unknown), &lake.clock);
    let error = build(&job(&lake.tables, &model), &ports, &places()).await.unwrap_err();
    assert!(error.to_string().contains("the answer was lost"), "{error}");
    let written = lake.keys().len();
    assert!(written > 0, "what may have been published is not deleted");
    lake.published(&model).await;
    assert_eq!(lake.rows(&[&model], "select id, price from m").await, ["1|10"]);
}
