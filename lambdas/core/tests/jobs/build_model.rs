//! Models of a run: their order, what a failure skips, and what the account tells.

use serde_json::json;
use tarn_core::jobs::Modelled;
use tarn_core::testing::{FailAt, Fault, small_lake};
use tarn_core::{ModelItem, ModelTally, RunKeys};
use tarn_lake::{Lake, Model, TableName};

use crate::support::{PAST_EVERY_LEASE, World, id};

/// `top` reads `days` and `days` reads a table; `users` stands alone.
fn lake() -> Lake {
    let model = |(name, inputs): (&str, &[&str])| -> Model {
        let model = json!({"name": name, "sql": "select 1", "inputs": inputs, "materialise": "replace"});
        serde_json::from_value(model).unwrap()
    };
    let models: [(&str, &[&str]); 3] = [("days", &["events"]), ("top", &["days", "orders"]), ("users", &[])];
    Lake { models: models.map(model).into(), ..small_lake() }
}

fn world() -> World {
    let world = World::new();
    world.deploy(&lake());
    world.land("events_1.csv", "a\nb\n");
    world
}

fn item(run: &str, model: &str) -> ModelItem {
    ModelItem { run: id(run), model: TableName::new(model).unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_made_level_by_level_and_told_in_the_account() {
    let world = world();
    let planned = world.pipeline().plan("r").await.unwrap();
    assert_eq!(planned.levels, [0, 1]);
    let (run, names) = (id("r"), |level: Vec<ModelItem>| -> Vec<String> {
        level.into_iter().map(|item| item.model.to_string()).collect()
    });
    let keys = RunKeys(&run);
    assert_eq!(names(world.lines(&keys.models(0)).await.unwrap()), ["days", "users"]);
    assert_eq!(names(world.lines(&keys.models(1)).await.unwrap()), ["top"]);

    let report = world.pipeline().run("r").await.unwrap();
    assert_eq!(report.models, ModelTally { built: 3, rows: 3, ..ModelTally::default() });
    assert_eq!(world.builder.calls(), ["days", "users", "top"]);
    let again = world.pipeline().run("again").await.unwrap();
    assert_eq!(again.models, ModelTally { unchanged: 3, ..ModelTally::default() });
    assert!(again.notice(&world.names).message.contains("3 unchanged, 0 skipped, 0 failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_skips_those_that_read_it_and_no_other() {
    let world = world();
    world.builder.breaks("days");
    let report = world.pipeline().run("r").await.unwrap();
    assert_eq!(
        report.models,
        ModelTally { built: 1, skipped: 1, failed: 1, rows: 1, ..ModelTally::default() }
    );
    assert_eq!((report.failed_steps, report.failed.files, report.converted.files), (1, 0, 1));
    assert_eq!(
        report.remarks,
        [
            "days: Model failed: Invalid: the test `unique` of days failed: 2 rows",
            "model top: SKIPPED: `days`, which it reads, failed",
        ]
    );
    assert_eq!(world.builder.calls(), ["days", "users"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_skipped_skips_others() {
    let world = World::new();
    let mut lake = lake();
    let mut last = lake.models[2].clone();
    last.inputs = vec![TableName::new("top").unwrap()];
    lake.models[2] = last;
    world.deploy(&lake);
    world.builder.breaks("days");
    let report = world.pipeline().run("r").await.unwrap();
    assert_eq!((report.models.skipped, report.models.failed), (2, 1));
    assert!(report.remarks[2].contains("users: SKIPPED: `top`, which it reads, was skipped"), "{report:?}");
}

/// A worker of which the answer was lost has done its work: the report says built, not unchanged.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_made_again_in_a_run_is_told_once() {
    let world = world();
    world.pipeline().plan("r").await.unwrap();
    for _ in 0..2 {
        let modelled = world.pipeline().model(&item("r", "days")).await.unwrap();
        assert_eq!(modelled, Modelled::Built { rows: 1, changed_inputs: 0 });
    }
    assert_eq!(world.builder.calls(), ["days"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_an_appended_model_does_not_take_again_are_told() {
    let world = world();
    world.builder.finds_changed("users");
    let report = world.pipeline().run("r").await.unwrap();
    let told = |remark: &&String| remark.starts_with("model users: CHANGED: 1 files");
    assert_eq!(report.remarks.iter().filter(told).count(), 1, "{:?}", report.remarks);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_makes_a_crash_good() {
    for fault in Fault::ALL {
        for nth in 1.. {
            let world = world();
            let faults = FailAt::new(nth, fault);
            let _ = world.failing(&world.layers(&faults)).run("struck").await;
            world.clock.advance(PAST_EVERY_LEASE);
            let report = world.pipeline().run("next").await.unwrap();
            let tally = report.models;
            assert_eq!((tally.built + tally.unchanged, tally.failed), (3, 0), "{fault:?} at call {nth}");
            assert!(report.balanced && report.failed_steps == 0, "{fault:?} at call {nth}");
            if !faults.has_struck() {
                break;
            }
        }
    }
}
