//! What a zone may not have: never there, and gone for good once it may not any more.

use tarn_core::Kind;
use tarn_core::ports::ObjectStore;
use tarn_lake::{Mode, Pick, Pii, Placement, TableName, Uncleared, ZoneTable};

use crate::world::{World, name};

const ROWS: &str = "1,ana@example.com,Bern 2,bo@example.com,Basel 3,cy@example.com,Bern";

async fn filled() -> World {
    let world = World::new();
    world.put("events/part-a.parquet", ROWS).await;
    world.put("events/part-b.parquet", "4,di@example.com,Basel").await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_sees_the_columns_and_rows_it_may() {
    let mut world = filled().await;
    world.mark("email", Pii::High);
    world.rows("city = 'Bern'");
    world.pass().await;
    let wanted = ["{id: 1, city: \"Bern\"}", "{id: 3, city: \"Bern\"}"];
    assert_eq!(world.seen()["events/part-a.parquet"], wanted);
    assert_eq!(world.keys(), ["events/part-a.parquet"], "a file without rows is no file");
    assert_eq!(world.registered("events").unwrap(), ["id bigint", "city string"]);
    assert!(!world.is_anywhere("@example.com").await && !world.is_anywhere("email").await);
    let again = world.pass().await;
    assert_eq!((again.copied, again.unchanged), (0, 2), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uncleared_column_is_masked_or_hashed_where_the_zone_says_so() {
    let mut world = filled().await;
    world.mark("email", Pii::High);
    world.zone().uncleared = Uncleared::Mask;
    world.pass().await;
    assert_eq!(world.seen()["events/part-b.parquet"], ["{id: 4, email: \"****\", city: \"Basel\"}"]);

    world.zone().uncleared = Uncleared::Hash;
    world.mark("id", Pii::Low);
    world.pass().await;
    assert_eq!(world.registered("events").unwrap(), ["id string", "email string", "city string"]);
    let hashed = world.seen()["events/part-b.parquet"].clone();
    assert!(!hashed[0].contains("di@") && !hashed[0].contains("id: 4"), "{hashed:?}");
    assert!(!world.is_anywhere("****").await, "what was made by the rule before is gone");
    world.put("events/part-c.parquet", "9,di@example.com,Bern").await;
    world.pass().await;
    let email = |row: &str| row.split("email: ").nth(1).unwrap()[..66].to_owned();
    assert_eq!(email(&world.seen()["events/part-c.parquet"][0]), email(&hashed[0]), "equal stays equal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_taken_away_leaves_no_version() {
    for mark in [true, false] {
        let mut world = filled().await;
        world.pass().await;
        assert!(world.is_anywhere("ana@example.com").await);
        if mark {
            world.mark("email", Pii::Low)
        } else {
            world.except("email")
        }
        let synced = world.pass().await;
        assert_eq!(synced.taken, ["the table events lost the columns email"]);
        assert!(!world.is_anywhere("ana@example.com").await, "old versions are gone");
        assert_eq!(world.registered("events").unwrap(), ["id bigint", "city string"]);
        assert_eq!(world.store.versions(&world.own()), 2);
        assert_eq!(world.pass().await.taken, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_taken_away_leave_no_version() {
    let mut world = filled().await;
    world.pass().await;
    world.rows("city = 'Bern'");
    let synced = world.pass().await;
    assert_eq!(synced.taken.len(), 1, "{synced:?}");
    assert!(!world.is_anywhere("bo@example.com").await && !world.is_anywhere("di@example.com").await);
    assert_eq!(world.keys(), ["events/part-a.parquet"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_taken_away_leaves_bucket_and_catalog() {
    for share in [false, true] {
        let mut world = filled().await;
        let orders = TableName::new("orders").unwrap();
        world.zone().tables.push(ZoneTable::whole(orders));
        world.put("orders/part-a.parquet", ROWS).await;
        world.pass().await;
        world.put("orders/part-a.parquet", "7,x@example.com,Chur").await;
        world.pass().await;
        assert_eq!(world.store.versions(&world.own()), 4);
        if share {
            world.zone().tables[1].mode = Mode::Share;
        } else {
            world.zone().tables.pop();
        }
        let synced = world.pass().await;
        assert_eq!(synced.taken, ["the table orders was taken away: 1 objects, 2 versions"]);
        assert_eq!((world.store.versions(&world.own()), world.registered("orders")), (2, None));
        assert_eq!(world.pass().await.taken, [""; 0], "it is said once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_goes_even_if_it_lay_behind_a_delete_marker() {
    let mut world = filled().await;
    world.pass().await;
    world.store.delete(&world.own(), "events/part-b.parquet").unwrap();
    world.store.delete(&world.silver(), "events/part-b.parquet").unwrap();
    world.except("email");
    world.pass().await;
    assert!(!world.is_anywhere("@example.com").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_no_layout_has_any_more_stays_hidden() {
    let mut world = filled().await;
    world.mark("email", Pii::High);
    world.pass().await;
    // Somebody erases the column, mark and all; the older files still have it.
    world.lake.tables[0].layouts[0].columns.retain(|column| column.name != name("email"));
    world.put("events/part-c.parquet", "9,ed@example.com,Bern").await;
    world.pass().await;
    assert!(!world.is_anywhere("@example.com").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_a_zone_may_not_have_are_in_neither_bucket_nor_catalog() {
    let mut world = World::new();
    let city = Placement { partition_by: vec![name("city")], ..Placement::default() };
    world.lake.tables[0].placement = city;
    for city in ["Bern", "Basel"] {
        world.put(&format!("events/city={city}/part-a.parquet"), "1,a@x,?").await;
    }
    world.pass().await;
    let folders = |world: &World| world.catalog.partitions_of("small_test_team", "events").len();
    assert_eq!(folders(&world), 2);
    world.rows("city = 'Bern'");
    world.pass().await;
    assert_eq!(world.keys(), ["events/city=Bern/part-a.parquet"]);
    assert_eq!((folders(&world), world.store.versions(&world.own())), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_may_see_nothing_is_refused() {
    let mut world = filled().await;
    world.part().columns = Pick::Only([name("email")].into());
    world.mark("email", Pii::High);
    assert_eq!(world.try_pass().await.unwrap_err().kind(), Kind::Invalid);
    assert!(world.keys().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_s_key_is_made_once_and_is_its_own() {
    let mut world = filled().await;
    world.mark("email", Pii::High);
    world.zone().uncleared = Uncleared::Hash;
    world.pass().await;
    let ops = world.names.bucket(&tarn_lake::Bucket::Ops);
    let key = world.store.read(&ops, "zones/team/hash.key").await.unwrap();
    world.put("events/part-c.parquet", ROWS).await;
    world.pass().await;
    assert_eq!(world.store.read(&ops, "zones/team/hash.key").await.unwrap(), key);
    assert_eq!(key.len(), 32);
}
