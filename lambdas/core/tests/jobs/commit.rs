//! Registering tables in the catalog.

use async_trait::async_trait;
use tarn_core::ports::{Catalog, CatalogTable};
use tarn_core::testing::{MemoryCatalog, small_lake, table};
use tarn_core::{Kind, Result};

use crate::support::{Pipeline, World, only};

#[tokio::test]
async fn a_table_is_created_then_left_alone_then_updated() {
    let world = World::new();
    let mut lake = small_lake();
    for (run, columns, expected) in [
        ("r1", &["id", "total"][..], "created"),
        ("r2", &["id", "total"], "unchanged"),
        ("r3", &["id", "total", "tax"], "updated"),
        ("r4", &["id", "total", "tax"], "unchanged"),
    ] {
        let layouts = [(Some("2024-01-01"), &["id"][..]), (Some("2025-01-01"), columns)];
        lake.tables[1] = table("orders", "orders/{date:%Y%m%d}.csv", &layouts);
        world.deploy(&lake);
        world.pipeline().plan(run).await.unwrap();
        assert_eq!(world.pipeline().commit(run, "orders").await.unwrap().table, expected, "{run}");
        let registered = only(world.catalog.tables());
        let names: Vec<&str> = registered.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, columns, "the columns of the newest layout");
    }
    let registered = only(world.catalog.tables());
    assert_eq!((registered.database.as_str(), registered.name.as_str()), ("small_test_silver", "orders"));
    assert_eq!(registered.location, "s3://small-test-silver-123456789012-eu-west-1/orders/");
    assert_eq!(registered.columns[0], ("id".into(), "string".into()));
}

#[tokio::test]
async fn a_table_that_the_lake_does_not_have_is_invalid() {
    let world = World::new();
    world.pipeline().plan("r").await.unwrap();
    let error = world.pipeline().commit("r", "nowhere").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("no table nowhere"), "{error}");
}

#[tokio::test]
async fn a_registration_that_lost_a_race_updates() {
    let world = World::new();
    world.pipeline().plan("r").await.unwrap();
    world.pipeline().commit("r", "events").await.unwrap();
    let blind = Blind(&world.catalog);
    let committed = Pipeline { catalog: &blind, ..world.pipeline() }.commit("r", "events").await.unwrap();
    assert_eq!(committed.table, "updated");
}

/// A catalog that shows no table until after the race.
struct Blind<'a>(&'a MemoryCatalog);

#[async_trait]
impl Catalog for Blind<'_> {
    async fn table(&self, _: &str, _: &str) -> Result<Option<CatalogTable>> {
        Ok(None)
    }
    async fn create(&self, table: &CatalogTable) -> Result<()> {
        self.0.create(table).await
    }
    async fn update(&self, table: &CatalogTable) -> Result<()> {
        self.0.update(table).await
    }
}
