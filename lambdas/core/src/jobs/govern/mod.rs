//! Answers CloudFormation: what a lake needs in Lake Formation, which belongs to the whole account.
//!
//! Three resources, one function: who administers, which bucket is looked after, who may do what.
//! Each adds what is its own, takes away what is its own, and leaves everything else as it is.

mod grants;
mod location;
mod patience;
mod settings;

use super::answer::{Answer, Done, kind};
use crate::ports::{Administration, Clock, Locations, Rights};
use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};
use patience::Patience;

/// The job.
#[derive(Clone, Copy)]
pub struct Govern<'a> {
    /// Who administers.
    pub administration: &'a dyn Administration,
    /// Which buckets are looked after.
    pub locations: &'a dyn Locations,
    /// Who may do what.
    pub rights: &'a dyn Rights,
    /// Waits between tries.
    pub clock: &'a dyn Clock,
}

impl Govern<'_> {
    /// Does what is asked and says how it went, before the invocation ends; this never fails itself.
    pub async fn run(&self, request: &CustomResourceRequest, deadline_millis: i64) -> Answer {
        Answer::of(request, self.attempt(request, deadline_millis).await)
    }

    async fn attempt(&self, request: &CustomResourceRequest, deadline_millis: i64) -> Result<Done> {
        let patience = Patience::new(self.clock, request, deadline_millis);
        match request.resource_type.as_str() {
            kind::LAKE_FORMATION_SETTINGS => self.settings(request, patience).await,
            kind::LAKE_FORMATION_LOCATION => self.location(request, patience).await,
            kind::LAKE_FORMATION_GRANTS => self.grants(request, patience).await,
            _ if request.request_type == RequestType::Delete => Ok(Done::default()),
            other => {
                let what = format!("`{other}` is no resource of Lake Formation that tarn knows");
                Err(Error::new(Kind::Invalid, what))
            }
        }
    }
}
