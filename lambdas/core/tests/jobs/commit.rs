//! Registering tables in the catalog.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tarn_core::ports::ObjectStore;
use tarn_core::ports::{Catalog, CatalogPartition, CatalogTable};
use tarn_core::testing::{MemoryCatalog, small_lake, table};
use tarn_core::{Kind, Result};
use tarn_lake::Bucket;

use crate::support::{Pipeline, World, only, partitioned_lake};

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

#[tokio::test(flavor = "multi_thread")]
async fn folders_become_partitions_and_their_columns_keys() {
    let world = World::partitioned();
    world.land("events_1.csv", "view\nbuy\n");
    world.pipeline().run("r1").await.unwrap();
    let registered = world.catalog.tables().into_iter().find(|table| table.name == "events").unwrap();
    let string = |name: &str| (name.to_owned(), "string".to_owned());
    assert_eq!((registered.columns, registered.partition_keys), (vec![string("at")], vec![string("what")]));
    let partitions = || world.catalog.partitions_of("small_test_silver", "events");
    let location = |letter: &str| {
        (
            vec![letter.to_owned()],
            format!("s3://small-test-silver-123456789012-eu-west-1/events/what={letter}/"),
        )
    };
    assert_eq!(partitions().into_iter().collect::<Vec<_>>(), [location("b"), location("v")]);

    world.land("events_2.csv", "view\nadd\n");
    world.pipeline().run("r2").await.unwrap();
    assert_eq!(partitions().into_keys().collect::<Vec<_>>(), [["a"], ["b"], ["v"]]);
    let again = world.pipeline().commit("r2", "events").await.unwrap();
    assert_eq!((again.table.as_str(), again.partitions), ("unchanged", 0));
    let zone = world.catalog.partitions_of("small_test_marketing", "events");
    assert!(zone.values().all(|place| place.contains("-marketing-")) && zone.len() == 3, "{zone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_table_has_its_partitions_registered_anew() {
    let world = World::partitioned();
    world.land("events_1.csv", "view\nbuy\n");
    world.pipeline().run("r1").await.unwrap();
    let mut lake = partitioned_lake();
    lake.tables[0].description = "Another".into();
    world.deploy(&lake);
    world.pipeline().plan("r2").await.unwrap();
    let committed = world.pipeline().commit("r2", "events").await.unwrap();
    assert_eq!((committed.table.as_str(), committed.partitions), ("updated", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_outside_of_the_tables_folders_are_no_partition() {
    let world = World::partitioned();
    let silver = world.names.bucket(&Bucket::Silver);
    for key in [
        "events/part-old.parquet",
        "events/day=1/part.parquet",
        "events/what=a/day=1/part.parquet",
        "events/what=%FF/p",
    ] {
        world.store.replace(&silver, key, b"x".to_vec().into(), "f").await.unwrap();
    }
    world.store.replace(&silver, "events/what=a%2Fb/part.parquet", b"x".to_vec().into(), "f").await.unwrap();
    world.pipeline().plan("r").await.unwrap();
    assert_eq!(world.pipeline().commit("r", "events").await.unwrap().partitions, 1);
    let partitions = world.catalog.partitions_of("small_test_silver", "events");
    assert_eq!(partitions.into_keys().collect::<Vec<_>>(), [["a/b"]]);
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
    async fn partitions(&self, database: &str, name: &str) -> Result<BTreeSet<Vec<String>>> {
        self.0.partitions(database, name).await
    }
    async fn put_partitions(&self, table: &CatalogTable, partitions: &[CatalogPartition]) -> Result<()> {
        self.0.put_partitions(table, partitions).await
    }
    async fn remove_partitions(&self, database: &str, name: &str, partitions: &[Vec<String>]) -> Result<()> {
        self.0.remove_partitions(database, name, partitions).await
    }
    async fn remove(&self, database: &str, name: &str) -> Result<()> {
        self.0.remove(database, name).await
    }
}
