//! Where the papers of a run lie in the ops bucket.

use tarn_lake::{TableName, ZoneName};

use super::RunId;
use crate::SourceId;

/// Where things lie in the ops bucket.
#[derive(Debug, Clone, Copy)]
pub struct RunKeys<'a>(pub &'a RunId);

impl RunKeys<'_> {
    /// The lake as deployed; a run pins its own copy, so that a deploy in between changes nothing.
    pub const DEPLOYED_LAKE: &'static str = "config/lake.json";

    /// Below it, what a deployment leaves for others to read.
    pub const CONFIG: &'static str = "config/";

    /// The project's files as they were deployed, text by path.
    pub const PROJECT: &'static str = "config/project.json";

    /// Below it, the papers of runs.
    pub const RUNS: &'static str = "runs/";

    /// Below it, the sets of backups.
    pub const BACKUPS: &'static str = "backups/";

    /// Below it, the parts of large files, by run.
    pub const SPLITS: &'static str = "splits/";

    /// The lake this run works by.
    pub fn lake(&self) -> String {
        self.file("lake.json")
    }
    /// One line for each call that converts files.
    pub fn work(&self) -> String {
        self.file("work.jsonl")
    }
    /// One line for each range of a large file that is to be looked at.
    pub fn surveys(&self) -> String {
        self.file("surveys.jsonl")
    }
    /// One line for each large file whose parts are to be put together.
    pub fn gathers(&self) -> String {
        self.file("gathers.jsonl")
    }
    /// One line for each table.
    pub fn tables(&self) -> String {
        self.file("tables.jsonl")
    }
    /// One line for each model that reads only tables and models of levels before.
    pub fn models(&self, level: u32) -> String {
        self.file(&format!("models-{level}.jsonl"))
    }
    /// Below it, what became of each model that did not fail.
    pub fn modelled(&self) -> String {
        self.file("models/")
    }
    /// What became of one.
    pub fn modelled_as(&self, model: &TableName) -> String {
        self.file(&format!("models/{model}.json"))
    }
    /// One line for each zone.
    pub fn zones(&self) -> String {
        self.file("zones.jsonl")
    }
    /// One line for each crawler.
    pub fn crawlers(&self) -> String {
        self.file("crawlers.jsonl")
    }
    /// What was found in landing.
    pub fn plan(&self) -> String {
        self.file("plan.json")
    }
    /// Below it, a note for each table, zone or crawler that failed.
    pub fn failures(&self) -> String {
        self.file("failed/")
    }
    /// The note of one.
    pub fn failure(&self, step: &str, what: &str) -> String {
        self.file(&format!("failed/{step}/{what}.json"))
    }
    /// Below it, what is known of the parts of a large file, and the parts themselves. Under a prefix of
    /// its own, because it is of no use after the run.
    pub fn split(&self, source: &SourceId) -> String {
        format!("{}{}/{source}/", Self::SPLITS, self.0)
    }

    /// Below it, for each zone that something was taken away from, what.
    pub fn synced(&self) -> String {
        self.file("synced/")
    }
    /// What was taken away from one.
    pub fn synced_zone(&self, zone: &ZoneName) -> String {
        self.file(&format!("synced/{zone}.json"))
    }
    /// The account.
    pub fn report(&self) -> String {
        self.file("report.json")
    }

    fn file(&self, name: &str) -> String {
        format!("runs/{}/{name}", self.0)
    }
}
