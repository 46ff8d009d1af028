//! The contract of the catalog.

use super::kind_of;
use crate::Kind;
use crate::ports::{Catalog, CatalogTable};

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

fn table(place: &CatalogUnderTest, name: &str) -> CatalogTable {
    CatalogTable {
        database: place.database.clone(),
        name: name.into(),
        description: "What happened in the shop".into(),
        location: format!("s3://bucket/{name}/"),
        columns: vec![("at".into(), "timestamp".into()), ("what".into(), "string".into())],
    }
}
