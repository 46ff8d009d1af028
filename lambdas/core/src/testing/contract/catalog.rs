//! The contract of the catalog.

use super::kind_of;
use crate::Kind;
use crate::ports::{Catalog, CatalogPartition, CatalogTable};

/// A catalog and an empty database of it.
pub struct CatalogUnderTest {
    /// The catalog.
    pub catalog: Box<dyn Catalog>,
    /// The database.
    pub database: String,
}

/// Runs every case.
pub async fn catalog(make: impl AsyncFn() -> CatalogUnderTest) {
    a_table_comes_back_as_it_was_created(&make().await).await;
    create_never_overwrites(&make().await).await;
    update_changes_what_is_there(&make().await).await;
    partitions_are_added_and_changed(&make().await).await;
    partitions_are_taken_out(&make().await).await;
    more_partitions_than_one_call_takes_are_registered(&make().await).await;
}

async fn a_table_comes_back_as_it_was_created(place: &CatalogUnderTest) {
    let CatalogUnderTest { catalog, database } = place;
    assert_eq!(catalog.table(database, "events").await.unwrap(), None);
    let columns = (0..200).map(|n| (format!("c{}", 200 - n), "decimal(10,2)".to_owned()));
    let wide = CatalogTable { columns: columns.collect(), ..table(place, "events") };
    catalog.create(&wide).await.unwrap();
    assert_eq!(catalog.table(database, "events").await.unwrap(), Some(wide));
    assert_eq!(catalog.table(database, "event").await.unwrap(), None);
}

async fn create_never_overwrites(place: &CatalogUnderTest) {
    let CatalogUnderTest { catalog, database } = place;
    let first = table(place, "events");
    catalog.create(&first).await.unwrap();
    let second = CatalogTable { description: "another".into(), ..first.clone() };
    assert_eq!(kind_of(catalog.create(&second).await), Some(Kind::Conflict));
    assert_eq!(catalog.table(database, "events").await.unwrap(), Some(first));
}

async fn update_changes_what_is_there(place: &CatalogUnderTest) {
    let CatalogUnderTest { catalog, database } = place;
    let first = table(place, "events");
    assert_eq!(kind_of(catalog.update(&first).await), Some(Kind::NotFound), "there is nothing to change");
    catalog.create(&first).await.unwrap();
    let changed = CatalogTable {
        description: String::new(),
        location: "s3://elsewhere/events/".into(),
        columns: vec![("at".into(), "timestamp".into())],
        ..first
    };
    catalog.update(&changed).await.unwrap();
    assert_eq!(catalog.table(database, "events").await.unwrap(), Some(changed));
}

fn partition(place: &CatalogUnderTest, values: &[&str]) -> CatalogPartition {
    let folder: String = values.iter().map(|value| format!("{value}/")).collect();
    let location = format!("{}{folder}", table(place, "events").location);
    CatalogPartition { values: values.iter().map(|value| (*value).to_owned()).collect(), location }
}

async fn partitions_are_added_and_changed(place: &CatalogUnderTest) {
    let CatalogUnderTest { catalog, database } = place;
    assert_eq!(kind_of(catalog.partitions(database, "events").await), Some(Kind::NotFound));
    let key = |name: &str| (name.to_owned(), "string".to_owned());
    let parted = CatalogTable { partition_keys: vec![key("event"), key("shop")], ..table(place, "events") };
    catalog.create(&parted).await.unwrap();
    assert_eq!(catalog.table(database, "events").await.unwrap(), Some(parted.clone()));
    assert!(catalog.partitions(database, "events").await.unwrap().is_empty());
    let first =
        [partition(place, &["view", "a/b 100%"]), partition(place, &["__HIVE_DEFAULT_PARTITION__", "ü"])];
    catalog.put_partitions(&parted, &first).await.unwrap();
    let more = [first[0].clone(), partition(place, &["buy", "a"])];
    catalog.put_partitions(&parted, &more).await.unwrap();
    let wanted = first.iter().chain(&more).map(|partition| partition.values.clone()).collect();
    assert_eq!(catalog.partitions(database, "events").await.unwrap(), wanted);
}

async fn partitions_are_taken_out(place: &CatalogUnderTest) {
    let CatalogUnderTest { catalog, database } = place;
    let parted =
        CatalogTable { partition_keys: vec![("n".into(), "string".into())], ..table(place, "events") };
    catalog.create(&parted).await.unwrap();
    let all: Vec<_> = ["a/b 100%", "ü", "c"].iter().map(|value| partition(place, &[value])).collect();
    catalog.put_partitions(&parted, &all).await.unwrap();
    let values =
        |of: &[&str]| -> Vec<Vec<String>> { of.iter().map(|value| vec![(*value).to_owned()]).collect() };
    for _ in 0..2 {
        catalog.remove_partitions(database, "events", &values(&["a/b 100%", "ü", "never"])).await.unwrap();
        let left: Vec<_> = catalog.partitions(database, "events").await.unwrap().into_iter().collect();
        assert_eq!(left, values(&["c"]));
    }
    catalog.remove_partitions(database, "events", &[]).await.unwrap();
    catalog.put_partitions(&parted, &all).await.unwrap();
    assert_eq!(catalog.partitions(database, "events").await.unwrap().len(), 3, "it can come back");
}

async fn more_partitions_than_one_call_takes_are_registered(place: &CatalogUnderTest) {
    let CatalogUnderTest { catalog, database } = place;
    let parted = CatalogTable { partition_keys: vec![("n".into(), "int".into())], ..table(place, "events") };
    catalog.create(&parted).await.unwrap();
    let many: Vec<_> = (0..230).map(|n| partition(place, &[&n.to_string()])).collect();
    catalog.put_partitions(&parted, &many).await.unwrap();
    catalog.put_partitions(&parted, &many).await.unwrap();
    assert_eq!(catalog.partitions(database, "events").await.unwrap().len(), 230);
    let values: Vec<_> = many.into_iter().skip(5).map(|partition| partition.values).collect();
    catalog.remove_partitions(database, "events", &values).await.unwrap();
    assert_eq!(catalog.partitions(database, "events").await.unwrap().len(), 5);
}

fn table(place: &CatalogUnderTest, name: &str) -> CatalogTable {
    CatalogTable {
        database: place.database.clone(),
        name: name.into(),
        description: "What happened in the shop".into(),
        location: format!("s3://bucket/{name}/"),
        columns: vec![("at".into(), "timestamp".into()), ("what".into(), "string".into())],
        partition_keys: Vec::new(),
    }
}
