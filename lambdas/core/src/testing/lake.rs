//! A lake small enough to know by heart.

#![allow(clippy::expect_used, reason = "the names stand here, and they are right")]

use tarn_lake::{
    Arrival, BadRows, Column, ColumnName, ColumnType, Csv, Environment, EnvironmentName, FilePattern, Lake,
    LakeName, Layout, Names, Placement, Schedule, Table, TableName, Zone, ZoneName,
};

/// Two tables and two zones: `events` for `marketing`, and for `finance` both `events` and
/// `orders`, which has a layout since 2024 and another since 2025.
pub fn small_lake() -> Lake {
    Lake {
        name: lake_name(),
        description: "A small lake".into(),
        environment: Environment::throwaway(environment_name()),
        schedule: Schedule { on_arrival: true, ..Schedule::default() },
        readers: Vec::new(),
        clearance: tarn_lake::Pii::None,
        tables: vec![
            table("events", "events*.csv", &[(None, &["at", "what"])]),
            table(
                "orders",
                "orders/{date:%Y%m%d}.csv",
                &[(Some("2024-01-01"), &["id"]), (Some("2025-01-01"), &["id", "total"])],
            ),
        ],
        zones: vec![zone("marketing", &["events"]), zone("finance", &["events", "orders"])],
        models: Vec::new(),
    }
}

/// How the small lake's resources are called.
pub fn names() -> Names {
    Names::new(lake_name(), environment_name(), "123456789012", "eu-west-1")
}

/// A table of text columns: its layouts as the day they begin and their columns.
pub fn table(name: &str, files: &str, layouts: &[(Option<&str>, &[&str])]) -> Table {
    let layout = |(from, columns): &(Option<&str>, &[&str])| Layout {
        from: from.map(|day| day.parse().expect("a day")),
        columns: columns.iter().copied().map(column).collect(),
    };
    Table {
        name: TableName::new(name).expect("a table name"),
        description: format!("All {name}"),
        files: FilePattern::new(files).expect("a pattern"),
        csv: Csv::default(),
        bad_rows: BadRows::default(),
        unique: Vec::new(),
        placement: Placement::default(),
        arrival: Arrival::default(),
        layouts: layouts.iter().map(layout).collect(),
    }
}

fn column(name: &str) -> Column {
    Column::new(ColumnName::new(name).expect("a column name"), ColumnType::String)
}

fn zone(name: &str, tables: &[&str]) -> Zone {
    let tables = tables.iter().map(|table| TableName::new(*table).expect("a table name")).collect();
    Zone::new(ZoneName::new(name).expect("a zone name"), format!("For {name}"), tables)
}

fn lake_name() -> LakeName {
    LakeName::new("small").expect("a lake name")
}

fn environment_name() -> EnvironmentName {
    EnvironmentName::new("test").expect("an environment name")
}
