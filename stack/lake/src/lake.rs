//! The lake itself: everything one `lake.toml` describes, in one environment.

use serde::{Deserialize, Serialize};

use crate::{
    DailyTime, Environment, LakeName, Model, MonthlyTime, Pii, PrincipalArn, Table, TableName, WeeklyTime,
    Zone, ZoneName,
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
    /// The most that a column may tell of a person for those to see it.
    #[serde(default, skip_serializing_if = "Pii::is_none")]
    pub clearance: Pii,
    /// In the order of the file; no name twice.
    pub tables: Vec<Table>,
    /// In the order of the file; no name twice.
    pub zones: Vec<Zone>,
    /// By name; none is called as a table is, and none reads itself by whatever way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Model>,
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
        let (readers, tables, zones, models) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            name,
            description,
            environment,
            schedule,
            readers,
            clearance: Pii::None,
            tables,
            zones,
            models,
        }
    }

    /// The table of that name.
    pub fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// Whether a zone has copies of a table.
    pub fn is_copied(&self, table: &TableName) -> bool {
        self.zones.iter().flat_map(Zone::copies).any(|part| part.name == *table)
    }

    /// The zone of that name.
    pub fn zone(&self, name: &ZoneName) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.name == *name)
    }
}
