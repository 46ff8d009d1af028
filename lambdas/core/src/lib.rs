//! The jobs of the data plane, over ports.
//!
//! A job is a function of its input and of what the ports answer. Nothing here knows AWS, the
//! environment, the file system or the clock, so the same jobs run in Lambda, over a folder and in
//! a simulation. Which rights a handler needs follows from which ports its job takes.

mod envelope;
mod error;
pub mod jobs;
mod ledger;
mod notice;
pub mod ports;
mod run;
mod source;
mod standing;
#[cfg(feature = "testing")]
pub mod testing;
mod work;

pub use envelope::{CustomResourceRequest, RequestType, ResponseUrl, S3Arrivals};
pub use error::{Error, Kind, Result};
pub use ledger::{Claim, Lease, MOST_ATTEMPTS, Outcome, Past, Record, Selection, Status};
pub use notice::Notice;
pub use run::{
    Class, CrawlerItem, ModelItem, ModelTally, Plan, RunId, RunKeys, RunReport, Settled, StepFailure,
    TableItem, Tally, WorkItem, ZoneItem,
};
pub use source::{SourceId, SourceVersion};
pub use work::{Portions, Split, Work};
