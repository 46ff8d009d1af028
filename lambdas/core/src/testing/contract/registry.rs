//! The contract of the catalog as a whole.

use super::kind_of;
use crate::Kind;
use crate::ports::{CatalogEntry, CatalogPartition, CatalogTable, EntryColumn, FileFormat, Registry};

/// A catalog and an empty database of it.
pub struct RegistryUnderTest {
    /// The catalog.
    pub registry: Box<dyn Registry>,
    /// The database.
    pub database: String,
    /// Whether it holds tables that are no plain Parquet.
    pub any_format: bool,
}

/// Runs every case.
pub async fn registry(make: impl AsyncFn() -> RegistryUnderTest) {
    what_is_put_is_listed_as_it_was(&make().await).await;
    what_is_there_becomes_what_is_put(&make().await).await;
    partitions_come_back_with_their_places(&make().await).await;
    let place = make().await;
    if place.any_format {
        a_table_of_another_format_comes_back_whole(&place).await;
    } else {
        let refused = place.registry.put(&json_lines(&place)).await;
        assert_eq!(kind_of(refused), Some(Kind::Invalid), "what cannot be kept is refused, not lost");
    }
}

fn table(place: &RegistryUnderTest, name: &str) -> CatalogEntry {
    CatalogEntry::from(&CatalogTable {
        database: place.database.clone(),
        name: name.into(),
        description: "What \"happened\", \u{fc}".into(),
        location: format!("s3://bucket/{name}/"),
        columns: vec![("at".into(), "timestamp".into()), ("what".into(), "decimal(10,2)".into())],
        partition_keys: vec![("day".into(), "date".into())],
    })
}

async fn what_is_put_is_listed_as_it_was(place: &RegistryUnderTest) {
    let RegistryUnderTest { registry, database, .. } = place;
    assert_eq!(registry.entries("no_such_database").await.unwrap(), []);
    // More than the emulators give at a call, in another order than they are listed in.
    let names: Vec<String> = (0..120).map(|n| format!("t{:03}", 119 - n)).collect();
    for name in &names {
        registry.put(&table(place, name)).await.unwrap();
    }
    let wanted: Vec<_> = names.iter().rev().map(|name| table(place, name)).collect();
    assert_eq!(registry.entries(database).await.unwrap(), wanted);
}

async fn what_is_there_becomes_what_is_put(place: &RegistryUnderTest) {
    let RegistryUnderTest { registry, database, .. } = place;
    let first = table(place, "events");
    registry.put(&first).await.unwrap();
    let mut second = CatalogEntry { description: "another".into(), ..first };
    second.columns.push(EntryColumn { name: "more".into(), kind: "int".into(), ..EntryColumn::default() });
    for _ in 0..2 {
        registry.put(&second).await.unwrap();
        assert_eq!(registry.entries(database).await.unwrap(), vec![second.clone()]);
    }
}

async fn partitions_come_back_with_their_places(place: &RegistryUnderTest) {
    let RegistryUnderTest { registry, database, .. } = place;
    assert!(registry.folders(database, "events").await.unwrap().is_empty());
    let events = table(place, "events");
    registry.put(&events).await.unwrap();
    assert!(registry.folders(database, "events").await.unwrap().is_empty());
    let folder = |day: u32, root: &str| CatalogPartition {
        values: vec![format!("2026-{:02}-{:02}", 1 + day / 28, 1 + day % 28)],
        location: format!("{root}day={day}/"),
    };
    let many: Vec<_> = (0..130).map(|day| folder(day, &events.location)).collect();
    registry.put_folders(&events, &many).await.unwrap();
    assert_eq!(registry.folders(database, "events").await.unwrap(), many);
    let moved = folder(7, "s3://elsewhere/");
    registry.put_folders(&events, std::slice::from_ref(&moved)).await.unwrap();
    let now = registry.folders(database, "events").await.unwrap();
    assert_eq!((now.len(), &now[7]), (130, &moved));
    registry.put(&CatalogEntry { description: "another".into(), ..events }).await.unwrap();
    assert_eq!(registry.folders(database, "events").await.unwrap().len(), 130, "they stay with their table");
}

fn json_lines(place: &RegistryUnderTest) -> CatalogEntry {
    let texts = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let mut entry = table(place, "runs");
    entry.columns[0].comment = "When".into();
    entry.parameters = texts(&[("classification", "json"), ("projection.enabled", "true")]);
    entry.format = FileFormat {
        input: "org.apache.hadoop.mapred.TextInputFormat".into(),
        output: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat".into(),
        serde: "org.openx.data.jsonserde.JsonSerDe".into(),
        settings: texts(&[("ignore.malformed.json", "false")]),
    };
    entry
}

async fn a_table_of_another_format_comes_back_whole(place: &RegistryUnderTest) {
    let RegistryUnderTest { registry, database, .. } = place;
    let view = CatalogEntry {
        name: "view".into(),
        kind: "VIRTUAL_VIEW".into(),
        view: "/* Presto View: e30= */".into(),
        partition_keys: Vec::new(),
        ..table(place, "view")
    };
    let wanted = vec![json_lines(place), view];
    for entry in &wanted {
        registry.put(entry).await.unwrap();
    }
    assert_eq!(registry.entries(database).await.unwrap(), wanted);
}
