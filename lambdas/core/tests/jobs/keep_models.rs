//! The upkeep of models: all of them, each in its turn, whatever becomes of the others.

use std::time::Duration;

use serde_json::json;
use tarn_core::Kind;
use tarn_core::jobs::{KeepModels, UpkeepRequest};
use tarn_core::ports::{Clock, Kept};
use tarn_core::testing::small_lake;
use tarn_lake::{Lake, Model};

use crate::support::World;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

fn world() -> World {
    let model = |name: &str| -> Model {
        let model = json!({"name": name, "sql": "select 1", "inputs": [], "materialise": "replace"});
        serde_json::from_value(model).unwrap()
    };
    let world = World::new();
    world.deploy(&Lake { models: ["days", "top", "users"].map(model).into(), ..small_lake() });
    world
}

fn job(world: &World) -> KeepModels<'_> {
    let World { names, store, builder, clock, .. } = world;
    KeepModels { names, store, keeper: builder, clock }
}

#[tokio::test]
async fn every_model_is_kept_and_each_week_another_one_is_first() {
    let world = world();
    let mut firsts = Vec::new();
    for week in 0..3 {
        let done = job(&world).run(&UpkeepRequest::default(), i64::MAX).await.unwrap();
        let kept = Kept { compacted: 2, into: 1, ..Kept::default() };
        assert!(done.models.iter().all(|(_, found)| *found == kept) && done.left.is_empty(), "{done:?}");
        let calls = world.builder.calls().split_off(week * 3);
        firsts.push(calls[0].clone());
        let mut all = calls;
        all.sort();
        assert_eq!(all, ["days", "top", "users"]);
        world.clock.advance(WEEK);
    }
    firsts.sort();
    assert_eq!(firsts, ["days", "top", "users"]);
}

#[tokio::test]
async fn one_that_cannot_be_kept_is_told_and_the_others_are_kept() {
    let world = world();
    world.builder.breaks("top");
    let error = job(&world).run(&UpkeepRequest::default(), i64::MAX).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.chain().contains("top: ") && !error.chain().contains("days"), "{}", error.chain());
    assert_eq!(world.builder.calls().len(), 3);
}

#[tokio::test]
async fn none_is_begun_when_the_time_is_nearly_up() {
    let world = world();
    let done = job(&world).run(&UpkeepRequest::default(), world.clock.now_millis() + 59_000).await.unwrap();
    assert_eq!((done.models.len(), done.left.len(), world.builder.calls().len()), (0, 3, 0));
}
