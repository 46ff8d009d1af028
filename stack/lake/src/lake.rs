//! The lake itself: everything one `lake.toml` describes, in one environment.

use serde::{Deserialize, Serialize};

use crate::{
    DailyTime, Environment, LakeName, MonthlyTime, PrincipalArn, Table, TableName, WeeklyTime, ZoneName,
};

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
    /// Who may query silver as a whole, beside the lake's own functions.
    #[serde(default)]
    pub readers: Vec<PrincipalArn>,
    /// In the order of the file; no name twice.
    pub tables: Vec<Table>,
    /// In the order of the file; no name twice.
    pub zones: Vec<Zone>,
}

/// When the pipeline runs; all may hold, and each plans whatever is new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Once a day at this time, in UTC.
    pub daily: Option<DailyTime>,
    /// Once a week.
    #[serde(default)]
    pub weekly: Option<WeeklyTime>,
    /// Once a month.
    #[serde(default)]
    pub monthly: Option<MonthlyTime>,
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
    /// Who may take its reader role; empty: whoever IAM lets, in the lake's own account.
    #[serde(default)]
    pub readers: Vec<PrincipalArn>,
    /// What one query in its workgroup may scan at most, in gigabytes of 2^30 bytes.
    #[serde(default = "Zone::default_scan_limit")]
    pub scan_limit_gb: u32,
}

impl Zone {
    /// What one query may scan where the zone says nothing, in gigabytes.
    pub const SCAN_LIMIT_GB: u32 = 100;

    /// A zone with nothing else said of it.
    pub fn new(name: ZoneName, description: impl Into<String>, tables: Vec<TableName>) -> Self {
        let (readers, scan_limit_gb) = (Vec::new(), Self::SCAN_LIMIT_GB);
        Self { name, description: description.into(), tables, readers, scan_limit_gb }
    }

    fn default_scan_limit() -> u32 {
        Self::SCAN_LIMIT_GB
    }
}

impl Schedule {
    /// Whether nothing starts the pipeline.
    pub fn is_never(&self) -> bool {
        *self == Self::default()
    }
}

impl Lake {
    /// Whether a column is hashed, for which a secret key is needed.
    pub fn hashes(&self) -> bool {
        self.tables.iter().flat_map(|table| &table.layouts).any(|layout| layout.hashed().next().is_some())
    }

    /// A lake of which no more is known than what it is called.
    pub fn named(name: LakeName, environment: Environment) -> Self {
        let (description, schedule) = (String::new(), Schedule::default());
        let (readers, tables, zones) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, description, environment, schedule, readers, tables, zones }
    }

    /// The table of that name.
    pub fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// The zone of that name.
    pub fn zone(&self, name: &ZoneName) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.name == *name)
    }
}
