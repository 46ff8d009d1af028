//! Answers CloudFormation: what a lake needs in Lake Formation, which belongs to the whole account.
//!
//! Four resources, one function: who administers, which bucket is looked after, who may do what, how
//! columns are tagged. Each adds what is its own, takes away what is its own, and leaves everything else as it is.

mod grants;
mod location;
mod patience;
mod settings;
mod tags;

use std::time::Duration;

use super::answer::{Answer, Done, cancelled, kind};
use crate::ports::{Administration, Catalog, Clock, Filters, Locations, Rights, Tags};
use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};
use patience::Patience;
pub use tags::missing_tags;

/// A Create gives up after a minute, and its last call takes a while.
const OUTLASTS_MILLIS: i64 = 90_000;

/// Left of the invocation for one deletion more.
const RESERVE_MILLIS: i64 = 60_000;

const LOOKS_AGAIN: Duration = Duration::from_secs(10);

/// The job.
#[derive(Clone, Copy)]
pub struct Govern<'a> {
    /// Who administers.
    pub administration: &'a dyn Administration,
    /// Which buckets are looked after.
    pub locations: &'a dyn Locations,
    /// Who may do what.
    pub rights: &'a dyn Rights,
    /// Which rows of tables are granted.
    pub filters: &'a dyn Filters,
    /// How columns are tagged.
    pub tags: &'a dyn Tags,
    /// Where tables that are granted by name are registered.
    pub catalog: &'a dyn Catalog,
    /// Waits between tries.
    pub clock: &'a dyn Clock,
}

impl Govern<'_> {
    /// Does what is asked and says how it went, before the invocation ends; this never fails itself.
    pub async fn run(&self, request: &CustomResourceRequest, deadline_millis: i64) -> Answer {
        Answer::of(request, self.attempt(request, deadline_millis).await)
    }

    async fn attempt(&self, request: &CustomResourceRequest, deadline_millis: i64) -> Result<Done> {
        match cancelled(request) {
            Some(created) => self.outlast(&created, deadline_millis).await,
            None => self.change(request, deadline_millis).await,
        }
    }

    /// Deletes what a Create that nobody waits for may still be making, until it has given up.
    async fn outlast(&self, request: &CustomResourceRequest, deadline_millis: i64) -> Result<Done> {
        let until = (self.clock.now_millis() + OUTLASTS_MILLIS).min(deadline_millis - RESERVE_MILLIS);
        loop {
            // Only one that began after the Create's last moment tells; before, the two may quarrel.
            let is_last = self.clock.now_millis() >= until;
            let deleted = self.change(request, deadline_millis).await;
            if is_last {
                return deleted;
            }
            self.clock.sleep(LOOKS_AGAIN).await;
        }
    }

    async fn change(&self, request: &CustomResourceRequest, deadline_millis: i64) -> Result<Done> {
        let patience = Patience::new(self.clock, request, deadline_millis);
        match request.resource_type.as_str() {
            kind::LAKE_FORMATION_SETTINGS => self.settings(request, patience).await,
            kind::LAKE_FORMATION_LOCATION => self.location(request, patience).await,
            kind::LAKE_FORMATION_GRANTS => self.grants(request, patience).await,
            kind::LAKE_FORMATION_TAGS => self.tags(request, patience).await,
            _ if request.request_type == RequestType::Delete => Ok(Done::default()),
            other => {
                let what = format!("`{other}` is no resource of Lake Formation that tarn knows");
                Err(Error::new(Kind::Invalid, what))
            }
        }
    }
}
