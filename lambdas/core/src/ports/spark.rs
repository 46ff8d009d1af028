//! Applications of EMR Serverless: what takes jobs of Spark.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::Result;

/// What an application is to be. It costs nothing as long as no job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparkApplication {
    /// Its name; the lake's.
    pub name: String,
    /// EMR's release, as in `emr-7.14.0`.
    pub release: String,
    /// The most processors that its jobs have at once.
    pub most_cpus: u32,
    /// The most memory that its jobs have at once, in GB.
    pub most_memory_gb: u32,
    /// The tags that it bears.
    pub tags: BTreeMap<String, String>,
}

/// Where an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationState {
    /// It is on its way to another state.
    Moving,
    /// It can be changed and deleted.
    Idle,
    /// It takes jobs at once, and can be neither changed nor deleted.
    Started,
}

/// An application that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundApplication {
    /// By which all calls know it.
    pub id: String,
    /// Where it stands.
    pub state: ApplicationState,
    /// EMR's release.
    pub release: String,
}

/// The applications.
#[async_trait]
pub trait SparkApplications: Send + Sync {
    /// Those of that name; EMR lets several have one. What was deleted is not among them.
    async fn named(&self, name: &str) -> Result<Vec<FoundApplication>>;
    /// Makes one, whatever others are there.
    async fn create(&self, application: &SparkApplication) -> Result<()>;
    /// Changes release and limits of one that is idle.
    async fn change(&self, id: &str, application: &SparkApplication) -> Result<()>;
    /// Ends the jobs of one.
    async fn end_jobs(&self, id: &str) -> Result<()>;
    /// Begins to stop one; an error of the kind `Conflict` or `Invalid` as long as a job runs.
    async fn stop(&self, id: &str) -> Result<()>;
    /// Deletes one that is idle.
    async fn delete(&self, id: &str) -> Result<()>;
}
