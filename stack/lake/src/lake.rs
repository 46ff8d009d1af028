//! The lake itself: everything one `lake.toml` describes, in one environment.

use serde::{Deserialize, Serialize};

use crate::{DailyTime, EnvironmentName, LakeName, Table, TableName, ZoneName};

/// Everything one `lake.toml` describes, in one environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lake {
    /// The first part of every resource name.
    pub name: LakeName,
    /// What it is for, for people.
    pub description: String,
    /// Which deployment of it this is.
    pub environment: Environment,
    /// When the pipeline runs.
    pub schedule: Schedule,
    /// In the order of the file; no name twice.
    pub tables: Vec<Table>,
    /// In the order of the file; no name twice.
    pub zones: Vec<Zone>,
}

/// One deployment of a lake: `dev`, `prod`, a test's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The second part of every resource name.
    pub name: EnvironmentName,
    /// Whether its data outlives a `destroy`: buckets, keys and tables are kept, stacks are
    /// protected against termination.
    pub protected: bool,
}

/// When the pipeline runs; both may hold, and both plan whatever is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Once a day at this time, in UTC.
    pub daily: Option<DailyTime>,
    /// Soon after a file arrived in landing.
    pub on_arrival: bool,
}

/// One application's or team's own bucket, database, roles and grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Names its stack, bucket and database.
    pub name: ZoneName,
    /// Whose it is and what for, for people.
    pub description: String,
    /// The tables it may have, each a table of the lake.
    pub tables: Vec<TableName>,
}

impl Lake {
    /// The table of that name.
    pub fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// The zone of that name.
    pub fn zone(&self, name: &ZoneName) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.name == *name)
    }
}
